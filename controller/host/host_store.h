// SPDX-License-Identifier: Apache-2.0
//
// A mirror of one type of the federation API, as decoded values. The answers of our own writes enter at once
// and stay until the watch has passed their version. Core thread; owned by HostMirror. What cannot be decoded
// is logged and keeps its last good value: losing something never moves anything.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kubefed/cache/reflector.h"
#include "kubefed/fed/projection.h"
#include "kubefed/util/log.h"

namespace kubefed::controller {

template <class T>
class HostStore final : public cache::ReflectorSink {
public:
    using Decode = std::function<Result<T>(kube::Object)>;
    // Null `after`: gone. Called after the store changed, with the value before (null: it is new).
    using Listener = std::function<void(const kube::ObjectKey&, const T* before, const T* after)>;

    HostStore(Decode decode, Listener listener, std::function<void()> synced)
        : m_decode(std::move(decode)), m_listener(std::move(listener)), m_synced(std::move(synced)) {}

    [[nodiscard]] const T* find(const kube::ObjectKey& key) const {
        const auto it = m_values.find(key);
        return it == m_values.end() ? nullptr : &it->second.value;
    }
    [[nodiscard]] bool isSynced() const { return m_isSynced; }
    [[nodiscard]] std::size_t size() const { return m_values.size(); }
    template <class Visit>
    void forEach(Visit visit) const {
        for (const auto& [key, held] : m_values)
            visit(key, held.value);
    }

    // The answer of a create of ours, or of a change to something that is there.
    void takeCreated(kube::Object object) { put(std::move(object)); }
    void takeChanged(kube::Object object) {
        if (m_values.contains(object.key()))
            put(std::move(object));
    }

    void onListBegin() override { ++m_epoch; }
    void onListed(kube::Object object) override { put(std::move(object)); }
    void onListEnd(const std::string& resourceVersion) override {
        const std::uint64_t version = fed::parseVersion(resourceVersion);
        std::vector<kube::ObjectKey> lost;
        for (const auto& [key, held] : m_values)
            if (held.epoch != m_epoch && held.version <= version)
                lost.push_back(key);
        for (const kube::ObjectKey& key : lost)
            erase(key);
        if (!std::exchange(m_isSynced, true))
            m_synced();
    }
    bool onChange(kube::WatchEvent event) override {
        if (event.type == kube::EventType::Deleted) {
            const auto it = m_values.find(event.object.key());
            if (it != m_values.end() && it->second.uid == event.object.uid())
                erase(event.object.key());
        } else if (event.type != kube::EventType::Bookmark) {
            put(std::move(event.object));
        }
        return true;
    }
    void onState(Result<void> state) override {
        if (!state)
            log::warning("the federation API cannot be read", {{"why", state.error().text()}});
    }

private:
    struct Held {
        T value;
        std::string uid;
        std::uint64_t version = 0;
        std::uint64_t epoch = 0;
    };

    void put(kube::Object object) {
        kube::ObjectKey key = object.key();
        const std::uint64_t version = fed::parseVersion(object.resourceVersion());
        std::string uid(object.uid());
        const auto it = m_values.find(key);
        if (it != m_values.end()) {
            it->second.epoch = m_epoch;
            if (version <= it->second.version)
                return;
        }
        Result<T> value = m_decode(std::move(object));
        if (!value) {
            log::error(
                "an object of the federation API cannot be understood; its last good version stays in force",
                {{"object", key.text()}, {"why", value.error().text()}});
            return;
        }
        if (it == m_values.end()) {
            const Held& held =
                m_values.emplace(key, Held{std::move(*value), std::move(uid), version, m_epoch})
                    .first->second;
            m_listener(key, nullptr, &held.value);
            return;
        }
        const T before = std::exchange(it->second.value, std::move(*value));
        it->second.uid = std::move(uid);
        it->second.version = version;
        m_listener(key, &before, &it->second.value);
    }
    void erase(kube::ObjectKey key) {
        const auto node = m_values.extract(key);
        m_listener(key, &node.mapped().value, nullptr);
    }

    Decode m_decode;
    Listener m_listener;
    std::function<void()> m_synced;
    std::unordered_map<kube::ObjectKey, Held> m_values;
    std::uint64_t m_epoch = 0;
    bool m_isSynced = false;
};

}  // namespace kubefed::controller

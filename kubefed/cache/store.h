// SPDX-License-Identifier: Apache-2.0
//
// The present state of one type in one cluster: values by namespace/name, with named secondary indexes.
// T is what is kept of an object: the whole document (ObjectPtr) for templates, a projection for members.
// Owned by and used on one thread; a Reflector (or a batch from one) writes, everyone on the thread reads.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kubefed/kube/gvk.h"

namespace kubefed::cache {

template <class T>
class Store {
public:
    using Key = kube::ObjectKey;
    using IndexFunction = std::function<std::vector<std::string>(const Key&, const T&)>;
    enum class Change { Added, Modified, Deleted };
    // `before` is null for Added, `after` for Deleted. Called after the store changed.
    using Listener = std::function<void(Change, const Key&, const T* before, const T* after)>;

    // Both before the first value.
    void addIndex(std::string name, IndexFunction function) {
        m_indexes[std::move(name)].function = std::move(function);
    }
    void addListener(Listener listener) { m_listeners.push_back(std::move(listener)); }

    void put(const Key& key, T value);
    void remove(const Key& key);
    // Makes the store hold exactly `values`; listeners see the differences (equal values are not told).
    void replace(std::vector<std::pair<Key, T>> values);

    [[nodiscard]] const T* find(const Key& key) const {
        const auto it = m_values.find(key);
        return it == m_values.end() ? nullptr : &it->second;
    }
    [[nodiscard]] std::vector<Key> byIndex(const std::string& index, const std::string& value) const;
    [[nodiscard]] const std::unordered_map<Key, T>& values() const { return m_values; }
    [[nodiscard]] std::size_t size() const { return m_values.size(); }
    // False until the first complete list: nothing may be concluded from absence before.
    [[nodiscard]] bool isSynced() const { return m_synced; }
    void setSynced(bool synced) { m_synced = synced; }

private:
    struct Index {
        IndexFunction function;
        std::unordered_map<std::string, std::set<Key>> keys;
    };
    void index(const Key& key, const T& value, bool add);
    void tell(Change change, const Key& key, const T* before, const T* after) {
        for (const Listener& listener : m_listeners)
            listener(change, key, before, after);
    }

    std::unordered_map<Key, T> m_values;
    std::map<std::string, Index> m_indexes;
    std::vector<Listener> m_listeners;
    bool m_synced = false;
};

template <class T>
void Store<T>::index(const Key& key, const T& value, bool add) {
    for (auto& [name, index] : m_indexes) {
        for (const std::string& indexed : index.function(key, value)) {
            if (add) {
                index.keys[indexed].insert(key);
                continue;
            }
            if (const auto it = index.keys.find(indexed); it != index.keys.end()) {
                it->second.erase(key);
                if (it->second.empty())
                    index.keys.erase(it);
            }
        }
    }
}

template <class T>
void Store<T>::put(const Key& key, T value) {
    const auto it = m_values.find(key);
    if (it == m_values.end()) {
        const T& stored = m_values.emplace(key, std::move(value)).first->second;
        index(key, stored, true);
        tell(Change::Added, key, nullptr, &stored);
        return;
    }
    index(key, it->second, false);
    const T before = std::exchange(it->second, std::move(value));
    index(key, it->second, true);
    tell(Change::Modified, key, &before, &it->second);
}

template <class T>
void Store<T>::remove(const Key& key) {
    auto node = m_values.extract(key);
    if (node.empty())
        return;
    index(key, node.mapped(), false);
    tell(Change::Deleted, node.key(), &node.mapped(), nullptr);
}

template <class T>
void Store<T>::replace(std::vector<std::pair<Key, T>> values) {
    std::set<Key> kept;
    for (const auto& [key, value] : values)
        kept.insert(key);
    std::vector<Key> gone;
    for (const auto& [key, value] : m_values)
        if (!kept.contains(key))
            gone.push_back(key);
    for (const Key& key : gone)
        remove(key);
    for (auto& [key, value] : values) {
        const T* present = find(key);
        if (present == nullptr || !(*present == value))
            put(key, std::move(value));
    }
}

template <class T>
std::vector<kube::ObjectKey> Store<T>::byIndex(const std::string& name, const std::string& value) const {
    const auto index = m_indexes.find(name);
    if (index == m_indexes.end())
        return {};
    const auto keys = index->second.keys.find(value);
    return keys == index->second.keys.end() ? std::vector<Key>{}
                                            : std::vector<Key>(keys->second.begin(), keys->second.end());
}

}  // namespace kubefed::cache

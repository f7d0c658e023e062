// SPDX-License-Identifier: Apache-2.0
//
// A federation API in memory for simulations: versions, generations, finalizers, owner references, watches,
// merge patches with optimistic concurrency. What is asked takes effect at once; answers and events come
// later, on the FakeClock, and may fail or get lost as the test says. It outlives the controllers that use
// it.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "controller/host/host_api.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/status_error.h"
#include "tests/fakes/fake_clock.h"

namespace kubefed::controller {

class FakeHostApi final : public HostApi {
public:
    FakeHostApi(FakeClock& clock, std::mt19937& random) : m_clock(clock), m_random(random) {}

    bool failingStatus = false;         // writes of a status answer 500
    double failing = 0;                 // share of writes that answer 500 without effect
    std::map<std::string, int> writes;  // by resource and subresource
    int gets = 0;                       // that are not answered yet
    int mostGets = 0;
    Duration statusDelay{0};  // so much later than others, writes of a status are answered

    // ---- what a person does
    kube::Object put(const kube::Gvr& gvr, kube::Object object) {
        auto& objects = m_objects[gvr.resource];
        const kube::ObjectKey key = object.key();
        const auto it = objects.find(key);
        const kube::Object* before = it == objects.end() ? nullptr : &it->second;
        kube::JsonObject& metadata = object.metadata();
        metadata["resourceVersion"] = std::to_string(++m_version);
        if (before == nullptr) {
            metadata["uid"] = "host-" + std::to_string(m_version);
            metadata["generation"] = 1;
        } else if (object.document().if_contains("spec") != nullptr &&
                   !(object.document().at("spec") == before->document().at("spec"))) {
            metadata["generation"] = before->generation() + 1;
        }
        objects[key] = object;
        tell(gvr, before == nullptr ? kube::EventType::Added : kube::EventType::Modified, object);
        return object;
    }
    void erase(const kube::Gvr& gvr, const kube::ObjectKey& key) {
        auto& objects = m_objects[gvr.resource];
        const auto it = objects.find(key);
        if (it == objects.end())
            return;
        const kube::JsonArray* finalizers = kube::arrayAt(it->second.document(), {"metadata", "finalizers"});
        if (finalizers != nullptr && !finalizers->empty()) {
            if (it->second.isDeleting())
                return;
            kube::Object object = it->second;
            object.metadata()["deletionTimestamp"] = toRfc3339(m_clock.wallNow());
            put(gvr, std::move(object));
            return;
        }
        kube::Object gone = it->second;
        gone.metadata()["resourceVersion"] = std::to_string(++m_version);
        objects.erase(it);
        tell(gvr, kube::EventType::Deleted, gone);
        collect(std::string(gone.uid()));
    }
    [[nodiscard]] const kube::Object* find(const kube::Gvr& gvr, const kube::ObjectKey& key) const {
        const auto type = m_objects.find(gvr.resource);
        if (type == m_objects.end())
            return nullptr;
        const auto it = type->second.find(key);
        return it == type->second.end() ? nullptr : &it->second;
    }
    [[nodiscard]] std::vector<kube::Object> list(const kube::Gvr& gvr) const {
        std::vector<kube::Object> result;
        if (const auto type = m_objects.find(gvr.resource); type != m_objects.end())
            for (const auto& [key, object] : type->second)
                result.push_back(object);
        return result;
    }
    // Every watch breaks and lists anew; what was on its way is lost.
    void breakWatches() {
        ++m_era;
        for (const auto& mirror : m_mirrors)
            relist(mirror);
    }

    // ---- HostApi
    Request mirror(const kube::Gvr& gvr, std::string, cache::ReflectorSink& sink) override {
        auto watch = std::make_shared<Watch>(Watch{gvr, &sink});
        m_mirrors.push_back(watch);
        relist(watch);
        return Request(std::make_unique<Handle>(watch));
    }
    Request get(const kube::Gvr& gvr, const kube::ObjectKey& key, Callback<kube::Object> done) override {
        const kube::Object* found = find(gvr, key);
        mostGets = std::max(mostGets, ++gets);
        return answer(found == nullptr ? Result<kube::Object>(fail(kube::notFound(gvr, key.name))) : *found,
                      [this, done = std::move(done)](Result<kube::Object> result) mutable {
                          --gets;
                          done(std::move(result));
                      });
    }
    Request create(const kube::Gvr& gvr, const kube::Object& object, Callback<kube::Object> done) override {
        return answer(write(gvr, {},
                            [&]() -> Result<kube::Object> {
                                if (find(gvr, object.key()) != nullptr)
                                    return fail(kube::alreadyExists(gvr, object.name()));
                                return put(gvr, object);
                            }),
                      std::move(done));
    }
    Request patch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string body, std::string subresource,
                  Callback<kube::Object> done) override {
        return answer(write(gvr, subresource, [&] { return patched(gvr, key, body, subresource); }),
                      std::move(done), subresource.empty() ? Duration{0} : statusDelay);
    }
    Request remove(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string uid,
                   Callback<kube::Object> done) override {
        return answer(write(gvr, {},
                            [&]() -> Result<kube::Object> {
                                const kube::Object* found = find(gvr, key);
                                if (found == nullptr)
                                    return fail(kube::notFound(gvr, key.name));
                                if (!uid.empty() && found->uid() != uid)
                                    return fail(kube::conflict(gvr, key.name, "uid"));
                                kube::Object gone = *found;
                                erase(gvr, key);
                                return gone;
                            }),
                      std::move(done));
    }

private:
    struct Watch {
        kube::Gvr gvr;
        cache::ReflectorSink* sink;
    };
    struct Handle final : Request::State {
        explicit Handle(std::shared_ptr<Watch> w) : watch(std::move(w)) {}
        ~Handle() override { watch->sink = nullptr; }
        std::shared_ptr<Watch> watch;
    };
    [[nodiscard]] Duration delay() { return Duration{1 + m_random() % 5}; }

    template <class Function>
    Result<kube::Object> write(const kube::Gvr& gvr, const std::string& subresource, Function function) {
        if (std::uniform_real_distribution<>(0, 1)(m_random) < failing ||
            (failingStatus && subresource == "status"))
            return fail(kube::internalError("injected"));
        Result<kube::Object> result = function();
        if (result)
            ++writes[gvr.resource + (subresource.empty() ? "" : "/" + subresource)];
        return result;
    }
    Result<kube::Object> patched(const kube::Gvr& gvr, const kube::ObjectKey& key, const std::string& body,
                                 const std::string& subresource) {
        const kube::Object* found = find(gvr, key);
        if (found == nullptr)
            return fail(kube::notFound(gvr, key.name));
        const kube::Json patch = kube::parseJson(body).value();
        const kube::JsonObject& document = patch.as_object();
        const std::string_view version = kube::stringAt(document, {"metadata", "resourceVersion"});
        const std::string_view uid = kube::stringAt(document, {"metadata", "uid"});
        if ((!version.empty() && version != found->resourceVersion()) ||
            (!uid.empty() && uid != found->uid()))
            return fail(kube::conflict(gvr, key.name, "changed"));
        kube::Object next(kube::applyMergePatch(found->document(), patch).as_object());
        const kube::Json* status = found->document().if_contains("status");
        if (subresource.empty()) {
            next.document().erase("status");
            if (status != nullptr)
                next.document()["status"] = *status;
        }
        next = put(gvr, std::move(next));
        const kube::JsonArray* finalizers = kube::arrayAt(next.document(), {"metadata", "finalizers"});
        if (next.isDeleting() && (finalizers == nullptr || finalizers->empty()))
            erase(gvr, key);
        return next;
    }
    void collect(const std::string& owner) {
        std::vector<std::pair<std::string, kube::ObjectKey>> owned;
        for (const auto& [resource, objects] : m_objects)
            for (const auto& [key, object] : objects)
                for (const kube::OwnerReference& reference : object.ownerReferences())
                    if (reference.uid == owner)
                        owned.emplace_back(resource, key);
        for (const auto& [resource, key] : owned)
            erase({{}, {}, resource}, key);
    }
    Request answer(Result<kube::Object> result, Callback<kube::Object> done, Duration more = {}) {
        return m_clock.after(delay() + more, [result = std::move(result), done = std::move(done)]() mutable {
            done(std::move(result));
        });
    }
    void later(Duration when, std::function<void()> run) {
        auto it = m_pending.emplace(m_pending.end());
        *it = m_clock.after(when, [this, it, run = std::move(run)] {
            const Request mine = std::move(*it);
            m_pending.erase(it);
            run();
        });
    }
    void tell(const kube::Gvr& gvr, kube::EventType type, const kube::Object& object) {
        std::erase_if(m_mirrors, [](const auto& watch) { return watch->sink == nullptr; });
        for (const auto& watch : m_mirrors)
            if (watch->gvr.resource == gvr.resource)
                later(Duration{3}, [this, watch, type, object, era = m_era] {
                    if (watch->sink != nullptr && era == m_era)
                        watch->sink->onChange({type, object});
                });
    }
    void relist(const std::shared_ptr<Watch>& watch) {
        later(Duration{3}, [this, watch] {
            if (watch->sink == nullptr)
                return;
            watch->sink->onListBegin();
            for (kube::Object& object : list(watch->gvr))
                watch->sink->onListed(std::move(object));
            watch->sink->onListEnd(std::to_string(m_version));
        });
    }

    FakeClock& m_clock;
    std::mt19937& m_random;
    std::uint64_t m_version = 0;
    std::uint64_t m_era = 0;
    std::map<std::string, std::map<kube::ObjectKey, kube::Object>> m_objects;
    std::vector<std::shared_ptr<Watch>> m_mirrors;
    std::list<Request> m_pending;
};

}  // namespace kubefed::controller

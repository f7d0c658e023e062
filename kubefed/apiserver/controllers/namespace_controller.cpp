// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/namespace_controller.h"

#include <map>
#include <utility>
#include <vector>

namespace kubefed::apiserver {
namespace {

const kube::Gvr kNamespaces{"", "v1", "namespaces"};
const kube::Gvr kAccounts{"", "v1", "serviceaccounts"};
const kube::Gvr kConfigMaps{"", "v1", "configmaps"};
constexpr const char* kRootCa = "kube-root-ca.crt";

kube::JsonObject metadataOf(const std::string& ns, const char* name) {
    return {{"name", name}, {"namespace", ns}};
}

void setCondition(kube::JsonObject& object, const char* type, bool status, const char* reason,
                  const std::string& message, const std::string& now) {
    kube::Json& value = kube::ensureObject(object, {"status"})["conditions"];
    kube::JsonArray& conditions = value.is_array() ? value.get_array() : value.emplace_array();
    kube::JsonObject next{{"type", type},
                          {"status", status ? "True" : "False"},
                          {"lastTransitionTime", now},
                          {"reason", reason},
                          {"message", message}};
    for (kube::Json& condition : conditions) {
        if (!condition.is_object() || kube::stringAt(condition.get_object(), {"type"}) != type)
            continue;
        if (kube::stringAt(condition.get_object(), {"status"}) == kube::stringAt(next, {"status"}))
            next["lastTransitionTime"] = kube::stringAt(condition.get_object(), {"lastTransitionTime"});
        condition = std::move(next);
        return;
    }
    conditions.emplace_back(std::move(next));
}

}  // namespace

NamespaceController::NamespaceController(InternalWriter& writer, Clock& clock, std::string caPem)
    : m_writer(writer),
      m_caPem(std::move(caPem)),
      m_queue(clock, [this](const std::string& ns) { sync(ns); }) {}

void NamespaceController::start() {
    m_writer.pipeline().state().forEach(
        kNamespaces, "", [this](const kube::Object& ns) { m_queue.add(std::string(ns.name())); });
}

void NamespaceController::onChange(const Collection& collection, const HistoryEvent& event) {
    if (collection.gvr == kNamespaces) {
        if (event.kind != EventKind::Deleted)
            m_queue.add(event.now->name);
    } else if (event.kind == EventKind::Deleted && !event.now->ns.empty()) {
        // Matters to a terminating namespace, and for the two objects that every namespace has.
        const EntryPtr ns = m_writer.pipeline().state().find(kNamespaces)->head(event.now->ns);
        const bool furniture = (collection.gvr == kAccounts && event.now->name == "default") ||
                               (collection.gvr == kConfigMaps && event.now->name == kRootCa);
        if (ns && (ns->deleting || furniture))
            m_queue.add(event.now->ns);
    }
}

void NamespaceController::sync(const std::string& ns) {
    const EntryPtr head = m_writer.pipeline().state().find(kNamespaces)->head(ns);
    if (!head)
        return;
    if (head->deleting)
        empty(ns);
    else
        furnish(ns);
}

void NamespaceController::furnish(const std::string& ns) {
    m_writer.ensure(kAccounts, {{"metadata", metadataOf(ns, "default")}}, m_queue.outcomeOf(ns));
    if (m_caPem.empty())
        return;
    const auto present = m_writer.pipeline().state().get(kConfigMaps, {ns, kRootCa});
    if (!present) {
        kube::JsonObject metadata = metadataOf(ns, kRootCa);
        metadata["annotations"] = kube::JsonObject{{"kubernetes.io/description",
                                                    "Contains a CA bundle that can be used to verify the "
                                                    "kube-apiserver when using internal endpoints such as "
                                                    "the internal service IP or kubernetes.default.svc. No "
                                                    "other usage is guaranteed across distributions of "
                                                    "Kubernetes clusters."}};
        m_writer.create(kConfigMaps,
                        {{"metadata", std::move(metadata)}, {"data", kube::JsonObject{{"ca.crt", m_caPem}}}},
                        m_queue.outcomeOf(ns));
    } else if (kube::stringAt(present->document(), {"data", "ca.crt"}) != m_caPem) {
        m_writer.modify(
            kConfigMaps, ns, kRootCa, "",
            [this](kube::JsonObject& map) { kube::ensureObject(map, {"data"})["ca.crt"] = m_caPem; },
            m_queue.outcomeOf(ns));
    }
}

void NamespaceController::empty(const std::string& ns) {
    struct Left {
        kube::Gvr gvr;
        std::string name;
        bool deleting;
    };
    std::vector<Left> left;
    std::map<std::string, std::size_t> finalizers;
    for (const auto& [name, collection] : m_writer.pipeline().state().collections()) {
        const std::string prefix = ns + "/";
        if (!collection->namespaced)
            continue;
        for (auto it = collection->slots.lower_bound(prefix);
             it != collection->slots.end() && it->first.starts_with(prefix); ++it) {
            const EntryPtr& head = it->second.head;
            // What is gone from the head but not from disk yet still counts: it will tell when it is.
            if (head || it->second.committed)
                left.push_back({collection->gvr, head ? head->name : std::string(), !head || head->deleting});
            if (!head || !head->hasFinalizers)
                continue;
            const kube::ObjectPtr object = decode(*head);
            const kube::JsonArray* held = kube::arrayAt(object->document(), {"metadata", "finalizers"});
            for (const kube::Json& finalizer : held == nullptr ? kube::JsonArray() : *held)
                if (const auto* text = finalizer.if_string())
                    ++finalizers[std::string(kube::view(*text))];
        }
    }
    if (left.empty()) {
        m_writer.modify(
            kNamespaces, "", ns, "finalize",
            [](kube::JsonObject& object) { kube::erase(object, {"spec", "finalizers"}); },
            m_queue.outcomeOf(ns));
        return;
    }
    std::string waiting;
    for (const auto& [finalizer, count] : finalizers)
        waiting += (waiting.empty() ? "" : ", ") + finalizer + " in " + std::to_string(count) +
                   " resource instances";
    if (!waiting.empty())
        report(ns, left.size(), waiting);
    for (const Left& object : left)
        if (!object.deleting)
            m_writer.remove(object.gvr, ns, object.name, {.propagationPolicy = "Background"},
                            m_queue.outcomeOf(ns));
}

void NamespaceController::report(const std::string& ns, std::size_t left, const std::string& finalizers) {
    const std::string now = toRfc3339(m_writer.clock().wallNow());
    m_writer.modify(
        kNamespaces, "", ns, "status",
        [&](kube::JsonObject& object) {
            setCondition(object, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                         "All resources successfully discovered", now);
            setCondition(object, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                         "All legacy kube types successfully parsed", now);
            setCondition(object, "NamespaceDeletionContentFailure", false, "ContentDeleted",
                         "All content successfully deleted, may be waiting on finalization", now);
            setCondition(object, "NamespaceContentRemaining", true, "SomeResourcesRemain",
                         "Some resources are remaining: " + std::to_string(left) + " resource instances",
                         now);
            setCondition(object, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                         "Some content in the namespace has finalizers remaining: " + finalizers, now);
        },
        m_queue.outcomeOf(ns));
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/replication.h"

#include <algorithm>

#include "kubefed/kube/selector.h"

namespace kubefed::sandbox {

bool isPodReady(const kube::Object& pod) {
    const kube::JsonArray* conditions = kube::arrayAt(pod.document(), {"status", "conditions"});
    return conditions != nullptr &&
           std::any_of(conditions->begin(), conditions->end(), [](const kube::Json& condition) {
               return condition.is_object() && kube::stringAt(condition.get_object(), {"type"}) == "Ready" &&
                      kube::stringAt(condition.get_object(), {"status"}) == "True";
           });
}

kube::JsonObject ownerReference(const kube::Object& owner) {
    return {{"apiVersion", owner.apiVersion()},
            {"kind", owner.kind()},
            {"name", owner.name()},
            {"uid", owner.uid()},
            {"controller", true},
            {"blockOwnerDeletion", true}};
}

std::string_view controllerUid(const kube::Object& object) {
    const kube::JsonArray* owners = kube::arrayAt(object.document(), {"metadata", "ownerReferences"});
    if (owners != nullptr)
        for (const kube::Json& owner : *owners)
            if (owner.is_object() && kube::boolAt(owner.get_object(), {"controller"}, false))
                return kube::stringAt(owner.get_object(), {"uid"});
    return {};
}

namespace {

// Which pods go first: those that no node runs, then those not ready, then the youngest.
bool goesFirst(const kube::Object& a, const kube::Object& b) {
    const auto rank = [](const kube::Object& pod) {
        const bool placed = !kube::stringAt(pod.document(), {"spec", "nodeName"}).empty();
        return (placed ? 1 : 0) + (isPodReady(pod) ? 2 : 0);
    };
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    return kube::stringAt(a.document(), {"metadata", "creationTimestamp"}) >
           kube::stringAt(b.document(), {"metadata", "creationTimestamp"});
}

constexpr Duration kFirstPause{250};
constexpr Duration kLongestPause{30'000};

std::string failureOf(const kube::Object& controller) {
    if (const kube::JsonArray* conditions = kube::arrayAt(controller.document(), {"status", "conditions"}))
        for (const kube::Json& condition : *conditions)
            if (condition.is_object() && kube::stringAt(condition.get_object(), {"type"}) == "ReplicaFailure")
                return std::string(kube::stringAt(condition.get_object(), {"message"}));
    return {};
}

kube::JsonObject podOf(const kube::Object& controller) {
    kube::JsonObject pod{{"apiVersion", "v1"}, {"kind", "Pod"}};
    kube::JsonObject metadata{{"generateName", std::string(controller.name()) + "-"}};
    if (const kube::JsonObject* pods = kube::objectAt(controller.document(), {"spec", "template"})) {
        for (const std::string_view key : {"labels", "annotations", "finalizers"})
            if (const kube::Json* value = kube::find(*pods, {"metadata", key}))
                metadata[key] = *value;
        if (const kube::Json* spec = pods->if_contains("spec"))
            pod["spec"] = *spec;
    }
    metadata["ownerReferences"] = kube::JsonArray{ownerReference(controller)};
    pod["metadata"] = std::move(metadata);
    return pod;
}

}  // namespace

ReplicationManager::ReplicationManager(LocalApi& api, Clock& clock)
    : m_api(api), m_clock(clock), m_soon(clock, [this] { sync(); }) {}

void ReplicationManager::onController(const kube::Object& controller) {
    m_dirty.insert(controller.key());
    m_soon.poke();
}

void ReplicationManager::onPod(const kube::Object& pod) {
    for (const kube::OwnerReference& owner : pod.ownerReferences())
        if (owner.controller && owner.kind == "ReplicationController") {
            m_dirty.insert({std::string(pod.ns()), owner.name});
            m_soon.poke();
        }
}

void ReplicationManager::sync() {
    const std::set<kube::ObjectKey> dirty = std::exchange(m_dirty, {});
    for (const kube::ObjectKey& key : dirty)
        if (const kube::ObjectPtr controller = m_api.objects().get(kReplicationControllers, key);
            controller && !controller->isDeleting())
            syncOne(*controller);
        else
            m_refusals.erase(key);
}

void ReplicationManager::syncOne(const kube::Object& controller) {
    std::vector<kube::Object> pods;
    m_api.objects().forEach(kPods, controller.ns(), [&](const kube::Object& pod) {
        if (controllerUid(pod) == controller.uid() && !pod.isDeleting() && !isTerminal(pod))
            pods.push_back(pod);
    });
    const auto wanted = static_cast<std::size_t>(
        std::max<std::int64_t>(kube::intAt(controller.document(), {"spec", "replicas"}).value_or(1), 0));
    if (pods.size() >= wanted)
        m_refusals.erase(controller.key());  // nothing is missing, so nothing fails
    writeStatus(controller, pods);
    for (std::size_t i = pods.size(); i < wanted && !isPausing(controller.key()); ++i)
        createPod(controller);
    if (pods.size() <= wanted)
        return;
    std::ranges::sort(pods, goesFirst);
    for (std::size_t i = 0; i < pods.size() - wanted; ++i)
        m_api.remove(kPods, pods[i].key(), -1);
}

bool ReplicationManager::isPausing(const kube::ObjectKey& key) const {
    const auto refusal = m_refusals.find(key);
    return refusal != m_refusals.end() && refusal->second.isPausing;
}

void ReplicationManager::createPod(const kube::Object& controller) {
    m_api.create(kPods, controller.ns(), podOf(controller), {}, {},
                 [self = std::weak_ptr(m_self), key = controller.key()](int status, const std::string& body) {
                     if (const auto alive = self.lock())
                         (*alive)->created(key, status, body);
                 });
}

void ReplicationManager::created(const kube::ObjectKey& key, int status, const std::string& body) {
    if (status < 300) {
        if (m_refusals.erase(key) == 0)
            return;  // its pod brings the key back
    } else {
        Refusal& refusal = m_refusals[key];
        const Result<kube::Json> answer = kube::parseJson(body);
        refusal.message = answer && answer->is_object()
                              ? std::string(kube::stringAt(answer->get_object(), {"message"}))
                              : "HTTP " + std::to_string(status);
        if (refusal.isPausing)
            return;  // another of the same round
        refusal.pause = std::clamp(refusal.pause * 2, kFirstPause, kLongestPause);
        refusal.isPausing = true;
        refusal.timer = m_clock.after(refusal.pause, [this, key] {
            const auto known = m_refusals.find(key);
            if (known == m_refusals.end())
                return;
            known->second.isPausing = false;
            m_dirty.insert(key);
            m_soon.poke();
        });
    }
    m_dirty.insert(key);
    m_soon.poke();
}

void ReplicationManager::writeStatus(const kube::Object& controller, const std::vector<kube::Object>& pods) {
    const kube::JsonObject* labels =
        kube::objectAt(controller.document(), {"spec", "template", "metadata", "labels"});
    const kube::LabelSelector full =
        kube::LabelSelector::fromMap(labels == nullptr ? kube::JsonObject{} : *labels);
    const auto labelled =
        std::ranges::count_if(pods, [&](const kube::Object& pod) { return full.matches(pod.labels()); });
    const auto ready = std::ranges::count_if(pods, isPodReady);
    kube::JsonObject status;
    bool differs = false;
    const auto put = [&](std::string_view key, std::int64_t value) {
        status[key] = value;
        differs = differs || kube::intAt(controller.document(), {"status", key}).value_or(0) != value;
    };
    put("replicas", static_cast<std::int64_t>(pods.size()));
    put("fullyLabeledReplicas", labelled);
    put("readyReplicas", ready);
    put("availableReplicas", ready);
    put("observedGeneration", controller.generation());
    const auto refusal = m_refusals.find(controller.key());
    const std::string failure = refusal == m_refusals.end() ? std::string() : refusal->second.message;
    if (failureOf(controller) != failure) {
        status["conditions"] = failure.empty() ? kube::Json(nullptr)
                                               : kube::Json(kube::JsonArray{kube::JsonObject{
                                                     {"type", "ReplicaFailure"},
                                                     {"status", "True"},
                                                     {"reason", "FailedCreate"},
                                                     {"message", failure},
                                                     {"lastTransitionTime", toRfc3339(m_clock.wallNow())}}});
        differs = true;
    }
    if (differs)
        m_api.mergePatch(kReplicationControllers, controller.key(), "status",
                         {{"status", std::move(status)}});
}

}  // namespace kubefed::sandbox

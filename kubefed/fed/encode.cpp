// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "kubefed/fed/names.h"
#include "kubefed/fed/types.h"

namespace kubefed::fed {

namespace {

using kube::JsonArray;
using kube::JsonObject;

constexpr std::array<std::pair<Phase, std::string_view>, 6> kPhases{{{Phase::Joining, "Joining"},
                                                                     {Phase::Ready, "Ready"},
                                                                     {Phase::Degraded, "Degraded"},
                                                                     {Phase::Unauthorized, "Unauthorized"},
                                                                     {Phase::Unreachable, "Unreachable"},
                                                                     {Phase::Leaving, "Leaving"}}};

// Writes only what is set.
void put(JsonObject& object, std::string_view key, std::string_view value) {
    if (!value.empty())
        object[key] = value;
}
void put(JsonObject& object, std::string_view key, std::int64_t value) {
    if (value != 0)
        object[key] = value;
}
void put(JsonObject& object, std::string_view key, const std::optional<std::int64_t>& value) {
    if (value)
        object[key] = *value;
}
void put(JsonObject& object, std::string_view key, JsonArray value) {
    if (!value.empty())
        object[key] = std::move(value);
}
void put(JsonObject& object, std::string_view key, JsonObject value) {
    if (!value.empty())
        object[key] = std::move(value);
}

JsonArray encodeStrings(const std::vector<std::string>& strings) {
    JsonArray result;
    for (const std::string& text : strings)
        result.emplace_back(text);
    return result;
}

JsonObject encodeMap(const std::map<std::string, std::string, std::less<>>& map) {
    JsonObject result;
    for (const auto& [key, value] : map)
        result[key] = value;
    return result;
}

JsonObject encodeHealthCheck(const HealthCheck& check) {
    using std::chrono::seconds;
    return {{"periodSeconds", std::chrono::floor<seconds>(check.period).count()},
            {"timeoutSeconds", std::chrono::floor<seconds>(check.timeout).count()},
            {"failureThreshold", check.failureThreshold},
            {"successThreshold", check.successThreshold}};
}

JsonObject encodeTemplate(const TemplateRef& source) {
    JsonObject result;
    if (source.gvk.kind.empty())
        return result;
    result["apiVersion"] = source.gvk.apiVersion();
    result["kind"] = source.gvk.kind;
    put(result, "namespace", source.key.ns);
    put(result, "name", source.key.name);
    put(result, "uid", source.uid);
    return result;
}

JsonObject encodePolicyRef(const PolicyRef& policy) {
    JsonObject result;
    put(result, "kind", policy.kind);
    put(result, "namespace", policy.ns);
    put(result, "name", policy.name);
    put(result, "uid", policy.uid);
    put(result, "generation", policy.generation);
    return result;
}

JsonObject encodeClusterStatus(const ClusterObjectStatus& cluster) {
    JsonObject result;
    result["name"] = cluster.name;
    result["state"] = toString(cluster.state);
    put(result, "reason", cluster.reason);
    put(result, "message", cluster.message);
    if (cluster.replicas)
        result["replicas"] = {{"desired", cluster.replicas->desired}, {"ready", cluster.replicas->ready}};
    put(result, "observedGeneration", cluster.observedGeneration);
    put(result, "lastTransitionTime", cluster.lastTransitionTime);
    return result;
}

}  // namespace

kube::JsonArray encodeConditions(const std::vector<Condition>& conditions) {
    JsonArray result;
    for (const Condition& condition : conditions) {
        JsonObject entry;
        entry["type"] = condition.type;
        entry["status"] = condition.status;
        put(entry, "reason", condition.reason);
        put(entry, "message", condition.message);
        put(entry, "lastTransitionTime", condition.lastTransitionTime);
        put(entry, "observedGeneration", condition.observedGeneration);
        result.emplace_back(std::move(entry));
    }
    return result;
}

std::string_view toString(TaintEffect effect) {
    return effect == TaintEffect::NoExecute ? "NoExecute" : "NoSchedule";
}

std::string_view toString(Phase phase) {
    return std::ranges::find(kPhases, phase, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Phase> parsePhase(std::string_view text) {
    const auto* const found =
        std::ranges::find(kPhases, text, [](const auto& entry) { return entry.second; });
    return found == kPhases.end() ? std::nullopt : std::optional(found->first);
}

std::string_view toString(ObjectState state) {
    switch (state) {
        case ObjectState::Pending:
            return "Pending";
        case ObjectState::Applying:
            return "Applying";
        case ObjectState::Synced:
            return "Synced";
        case ObjectState::Drifted:
            return "Drifted";
        case ObjectState::Failed:
            return "Failed";
        case ObjectState::Removing:
            return "Removing";
        case ObjectState::Unreachable:
            return "Unreachable";
        case ObjectState::Left:
            return "Left";
    }
    return {};
}

const Condition* findCondition(const std::vector<Condition>& conditions, std::string_view type) {
    const auto found = std::ranges::find(conditions, type, &Condition::type);
    return found == conditions.end() ? nullptr : &*found;
}

bool setCondition(std::vector<Condition>& conditions, Condition condition, std::string_view now) {
    const auto found = std::ranges::find(conditions, condition.type, &Condition::type);
    if (found == conditions.end()) {
        condition.lastTransitionTime = now;
        conditions.push_back(std::move(condition));
        return true;
    }
    condition.lastTransitionTime =
        found->status == condition.status ? found->lastTransitionTime : std::string(now);
    if (*found == condition)
        return false;
    *found = std::move(condition);
    return true;
}

const ClusterShare* PlacementSpec::find(std::string_view cluster) const {
    const auto found = std::ranges::lower_bound(clusters, cluster, {}, &ClusterShare::name);
    return found != clusters.end() && found->name == cluster ? &*found : nullptr;
}

JsonObject encode(const MemberClusterSpec& spec) {
    JsonObject result;
    result["apiEndpoint"] = spec.apiEndpoint;
    put(result, "caBundle", spec.caBundle);
    if (!spec.credentialsSecret.empty())
        result["credentials"] = {{"secretRef", {{"name", spec.credentialsSecret}}}};
    put(result, "tlsServerName", spec.tlsServerName);
    JsonArray taints;
    for (const Taint& taint : spec.taints) {
        JsonObject entry;
        entry["key"] = taint.key;
        put(entry, "value", taint.value);
        entry["effect"] = toString(taint.effect);
        taints.emplace_back(std::move(entry));
    }
    put(result, "taints", std::move(taints));
    if (spec.unschedulable)
        result["unschedulable"] = true;
    if (spec.healthCheck != HealthCheck())
        result["healthCheck"] = encodeHealthCheck(spec.healthCheck);
    return result;
}

JsonObject encode(const MemberClusterStatus& status) {
    JsonObject result;
    put(result, "observedGeneration", status.observedGeneration);
    if (status.phase)
        result["phase"] = toString(*status.phase);
    put(result, "conditions", encodeConditions(status.conditions));
    put(result, "clusterUID", status.clusterUid);
    put(result, "kubernetesVersion", status.kubernetesVersion);
    if (status.nodes)
        result["nodes"] = {{"ready", status.nodes->ready}, {"total", status.nodes->total}};
    JsonObject resources;
    put(resources, "allocatable", encodeMap(status.allocatable));
    put(result, "resources", std::move(resources));
    put(result, "apis", encodeStrings(status.apis));
    put(result, "lastContactTime", status.lastContactTime);
    put(result, "latencyMillis", status.latencyMillis);
    put(result, "credentialsExpireAt", status.credentialsExpireAt);
    if (status.objects)
        result["objects"] = {{"desired", status.objects->desired},
                             {"synced", status.objects->synced},
                             {"failed", status.objects->failed},
                             {"unclaimed", status.objects->unclaimed}};
    return result;
}

JsonObject encode(const PlacementSpec& spec) {
    JsonObject result;
    put(result, "template", encodeTemplate(spec.source));
    put(result, "policy", encodePolicyRef(spec.policy));
    if (spec.frozenAgainst) {
        JsonArray seen;
        for (const PolicySeen& policy : *spec.frozenAgainst)
            seen.push_back({{"uid", policy.uid}, {"generation", policy.generation}});
        result["frozenAgainst"] = std::move(seen);  // an empty list says frozen too
    }
    put(result, "replicas", spec.replicas);
    put(result, "unplaced", spec.unplaced);
    if (spec.onDelete == OnDelete::Orphan)
        result["onDelete"] = "Orphan";
    JsonArray leftBehind;
    for (const LeftBehind& who : spec.leftBehind)
        leftBehind.push_back({{"apiVersion", who.gvk.apiVersion()},
                              {"kind", who.gvk.kind},
                              {"name", who.name},
                              {"clusters", encodeStrings(who.clusters)}});
    put(result, "leftBehind", std::move(leftBehind));
    JsonArray clusters;
    for (const ClusterShare& cluster : spec.clusters) {
        JsonObject entry;
        entry["name"] = cluster.name;
        put(entry, "replicas", cluster.replicas);
        clusters.emplace_back(std::move(entry));
    }
    put(result, "clusters", std::move(clusters));
    return result;
}

JsonObject encode(const CompactExplanation& explanation) {
    JsonObject result;
    put(result, "decidedAt", explanation.decidedAt);
    put(result, "because", explanation.because);
    JsonArray winners;
    for (const auto& winner : explanation.clusters) {
        JsonObject entry;
        entry["name"] = winner.name;
        put(entry, "replicas", winner.replicas);
        if (winner.score)
            entry["score"] = *winner.score;
        put(entry, "verdict", winner.verdict);
        winners.emplace_back(std::move(entry));
    }
    put(result, "clusters", std::move(winners));
    JsonArray others;
    for (const auto& losers : explanation.others) {
        JsonObject entry;
        put(entry, "plugin", losers.plugin);
        put(entry, "verdict", losers.verdict);
        entry["count"] = losers.count;
        put(entry, "clusters", encodeStrings(losers.clusters));
        others.emplace_back(std::move(entry));
    }
    put(result, "others", std::move(others));
    put(result, "omitted", explanation.omitted);
    return result;
}

JsonObject encode(const PlacementStatus& status) {
    JsonObject result;
    put(result, "observedGeneration", status.observedGeneration);
    put(result, "conditions", encodeConditions(status.conditions));
    JsonArray clusters;
    for (const ClusterObjectStatus& cluster : status.clusters)
        clusters.emplace_back(encodeClusterStatus(cluster));
    put(result, "clusters", std::move(clusters));
    if (status.explanation)
        put(result, "explanation", encode(*status.explanation));
    return result;
}

kube::Object makePlacement(const kube::Object& source, const PlacementSpec& spec) {
    const kube::ObjectKey key = placementKey(source.gvk(), source.key());
    kube::Object result = kube::Object::make(
        {std::string(kGroup), std::string(kVersion), std::string(kPlacementKind)}, key.ns, key.name);
    result.metadata()["finalizers"] = JsonArray{kPropagationFinalizer};
    // An owner in another scope or namespace is not possible; there the controller alone removes it.
    if (key.ns == source.ns())
        result.metadata()["ownerReferences"] = JsonArray{{{"apiVersion", source.apiVersion()},
                                                          {"kind", source.kind()},
                                                          {"name", source.name()},
                                                          {"uid", source.uid()},
                                                          {"controller", true},
                                                          {"blockOwnerDeletion", false}}};
    PlacementSpec whole = spec;
    whole.source = TemplateRef::of(source);
    result.document()["spec"] = encode(whole);
    return result;
}

kube::Object makeDefaultPolicy() {
    kube::Object result = kube::Object::make(
        {std::string(kGroup), std::string(kVersion), std::string(kClusterPlacementPolicyKind)}, {},
        kDefaultPolicyName);
    // The lowest priority there is, so that every other policy wins; a selector without terms: all workloads.
    result.document()["spec"] = {{"priority", -2147483647 - 1},
                                 {"resourceSelectors", JsonArray{JsonObject{}}}};
    return result;
}

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "kubefed/fed/names.h"
#include "kubefed/fed/types.h"

namespace kubefed::fed {

namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;
using kube::stringAt;

std::string text(const JsonObject& object, std::string_view key) {
    return std::string(stringAt(object, {key}));
}
std::int64_t number(const JsonObject& object, std::string_view key) {
    return kube::intAt(object, {key}).value_or(0);
}

std::vector<std::string> strings(const JsonObject& object, std::string_view key) {
    std::vector<std::string> result;
    if (const JsonArray* items = kube::arrayAt(object, {key}))
        for (const Json& item : *items)
            if (item.is_string())
                result.emplace_back(kube::view(item.get_string()));
    return result;
}

std::map<std::string, std::string, std::less<>> stringMap(const JsonObject* object) {
    std::map<std::string, std::string, std::less<>> result;
    if (object != nullptr)
        for (const auto& [key, value] : *object)
            if (value.is_string())
                result.emplace(std::string(key), kube::view(value.get_string()));
    return result;
}

template <class Visit>
void forEach(const JsonObject& object, std::string_view key, Visit visit) {
    if (const JsonArray* items = kube::arrayAt(object, {key}))
        for (const Json& item : *items)
            if (const JsonObject* entry = item.if_object())
                visit(*entry);
}

TaintEffect effect(const JsonObject& object) {
    return stringAt(object, {"effect"}) == "NoExecute" ? TaintEffect::NoExecute : TaintEffect::NoSchedule;
}

// From 1 to `most`, whatever stands there: a period of nothing would never rest.
std::int64_t boundedAt(const JsonObject& object, std::string_view key, std::int64_t standard,
                       std::int64_t most) {
    return std::clamp<std::int64_t>(kube::intAt(object, {key}).value_or(standard), 1, most);
}

HealthCheck healthCheck(const JsonObject& check) {
    using std::chrono::seconds;
    const HealthCheck standard;
    const auto inSeconds = [](Duration time) { return std::chrono::floor<seconds>(time).count(); };
    return {.period = seconds(boundedAt(check, "periodSeconds", inSeconds(standard.period), 3600)),
            .timeout = seconds(boundedAt(check, "timeoutSeconds", inSeconds(standard.timeout), 300)),
            .failureThreshold =
                static_cast<int>(boundedAt(check, "failureThreshold", standard.failureThreshold, 100)),
            .successThreshold =
                static_cast<int>(boundedAt(check, "successThreshold", standard.successThreshold, 100))};
}

MemberClusterSpec memberSpec(const JsonObject& spec) {
    MemberClusterSpec result;
    result.apiEndpoint = text(spec, "apiEndpoint");
    result.caBundle = text(spec, "caBundle");
    result.credentialsSecret = stringAt(spec, {"credentials", "secretRef", "name"});
    result.tlsServerName = text(spec, "tlsServerName");
    forEach(spec, "taints", [&](const JsonObject& taint) {
        result.taints.push_back({text(taint, "key"), text(taint, "value"), effect(taint)});
    });
    result.unschedulable = kube::boolAt(spec, {"unschedulable"}, false);
    if (const JsonObject* check = kube::objectAt(spec, {"healthCheck"}))
        result.healthCheck = healthCheck(*check);
    return result;
}

MemberClusterStatus memberStatus(const JsonObject& status) {
    MemberClusterStatus result;
    result.observedGeneration = number(status, "observedGeneration");
    result.phase = parsePhase(stringAt(status, {"phase"}));
    result.conditions = decodeConditions(status);
    result.clusterUid = text(status, "clusterUID");
    result.kubernetesVersion = text(status, "kubernetesVersion");
    if (const JsonObject* nodes = kube::objectAt(status, {"nodes"}))
        result.nodes = MemberClusterStatus::Nodes{number(*nodes, "ready"), number(*nodes, "total")};
    result.allocatable = stringMap(kube::objectAt(status, {"resources", "allocatable"}));
    result.apis = strings(status, "apis");
    result.lastContactTime = text(status, "lastContactTime");
    result.latencyMillis = kube::intAt(status, {"latencyMillis"});
    result.credentialsExpireAt = text(status, "credentialsExpireAt");
    if (const JsonObject* objects = kube::objectAt(status, {"objects"}))
        result.objects =
            MemberClusterStatus::Objects{number(*objects, "desired"), number(*objects, "synced"),
                                         number(*objects, "failed"), number(*objects, "unclaimed")};
    return result;
}

std::optional<kube::LabelSelector> selector(const JsonObject& object, std::string_view key,
                                            ResourceSelector& owner, std::string& invalid) {
    const JsonObject* json = kube::objectAt(object, {key});
    if (json == nullptr)
        return std::nullopt;
    auto parsed = kube::LabelSelector::fromJson(*json);
    if (parsed)
        return *std::move(parsed);
    owner.isPartial = true;
    if (invalid.empty())
        invalid = "spec.resourceSelectors: " + std::string(key) + ": " + parsed.error().message;
    return std::nullopt;
}

ResourceSelector resourceSelector(const JsonObject& object, std::string& invalid) {
    ResourceSelector result;
    result.apiVersion = text(object, "apiVersion");
    result.kind = text(object, "kind");
    result.name = text(object, "name");
    result.labels = selector(object, "labelSelector", result, invalid);
    result.namespaces = selector(object, "namespaceSelector", result, invalid);
    return result;
}

void readReplicas(const JsonObject& replicas, Policy& policy) {
    if (stringAt(replicas, {"strategy"}) == "Duplicate")
        policy.strategy = ReplicaStrategy::Duplicate;
    const std::string_view rebalance = stringAt(replicas, {"rebalance"});
    policy.rebalance = rebalance == "Never"    ? Rebalance::Never
                       : rebalance == "Always" ? Rebalance::Always
                                               : Rebalance::WhenNeeded;
    if (const JsonObject* perCluster = kube::objectAt(replicas, {"perCluster"}))
        for (const auto& [name, value] : *perCluster)
            if (const JsonObject* limits = value.if_object())
                policy.perCluster[std::string(name)] = {std::max<std::int64_t>(number(*limits, "min"), 0),
                                                        kube::intAt(*limits, {"max"})};
}

std::string faultOf(const Policy& policy) {
    if (policy.perCluster.contains("*"))
        return "spec.replicas.perCluster[\"*\"]: a limit is said for one cluster, by its name; name each";
    for (const auto& [name, limits] : policy.perCluster)
        if (limits.max && *limits.max < limits.min)
            return "spec.replicas.perCluster[\"" + name + "\"]: min " + std::to_string(limits.min) +
                   " is above max " + std::to_string(*limits.max) + "; raise max or lower min";
    for (const PluginUse& plugin : policy.plugins) {
        if (plugin.name.empty())
            return "spec.plugins: a plugin without a name";
        if (!(plugin.weight >= 0) || plugin.weight > 1e9)
            return "spec.plugins: weight of \"" + plugin.name + "\" must be from 0 to 1e9";
    }
    return {};
}

void readPlugins(const JsonObject& spec, Policy& policy) {
    forEach(spec, "plugins", [&](const JsonObject& plugin) {
        PluginUse use;
        use.name = text(plugin, "name");
        boost::system::error_code error;
        if (const Json* weight = plugin.if_contains("weight"); weight != nullptr && weight->is_number())
            use.weight = weight->to_number<double>(error);
        use.optional = kube::boolAt(plugin, {"optional"}, false);
        if (const JsonObject* config = kube::objectAt(plugin, {"config"}))
            use.config = *config;
        policy.plugins.push_back(std::move(use));
    });
}

OnDelete readOnDelete(const JsonObject& spec) {
    return stringAt(spec, {"onDelete"}) == "Orphan" ? OnDelete::Orphan : OnDelete::Delete;
}

kube::Gvk gvkOf(const JsonObject& object) {
    const auto gv = kube::GroupVersion::parse(stringAt(object, {"apiVersion"}));
    return {gv.group, gv.version, text(object, "kind")};
}

PlacementSpec placementSpec(const JsonObject& spec) {
    PlacementSpec result;
    if (const JsonObject* source = kube::objectAt(spec, {"template"}))
        result.source = {
            gvkOf(*source), {text(*source, "namespace"), text(*source, "name")}, text(*source, "uid")};
    if (const JsonObject* policy = kube::objectAt(spec, {"policy"}))
        result.policy = {text(*policy, "kind"), text(*policy, "namespace"), text(*policy, "name"),
                         text(*policy, "uid"), number(*policy, "generation")};
    if (kube::arrayAt(spec, {"frozenAgainst"}) != nullptr) {
        result.frozenAgainst.emplace();
        forEach(spec, "frozenAgainst", [&](const JsonObject& seen) {
            result.frozenAgainst->push_back({text(seen, "uid"), number(seen, "generation")});
        });
    }
    result.replicas = kube::intAt(spec, {"replicas"});
    result.unplaced = number(spec, "unplaced");
    result.onDelete = readOnDelete(spec);
    forEach(spec, "leftBehind", [&](const JsonObject& who) {
        LeftBehind& entry = result.leftBehind.emplace_back(LeftBehind{gvkOf(who), text(who, "name"), {}});
        if (const kube::JsonArray* clusters = kube::arrayAt(who, {"clusters"}))
            for (const kube::Json& name : *clusters)
                if (name.is_string())
                    entry.clusters.emplace_back(kube::view(name.get_string()));
    });
    forEach(spec, "clusters", [&](const JsonObject& cluster) {
        result.clusters.push_back({text(cluster, "name"), kube::intAt(cluster, {"replicas"})});
    });
    std::ranges::sort(result.clusters, {}, &ClusterShare::name);
    return result;
}

ObjectState objectState(std::string_view text) {
    constexpr std::array kStates{ObjectState::Pending, ObjectState::Applying,   ObjectState::Synced,
                                 ObjectState::Drifted, ObjectState::Failed,     ObjectState::Removing,
                                 ObjectState::Left,    ObjectState::Unreachable};
    const auto* const found =
        std::ranges::find(kStates, text, [](ObjectState state) { return toString(state); });
    return found == kStates.end() ? ObjectState::Pending : *found;
}

std::optional<double> optionalDouble(const JsonObject& object, std::string_view key) {
    const Json* value = object.if_contains(key);
    boost::system::error_code error;
    return value != nullptr && value->is_number() ? std::optional(value->to_number<double>(error))
                                                  : std::nullopt;
}

CompactExplanation explanation(const JsonObject& object) {
    CompactExplanation result;
    result.decidedAt = text(object, "decidedAt");
    result.because = text(object, "because");
    result.omitted = number(object, "omitted");
    forEach(object, "clusters", [&](const JsonObject& c) {
        result.clusters.push_back(
            {text(c, "name"), kube::intAt(c, {"replicas"}), optionalDouble(c, "score"), text(c, "verdict")});
    });
    forEach(object, "others", [&](const JsonObject& o) {
        result.others.push_back(
            {text(o, "plugin"), text(o, "verdict"), number(o, "count"), strings(o, "clusters")});
    });
    return result;
}

PlacementStatus placementStatus(const JsonObject& status) {
    PlacementStatus result;
    result.observedGeneration = number(status, "observedGeneration");
    result.conditions = decodeConditions(status);
    forEach(status, "clusters", [&](const JsonObject& c) {
        ClusterObjectStatus entry;
        entry.name = text(c, "name");
        entry.state = objectState(stringAt(c, {"state"}));
        entry.reason = text(c, "reason");
        entry.message = text(c, "message");
        if (const JsonObject* replicas = kube::objectAt(c, {"replicas"}))
            entry.replicas =
                ClusterObjectStatus::Replicas{number(*replicas, "desired"), number(*replicas, "ready")};
        entry.observedGeneration = number(c, "observedGeneration");
        entry.lastTransitionTime = text(c, "lastTransitionTime");
        result.clusters.push_back(std::move(entry));
    });
    std::ranges::sort(result.clusters, {}, &ClusterObjectStatus::name);
    if (const JsonObject* why = kube::objectAt(status, {"explanation"}))
        result.explanation = explanation(*why);
    return result;
}

template <class T>
void readMeta(const kube::Object& object, T& value) {
    value.uid = object.uid();
    value.resourceVersion = object.resourceVersion();
    value.generation = object.generation();
}

std::unexpected<Error> wrongKind(const kube::Object& object, std::string_view wanted) {
    return fail(Code::InvalidArgument,
                "expected a " + std::string(wanted) + ", got \"" + object.gvk().text() + "\"");
}

const JsonObject& objectOrEmpty(const kube::Object& object, std::string_view key) {
    static const JsonObject kEmpty;
    const JsonObject* found = kube::objectAt(object.document(), {key});
    return found == nullptr ? kEmpty : *found;
}

}  // namespace

std::vector<Condition> decodeConditions(const JsonObject& status) {
    std::vector<Condition> result;
    forEach(status, "conditions", [&](const JsonObject& c) {
        result.push_back({text(c, "type"), text(c, "status"), text(c, "reason"), text(c, "message"),
                          text(c, "lastTransitionTime"), number(c, "observedGeneration")});
    });
    return result;
}

Result<MemberCluster> MemberCluster::decode(const kube::Object& object) {
    if (object.kind() != kMemberClusterKind)
        return wrongKind(object, kMemberClusterKind);
    MemberCluster result;
    readMeta(object, result);
    result.name = object.name();
    result.creationTimestamp = stringAt(object.document(), {"metadata", "creationTimestamp"});
    result.isDeleting = object.isDeleting();
    result.labels = stringMap(object.labels());
    result.spec = memberSpec(objectOrEmpty(object, "spec"));
    result.status = memberStatus(objectOrEmpty(object, "status"));
    return result;
}

Result<Policy> Policy::decode(const kube::Object& object) {
    Result<Policy> policy = read(object);
    if (policy && !policy->invalid.empty())
        return fail(Code::InvalidArgument, "policy \"" + policy->ref.text() + "\": " + policy->invalid);
    return policy;
}

Result<Policy> Policy::read(const kube::Object& object) {
    if (object.kind() != kPlacementPolicyKind && object.kind() != kClusterPlacementPolicyKind)
        return wrongKind(object, "PlacementPolicy or ClusterPlacementPolicy");
    const JsonObject& spec = objectOrEmpty(object, "spec");
    Policy result;
    result.ref = {std::string(object.kind()), std::string(object.ns()), std::string(object.name()),
                  std::string(object.uid()), object.generation()};
    result.creationTimestamp = stringAt(object.document(), {"metadata", "creationTimestamp"});
    result.isDeleting = object.isDeleting();
    result.priority = number(spec, "priority");
    if (const JsonArray* selectors = kube::arrayAt(spec, {"resourceSelectors"})) {
        for (const Json& item : *selectors) {
            if (!item.is_object())
                continue;
            result.resourceSelectors.push_back(resourceSelector(item.get_object(), result.invalid));
        }
    }
    if (const JsonObject* clusters = kube::objectAt(spec, {"clusters"}))
        result.clusters = *clusters;
    if (const JsonArray* tolerations = kube::arrayAt(spec, {"tolerations"}))
        result.tolerations = *tolerations;
    readPlugins(spec, result);
    if (const JsonObject* replicas = kube::objectAt(spec, {"replicas"}))
        readReplicas(*replicas, result);
    result.onDelete = readOnDelete(spec);
    result.suspend = kube::boolAt(spec, {"suspend"}, false);
    if (result.invalid.empty())
        result.invalid = faultOf(result);
    const JsonObject& status = objectOrEmpty(object, "status");
    result.observedGeneration = number(status, "observedGeneration");
    result.conditions = decodeConditions(status);
    return result;
}

Result<Placement> Placement::decode(const kube::Object& object) {
    if (object.kind() != kPlacementKind)
        return wrongKind(object, kPlacementKind);
    Placement result;
    readMeta(object, result);
    result.key = object.key();
    result.spec = placementSpec(objectOrEmpty(object, "spec"));
    result.status = placementStatus(objectOrEmpty(object, "status"));
    return result;
}

}  // namespace kubefed::fed

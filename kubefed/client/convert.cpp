// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/convert.h"

namespace kubefed::client {
namespace {

// What is unset in a message is absent, never 0.
#define KUBEFED_OPTIONAL(message, field) \
    ((message).has_##field() ? std::optional((message).field()) : std::nullopt)

template <class Repeated, class Values>
void fill(Repeated& messages, const Values& values) {
    messages.Reserve(static_cast<int>(values.size()));
    for (const auto& value : values)
        toMessage(value, *messages.Add());
}

template <class Values, class Repeated>
void take(Values& values, const Repeated& messages) {
    values.reserve(values.size() + static_cast<std::size_t>(messages.size()));
    for (const auto& message : messages)
        values.push_back(toValue(message));
}

Severity toValue(v1::Severity severity) {
    switch (severity) {
        case v1::SEVERITY_ERROR:
            return Severity::Error;
        case v1::SEVERITY_WARNING:
            return Severity::Warning;
        default:
            return Severity::Info;
    }
}

v1::Severity toMessage(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return v1::SEVERITY_ERROR;
        case Severity::Warning:
            return v1::SEVERITY_WARNING;
        case Severity::Info:
            break;
    }
    return v1::SEVERITY_INFO;
}

}  // namespace

Share toValue(const v1::Share& message) {
    return {.cluster = message.cluster(),
            .state = message.state(),
            .reason = message.reason(),
            .message = message.message(),
            .desired = KUBEFED_OPTIONAL(message, desired),
            .ready = KUBEFED_OPTIONAL(message, ready),
            .since = message.since()};
}

void toMessage(const Share& value, v1::Share& message) {
    message.set_cluster(value.cluster);
    message.set_state(value.state);
    message.set_reason(value.reason);
    message.set_message(value.message);
    if (value.desired)
        message.set_desired(*value.desired);
    if (value.ready)
        message.set_ready(*value.ready);
    message.set_since(value.since);
}

Contact toValue(const v1::Contact& message) {
    return {.cluster = message.cluster(),
            .lastContact = message.last_contact(),
            .latency = message.latency(),
            .isProbe = message.is_probe()};
}

Totals toValue(const v1::Totals& message) {
    return {.propagationP50 = KUBEFED_OPTIONAL(message, propagation_p50),
            .propagationP99 = KUBEFED_OPTIONAL(message, propagation_p99),
            .queued = message.queued(),
            .decisionsPerSecond = message.decisions_per_second(),
            .propagationBound = message.propagation_bound()};
}

PluginWord toValue(const v1::PluginWord& message) {
    return {.plugin = message.plugin(),
            .stage = message.stage(),
            .out = message.out(),
            .score = KUBEFED_OPTIONAL(message, score),
            .weight = message.weight(),
            .min = KUBEFED_OPTIONAL(message, min),
            .max = KUBEFED_OPTIONAL(message, max),
            .replicas = KUBEFED_OPTIONAL(message, replicas),
            .reason = message.reason()};
}

void toMessage(const PluginWord& value, v1::PluginWord& message) {
    message.set_plugin(value.plugin);
    message.set_stage(value.stage);
    message.set_out(value.out);
    if (value.score)
        message.set_score(*value.score);
    message.set_weight(value.weight);
    if (value.min)
        message.set_min(*value.min);
    if (value.max)
        message.set_max(*value.max);
    if (value.replicas)
        message.set_replicas(*value.replicas);
    message.set_reason(value.reason);
}

Verdict toValue(const v1::Verdict& message) {
    Verdict value{.cluster = message.cluster(),
                  .chosen = message.chosen(),
                  .replicas = KUBEFED_OPTIONAL(message, replicas),
                  .ready = KUBEFED_OPTIONAL(message, ready),
                  .score = KUBEFED_OPTIONAL(message, score),
                  .text = message.text(),
                  .words = {}};
    take(value.words, message.words());
    return value;
}

void toMessage(const Verdict& value, v1::Verdict& message) {
    message.set_cluster(value.cluster);
    message.set_chosen(value.chosen);
    if (value.replicas)
        message.set_replicas(*value.replicas);
    if (value.ready)
        message.set_ready(*value.ready);
    if (value.score)
        message.set_score(*value.score);
    message.set_text(value.text);
    fill(*message.mutable_words(), value.words);
}

PluginFailure toValue(const v1::PluginFailure& message) {
    return {message.plugin(), message.stage(), message.message()};
}

void toMessage(const PluginFailure& value, v1::PluginFailure& message) {
    message.set_plugin(value.plugin);
    message.set_stage(value.stage);
    message.set_message(value.message);
}

PhaseChange toValue(const v1::PhaseChange& message) {
    return {message.time(), parsePhase(message.phase()), message.message()};
}

void toMessage(const PhaseChange& value, v1::PhaseChange& message) {
    message.set_time(value.time);
    message.set_phase(std::string(toString(value.phase)));
    message.set_message(value.message);
}

ConditionView toValue(const v1::Condition& message) {
    return {message.type(), message.status(), message.reason(), message.message(), message.since()};
}

void toMessage(const ConditionView& value, v1::Condition& message) {
    message.set_type(value.type);
    message.set_status(value.status);
    message.set_reason(value.reason);
    message.set_message(value.message);
    message.set_since(value.since);
}

ClusterTaint toValue(const v1::Taint& message) {
    return {message.key(), message.value(), message.effect()};
}

void toMessage(const ClusterTaint& value, v1::Taint& message) {
    message.set_key(value.key);
    message.set_value(value.value);
    message.set_effect(value.effect);
}

FleetInfo toValue(const v1::SnapshotBegin& message) {
    return {.federationId = message.federation_id(),
            .federation = message.federation(),
            .controllerVersion = message.version(),
            .probePeriod = message.probe_period(),
            .probeTimeout = message.probe_timeout(),
            .seesClusters = message.sees_clusters(),
            .seesAllNamespaces = message.sees_all_namespaces(),
            .namespaces = {message.namespaces().begin(), message.namespaces().end()}};
}

Cluster toValue(const v1::Cluster& message) {
    Cluster value;
    value.number = message.number();
    value.name = message.name();
    value.labels = {message.labels().begin(), message.labels().end()};
    value.phase = parsePhase(message.phase());
    value.phaseSince = message.phase_since();
    value.reason = message.reason();
    value.message = message.message();
    value.lastContact = message.last_contact();
    value.oldAfter = message.old_after();
    value.latency = KUBEFED_OPTIONAL(message, latency);
    value.kubernetesVersion = message.kubernetes_version();
    if (message.has_nodes())
        value.nodes = NodeCounts{message.nodes().ready(), message.nodes().total()};
    if (message.has_objects())
        value.objects = ObjectCounts{message.objects().desired(), message.objects().synced(),
                                     message.objects().failed(), message.objects().unclaimed()};
    value.allocatable = {message.allocatable().begin(), message.allocatable().end()};
    value.requested = {message.requested().begin(), message.requested().end()};
    take(value.taints, message.taints());
    value.unschedulable = message.unschedulable();
    take(value.conditions, message.conditions());
    value.apiEndpoint = message.api_endpoint();
    value.created = message.created();
    value.credentialsExpire = message.credentials_expire();
    take(value.timeline, message.timeline());
    value.latencies = {message.latencies().begin(), message.latencies().end()};
    return value;
}

ObjectId toValue(const v1::ObjectId& message) {
    return {message.group(), message.version(), message.kind(), message.namespace_(), message.name()};
}

Object toValue(const v1::Object& message) {
    Object value;
    value.id = toValue(message.id());
    value.uid = message.uid();
    value.policy = message.policy();
    value.wanted = KUBEFED_OPTIONAL(message, wanted);
    value.ready = KUBEFED_OPTIONAL(message, ready);
    value.unplaced = message.unplaced();
    value.health = parseObjectHealth(message.state());
    value.since = message.since();
    value.reason = message.reason();
    value.message = message.message();
    value.created = message.created();
    take(value.shares, message.shares());
    return value;
}

Activity toValue(const v1::Activity& message) {
    return {.number = message.number(),
            .time = message.time(),
            .severity = toValue(message.severity()),
            .cluster = message.cluster(),
            .object = message.has_object() ? std::optional(toValue(message.object())) : std::nullopt,
            .reason = message.reason(),
            .message = message.message()};
}

Explanation toValue(const v1::Explanation& message) {
    Explanation value;
    value.object = toValue(message.object());
    value.policy = message.policy();
    value.decided = message.decided();
    value.because = message.because();
    value.fromPresentInputs = message.from_present_inputs();
    value.hasReplicas = message.has_replicas();
    value.wanted = message.wanted();
    value.unplaced = message.unplaced();
    value.error = message.error();
    take(value.verdicts, message.verdicts());
    take(value.failures, message.failures());
    return value;
}

PolicyPlugin toValue(const v1::PolicyPlugin& message) {
    PolicyPlugin value;
    value.name = message.name();
    value.version = message.version();
    value.description = message.description();
    value.abi = message.abi();
    value.source = message.source();
    value.sha256 = message.sha256();
    value.state = message.state();
    value.message = message.message();
    value.lastError = message.last_error();
    value.configSchema = message.config_schema();
    value.calls = message.calls();
    value.failures = message.failures();
    value.p50Millis = KUBEFED_OPTIONAL(message, p50_millis);
    value.p99Millis = KUBEFED_OPTIONAL(message, p99_millis);
    value.stages = {message.stages().begin(), message.stages().end()};
    value.generation = message.generation();
    return value;
}

PolicyInstalled toValue(const v1::InstallPolicyResponse& message) {
    return {toValue(message.plugin()), message.is_unchanged(), message.replaced_sha256()};
}

void append(FleetChanges& changes, const v1::FleetChanges& message) {
    take(changes.clusters, message.clusters());
    changes.removedClusters.insert(changes.removedClusters.end(), message.removed_clusters().begin(),
                                   message.removed_clusters().end());
    take(changes.contacts, message.contacts());
    take(changes.objects, message.objects());
    take(changes.removedObjects, message.removed_objects());
    take(changes.activities, message.activities());
    if (message.has_totals())
        changes.totals = toValue(message.totals());
}

void toMessage(const FleetInfo& value, v1::SnapshotBegin& message) {
    message.set_federation_id(value.federationId);
    message.set_federation(value.federation);
    message.set_version(value.controllerVersion);
    message.set_probe_period(value.probePeriod);
    message.set_probe_timeout(value.probeTimeout);
    message.set_sees_clusters(value.seesClusters);
    message.set_sees_all_namespaces(value.seesAllNamespaces);
    message.mutable_namespaces()->Assign(value.namespaces.begin(), value.namespaces.end());
}

void toMessage(const Cluster& value, v1::Cluster& message) {
    message.set_number(value.number);
    message.set_name(value.name);
    message.mutable_labels()->insert(value.labels.begin(), value.labels.end());
    message.set_phase(std::string(toString(value.phase)));
    message.set_phase_since(value.phaseSince);
    message.set_reason(value.reason);
    message.set_message(value.message);
    message.set_last_contact(value.lastContact);
    message.set_old_after(value.oldAfter);
    if (value.latency)
        message.set_latency(*value.latency);
    message.set_kubernetes_version(value.kubernetesVersion);
    if (value.nodes) {
        message.mutable_nodes()->set_ready(value.nodes->ready);
        message.mutable_nodes()->set_total(value.nodes->total);
    }
    if (value.objects) {
        message.mutable_objects()->set_desired(value.objects->desired);
        message.mutable_objects()->set_synced(value.objects->synced);
        message.mutable_objects()->set_failed(value.objects->failed);
        message.mutable_objects()->set_unclaimed(value.objects->unclaimed);
    }
    message.mutable_allocatable()->insert(value.allocatable.begin(), value.allocatable.end());
    message.mutable_requested()->insert(value.requested.begin(), value.requested.end());
    fill(*message.mutable_taints(), value.taints);
    message.set_unschedulable(value.unschedulable);
    fill(*message.mutable_conditions(), value.conditions);
    message.set_api_endpoint(value.apiEndpoint);
    message.set_created(value.created);
    message.set_credentials_expire(value.credentialsExpire);
    fill(*message.mutable_timeline(), value.timeline);
    message.mutable_latencies()->Assign(value.latencies.begin(), value.latencies.end());
}

void toMessage(const Contact& value, v1::Contact& message) {
    message.set_cluster(value.cluster);
    message.set_last_contact(value.lastContact);
    message.set_latency(value.latency);
    message.set_is_probe(value.isProbe);
}

void toMessage(const ObjectId& value, v1::ObjectId& message) {
    message.set_group(value.group);
    message.set_version(value.version);
    message.set_kind(value.kind);
    message.set_namespace_(value.ns);
    message.set_name(value.name);
}

void toMessage(const Object& value, v1::Object& message) {
    toMessage(value.id, *message.mutable_id());
    message.set_uid(value.uid);
    message.set_policy(value.policy);
    if (value.wanted)
        message.set_wanted(*value.wanted);
    if (value.ready)
        message.set_ready(*value.ready);
    message.set_unplaced(value.unplaced);
    message.set_state(std::string(toString(value.health)));
    message.set_since(value.since);
    message.set_reason(value.reason);
    message.set_message(value.message);
    message.set_created(value.created);
    fill(*message.mutable_shares(), value.shares);
}

void toMessage(const Activity& value, v1::Activity& message) {
    message.set_number(value.number);
    message.set_time(value.time);
    message.set_severity(toMessage(value.severity));
    message.set_cluster(value.cluster);
    if (value.object)
        toMessage(*value.object, *message.mutable_object());
    message.set_reason(value.reason);
    message.set_message(value.message);
}

void toMessage(const Totals& value, v1::Totals& message) {
    if (value.propagationP50)
        message.set_propagation_p50(*value.propagationP50);
    if (value.propagationP99)
        message.set_propagation_p99(*value.propagationP99);
    message.set_queued(value.queued);
    message.set_decisions_per_second(value.decisionsPerSecond);
    message.set_propagation_bound(value.propagationBound);
}

void toMessage(const FleetChanges& value, v1::FleetChanges& message) {
    fill(*message.mutable_clusters(), value.clusters);
    message.mutable_removed_clusters()->Assign(value.removedClusters.begin(), value.removedClusters.end());
    fill(*message.mutable_contacts(), value.contacts);
    fill(*message.mutable_objects(), value.objects);
    fill(*message.mutable_removed_objects(), value.removedObjects);
    fill(*message.mutable_activities(), value.activities);
    if (value.totals)
        toMessage(*value.totals, *message.mutable_totals());
}

void toMessage(const Explanation& value, v1::Explanation& message) {
    toMessage(value.object, *message.mutable_object());
    message.set_policy(value.policy);
    message.set_decided(value.decided);
    message.set_because(value.because);
    message.set_from_present_inputs(value.fromPresentInputs);
    message.set_has_replicas(value.hasReplicas);
    message.set_wanted(value.wanted);
    message.set_unplaced(value.unplaced);
    message.set_error(value.error);
    fill(*message.mutable_verdicts(), value.verdicts);
    fill(*message.mutable_failures(), value.failures);
}

void toMessage(const PolicyPlugin& value, v1::PolicyPlugin& message) {
    message.set_name(value.name);
    message.set_version(value.version);
    message.set_description(value.description);
    message.set_abi(value.abi);
    message.set_source(value.source);
    message.set_sha256(value.sha256);
    message.set_state(value.state);
    message.set_message(value.message);
    message.set_last_error(value.lastError);
    message.set_config_schema(value.configSchema);
    message.set_calls(value.calls);
    message.set_failures(value.failures);
    if (value.p50Millis)
        message.set_p50_millis(*value.p50Millis);
    if (value.p99Millis)
        message.set_p99_millis(*value.p99Millis);
    message.mutable_stages()->Assign(value.stages.begin(), value.stages.end());
    message.set_generation(value.generation);
}

#undef KUBEFED_OPTIONAL

}  // namespace kubefed::client

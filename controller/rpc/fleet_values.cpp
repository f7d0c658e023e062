// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/fleet_values.h"

#include <algorithm>
#include <array>

#include "kubefed/fed/policy_round.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::controller {
namespace {

client::TimeMs timeOf(std::string_view rfc3339) {
    WallTime time{};
    return !rfc3339.empty() && parseRfc3339(rfc3339, time) ? toTimeMs(time) : 0;
}

// What a pod goes through on its way up; anything else that keeps it from being ready is trouble.
bool isTrouble(std::string_view podReason) {
    constexpr std::array<std::string_view, 4> kOnTheWay{"ContainerCreating", "PodInitializing", "Pending",
                                                        "ContainersNotReady"};
    return !podReason.empty() && std::ranges::none_of(kOnTheWay, [&](std::string_view reason) {
        return podReason.starts_with(reason);
    });
}

fed::Phase phaseOf(const Member& member) {
    const fed::Phase phase = member.phase(false);
    // What fails there is counted when the status is written.
    const bool fails = member.cluster.status.phase == fed::Phase::Degraded;
    return phase == fed::Phase::Ready && fails ? fed::Phase::Degraded : phase;
}

client::Share shareOf(const fed::ClusterObjectStatus& status, client::ClusterNumber number) {
    client::Share share{.cluster = number,
                        .state = std::string(fed::toString(status.state)),
                        .reason = status.reason,
                        .message = status.message,
                        .since = timeOf(status.lastTransitionTime)};
    if (status.replicas) {
        share.desired = status.replicas->desired;
        share.ready = status.replicas->ready;
    }
    return share;
}

std::vector<client::Share> sharesOf(const fed::Placement& placement,
                                    const std::function<client::ClusterNumber(std::string_view)>& numberOf) {
    std::vector<client::Share> shares;
    for (const fed::ClusterObjectStatus& status : placement.status.clusters)
        if (const auto number = numberOf(status.name); number != 0)
            shares.push_back(shareOf(status, number));
    for (const fed::ClusterShare& wanted : placement.spec.clusters) {
        const auto number = numberOf(wanted.name);
        const auto known = std::ranges::find(shares, number, &client::Share::cluster);
        if (number == 0)
            continue;
        if (known == shares.end())
            shares.push_back({.cluster = number, .state = "Pending", .desired = wanted.replicas});
        else
            known->desired = wanted.replicas;
    }
    std::ranges::sort(shares, {}, &client::Share::cluster);
    return shares;
}

void setHealth(client::Object& value, client::ObjectHealth health, std::string_view reason,
               std::string_view message) {
    value.health = health;
    value.reason = reason;
    value.message = message;
}

// The worst that is known of it, with its cause.
void judge(client::Object& value, const fed::PlacementStatus& status) {
    using client::ObjectHealth;
    const fed::Condition* scheduled = fed::findCondition(status.conditions, fed::kScheduledCondition);
    const fed::Condition* healthy = fed::findCondition(status.conditions, fed::kHealthyCondition);
    if (scheduled != nullptr && scheduled->reason == fed::kReasonSuspended)
        return setHealth(value, ObjectHealth::Suspended, scheduled->reason, scheduled->message);
    if (scheduled != nullptr &&
        (scheduled->reason == fed::kReasonNotReferenced || scheduled->reason == fed::kReasonNotPropagated))
        return setHealth(value, ObjectHealth::Healthy, scheduled->reason,
                         scheduled->message);  // nobody waits
    const bool isWell = healthy != nullptr && healthy->isTrue();
    for (const fed::ClusterObjectStatus& share : status.clusters)
        if (share.state == fed::ObjectState::Failed ||
            (!isWell && share.state != fed::ObjectState::Unreachable && isTrouble(share.message)))
            return setHealth(value, ObjectHealth::Failing,
                             share.reason.empty() ? "PodsNotReady" : share.reason,
                             share.name + ": " + share.message);
    if (scheduled == nullptr || !scheduled->isTrue())
        return scheduled == nullptr
                   ? setHealth(value, ObjectHealth::Progressing, "", "")
                   : setHealth(value, ObjectHealth::Unscheduled, scheduled->reason, scheduled->message);
    if (isWell)
        return setHealth(value, ObjectHealth::Healthy, "", "");
    if (healthy != nullptr && healthy->status == "Unknown")
        return setHealth(value, ObjectHealth::Unknown, healthy->reason, healthy->message);
    setHealth(value, ObjectHealth::Progressing, healthy == nullptr ? std::string_view() : healthy->reason,
              healthy == nullptr ? std::string_view() : healthy->message);
}

}  // namespace

client::TimeMs toTimeMs(WallTime time) {
    return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

client::ObjectId toObjectId(const TemplateId& id) {
    const fed::KindTraits& kind = id.traits();
    return {std::string(kind.group), std::string(kind.version), std::string(kind.kind), id.key.ns,
            id.key.name};
}

std::optional<TemplateId> toTemplateId(const client::ObjectId& id) {
    const int kind = kindIndex(fed::findKind(kube::Gvk{id.group, id.version, id.kind}));
    if (kind < 0)
        return std::nullopt;
    return TemplateId{static_cast<std::uint8_t>(kind), {id.ns, id.name}};
}

client::Cluster clusterValue(const Member& member) {
    const fed::MemberCluster& cluster = member.cluster;
    const fed::MemberClusterStatus& status = cluster.status;
    const fed::Phase phase = phaseOf(member);
    client::Cluster value;
    value.name = member.name;
    value.labels.insert(cluster.labels.begin(), cluster.labels.end());
    value.phase = client::parsePhase(fed::toString(phase));
    const fed::Condition* ready = fed::findCondition(status.conditions, fed::kReadyCondition);
    if (ready != nullptr && status.phase == phase && phase != fed::Phase::Ready) {
        value.reason = ready->reason;
        value.message = ready->message;
    } else if (phase != fed::Phase::Ready) {
        value.reason = fed::toString(phase);
        value.message =
            !member.problem.empty() ? member.problem : fed::describe(member.health, member.healthCheck());
    } else if (member.health.failures > 0) {
        value.reason = "ProbeFailed";
        value.message = fed::describe(member.health, member.healthCheck());
    }
    if (member.health.contacted) {
        value.lastContact = toTimeMs(member.health.lastContact);
        value.latency = member.health.latency.count();
    } else {
        value.lastContact = timeOf(status.lastContactTime);
        value.latency = status.latencyMillis;
    }
    value.oldAfter = member.healthCheck().oldAfter().count();
    value.kubernetesVersion = status.kubernetesVersion;
    if (status.nodes)
        value.nodes = client::NodeCounts{status.nodes->ready, status.nodes->total};
    if (status.objects)
        value.objects = client::ObjectCounts{status.objects->desired, status.objects->synced,
                                             status.objects->failed, status.objects->unclaimed};
    value.allocatable.insert(status.allocatable.begin(), status.allocatable.end());
    value.requested.insert(status.requested.begin(), status.requested.end());
    for (const fed::Taint& taint : cluster.spec.taints)
        value.taints.push_back({taint.key, taint.value, std::string(fed::toString(taint.effect))});
    value.unschedulable = cluster.spec.unschedulable;
    for (const fed::Condition& condition : status.conditions)
        value.conditions.push_back({condition.type, condition.status, condition.reason, condition.message,
                                    timeOf(condition.lastTransitionTime)});
    value.apiEndpoint = cluster.spec.apiEndpoint;
    value.created = timeOf(cluster.creationTimestamp);
    value.credentialsExpire = timeOf(status.credentialsExpireAt);
    return value;
}

std::optional<client::Object> objectValue(
    const HostMirror& mirror, const TemplateId& id,
    const std::function<client::ClusterNumber(std::string_view)>& numberOf) {
    const TemplateRecord* record = mirror.findTemplate(id);
    if (record == nullptr || !record->isTemplate)
        return std::nullopt;
    const kube::Object& object = *record->object;
    client::Object value;
    value.id = toObjectId(id);
    value.uid = object.uid();
    value.created = timeOf(kube::stringAt(object.document(), {"metadata", "creationTimestamp"}));
    value.wanted = fed::replicasOf(id.traits(), object.document());
    const PlacementRecord* placement = mirror.inForce(id);
    if (placement == nullptr) {
        setHealth(value, client::ObjectHealth::Unscheduled, "NotDecided", "nothing is decided for it yet");
    } else {
        value.policy = placement->placement.spec.policy.text();
        value.unplaced = placement->placement.spec.unplaced;
        value.shares = sharesOf(placement->placement, numberOf);
        for (const client::Share& share : value.shares)
            if (share.ready)
                value.ready = value.ready.value_or(0) + *share.ready;
        judge(value, placement->placement.status);
    }
    if (object.isDeleting())
        setHealth(value, client::ObjectHealth::Deleting, "Deleting", value.message);
    return value;
}

}  // namespace kubefed::controller

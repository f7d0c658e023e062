// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/member_status.h"

#include "kubefed/kube/patch.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::controller {
namespace {

fed::Condition readyCondition(const Member& member, fed::Phase phase, const std::string& failing,
                              const fed::HealthConfig& health) {
    fed::Condition condition;
    condition.type = fed::kReadyCondition;
    condition.status = "False";
    condition.reason = fed::toString(phase);
    condition.observedGeneration = member.cluster.generation;
    if (member.isLeaving()) {
        condition.message =
            member.deletesObjects && !member.isReachable()
                ? "waits for the cluster, which cannot be reached, to remove what was propagated there; "
                  "kubefed unjoin --force lets it go"
                : "the cluster is leaving the federation";
    } else if (member.link == nullptr) {
        condition.reason = "NoCredentials";
        condition.message = member.problem;
    } else if (member.isReplaced()) {
        condition.reason = "ClusterReplaced";
        condition.message =
            "another cluster (uid " + member.identity->uid +
            ") answers under this name; nothing is written to it until it is confirmed: kubefed join " +
            member.name + " --replace";
    } else if (member.isNameless()) {
        condition.reason = "NotIdentified";
        condition.message =
            "the cluster answers, but does not say which one it is: " + member.identityProblem +
            "; nothing is written to it; kubefed join " + member.name + " again restores the rights";
    } else if (phase == fed::Phase::Ready || phase == fed::Phase::Degraded) {
        condition.status = "True";
        condition.message = !failing.empty() ? failing : fed::describe(member.health, health);
        if (phase == fed::Phase::Ready)
            condition.message.clear();
    } else {
        condition.message = fed::describe(member.health, health);
    }
    return condition;
}

}  // namespace

fed::MemberClusterStatus statusOf(const Member& member, fed::MemberClusterStatus::Objects counts,
                                  const fed::HealthConfig& health, std::string_view now) {
    std::string failing;
    for (const auto& [kind, problem] : member.store->problems())
        failing +=
            (failing.empty() ? "" : "; ") + std::string(fed::enabledKinds()[kind].resource) + ": " + problem;
    if (member.gaveUp)
        for (const auto& [kind, why] : member.store->unlisted())
            failing += (failing.empty() ? "" : "; ") + std::string(fed::enabledKinds()[kind].resource) +
                       " cannot be listed: " + why;
    if (counts.failed > 0)
        failing += (failing.empty() ? "" : "; ") + std::to_string(counts.failed) +
                   (counts.failed == 1 ? " object fails" : " objects fail");
    const fed::Phase phase = member.phase(!failing.empty());

    fed::MemberClusterStatus status = member.cluster.status;
    status.observedGeneration = member.cluster.generation;
    status.phase = phase;
    fed::setCondition(status.conditions, readyCondition(member, phase, failing, health), now);
    if (member.identity && !member.isReplaced()) {
        status.clusterUid = member.identity->uid;
        status.kubernetesVersion = member.identity->gitVersion;
        status.apis = member.identity->apis;
    }
    if (member.nodes) {
        status.nodes = fed::MemberClusterStatus::Nodes{member.nodes->ready, member.nodes->total};
        status.allocatable.clear();
        for (const auto& [resource, milli] : member.nodes->allocatableMilli)
            status.allocatable[resource] =
                (resource == "cpu" ? kube::Quantity::fromMilli(milli)
                 : resource == "memory" || resource == "ephemeral-storage"
                     ? kube::Quantity::fromUnits(milli / 1000, kube::Quantity::Format::BinarySi)
                     : kube::Quantity::fromUnits(milli / 1000))
                    .canonical();
    }
    if (member.health.contacted) {
        status.lastContactTime = toRfc3339(member.health.lastContact);
        status.latencyMillis = member.health.latency.count();
    }
    status.credentialsExpireAt = member.credentialsExpireAt;
    // Of a member that cannot be seen, the last figures stand.
    if (member.isReachable() && member.store->isSettled())
        status.objects = counts;
    return status;
}

bool differs(const fed::MemberClusterStatus& a, const fed::MemberClusterStatus& b) {
    fed::MemberClusterStatus left = a;
    left.lastContactTime = b.lastContactTime;
    left.latencyMillis = b.latencyMillis;
    return !(left == b);
}

std::string statusPatch(const fed::MemberClusterStatus& from, const fed::MemberClusterStatus& to) {
    kube::JsonObject body;
    body["status"] = kube::makeMergePatch(fed::encode(from), fed::encode(to));
    return kube::printJson(body);
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/member_status.h"

#include "kubefed/kube/patch.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::controller {
namespace {

std::string objects(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " object" : " objects");
}

std::string leavingMessage(const Member& member) {
    if (!member.deletesObjects)
        return "the cluster is leaving the federation";
    // A controller that was started since has not seen what is there.
    const auto seen = static_cast<std::int64_t>(member.store->size());
    const auto& told = member.cluster.status.objects;
    const std::int64_t left = seen == 0 && told && !member.isReachable() ? told->desired : seen;
    if (member.isReachable())
        return "the cluster is leaving the federation; " + objects(left) + " to be removed there";
    return "the cluster cannot be reached, and the " + objects(left) +
           " propagated there are to be removed first: it waits for the cluster; kubefed unjoin --force lets "
           "it go";
}

fed::Condition readyCondition(const Member& member, fed::Phase phase, const std::string& failing) {
    fed::Condition condition;
    condition.type = fed::kReadyCondition;
    condition.status = "False";
    condition.reason = fed::toString(phase);
    condition.observedGeneration = member.cluster.generation;
    if (member.isLeaving()) {
        condition.message = leavingMessage(member);
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
        condition.message = !failing.empty() ? failing : fed::describe(member.health, member.healthCheck());
        if (phase == fed::Phase::Ready)
            condition.message.clear();
    } else {
        condition.message = fed::describe(member.health, member.healthCheck());
    }
    return condition;
}

}  // namespace

std::string describeFailures(std::int64_t refused, const fed::PodReasons& podFailures) {
    std::int64_t count = refused;
    for (const auto& [reason, workloads] : podFailures)
        count += workloads;
    if (count == 0)
        return {};
    const std::string commonest = fed::commonestReason(podFailures);
    return objects(count) + (count == 1 ? " fails" : " fail") + (commonest.empty() ? "" : ": ") + commonest;
}

fed::MemberClusterStatus statusOf(const Member& member, fed::MemberClusterStatus::Objects counts,
                                  std::string_view now) {
    std::string failing;
    for (const auto& [kind, problem] : member.store->problems())
        failing +=
            (failing.empty() ? "" : "; ") + std::string(fed::enabledKinds()[kind].resource) + ": " + problem;
    if (member.gaveUp)
        for (const auto& [kind, why] : member.store->unlisted())
            failing += (failing.empty() ? "" : "; ") + std::string(fed::enabledKinds()[kind].resource) +
                       " cannot be listed: " + why;
    if (const std::string of = describeFailures(counts.failed, member.podFailures); !of.empty())
        failing += (failing.empty() ? "" : "; ") + of;
    const fed::Phase phase = member.phase(!failing.empty());

    fed::MemberClusterStatus status = member.cluster.status;
    status.observedGeneration = member.cluster.generation;
    status.phase = phase;
    fed::setCondition(status.conditions, readyCondition(member, phase, failing), now);
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

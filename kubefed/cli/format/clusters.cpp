// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/clusters.h"

#include <algorithm>

namespace kubefed::cli {
namespace {

std::string phaseText(const fed::MemberCluster& member) {
    std::string text(member.isDeleting     ? "Leaving"
                     : member.status.phase ? std::string(fed::toString(*member.status.phase))
                                           : std::string("Joining"));
    return member.spec.unschedulable ? text + ",Cordoned" : text;
}

std::string ratio(std::int64_t part, std::int64_t whole, bool known) {
    return (known ? std::to_string(part) : "?") + "/" + std::to_string(whole);
}

}  // namespace

Table clusterTable(const std::vector<fed::MemberCluster>& members, WallTime now) {
    Table table;
    table.headers = {"NAME", "STATUS", "SEEN", "VERSION", "NODES", "SYNCED", "LATENCY", "REASON", "AGE"};
    std::vector<const fed::MemberCluster*> sorted;
    for (const auto& member : members)
        sorted.push_back(&member);
    std::ranges::sort(sorted, {}, [](const fed::MemberCluster* member) { return member->name; });
    for (const fed::MemberCluster* member : sorted) {
        const fed::MemberClusterStatus& status = member->status;
        // Figures of a cluster that does not answer are history, not state.
        const bool reachable = status.phase && *status.phase != fed::Phase::Unreachable &&
                               *status.phase != fed::Phase::Unauthorized &&
                               *status.phase != fed::Phase::Joining;
        std::string reason;
        const fed::Condition* ready = fed::findCondition(status.conditions, fed::kReadyCondition);
        const bool degraded = status.phase && *status.phase == fed::Phase::Degraded;
        if (ready != nullptr && (!ready->isTrue() || degraded))
            reason = ready->message.empty() ? ready->reason : ready->message;
        table.rows.push_back(
            {member->name, phaseText(*member),
             status.lastContactTime.empty() ? "never" : ageSince(status.lastContactTime, now),
             status.kubernetesVersion.empty() ? "?" : status.kubernetesVersion,
             reachable && status.nodes ? ratio(status.nodes->ready, status.nodes->total, true) : "?",
             status.objects ? ratio(status.objects->synced, status.objects->desired, reachable) : "?",
             reachable && status.latencyMillis ? std::to_string(*status.latencyMillis) + "ms" : "-", reason,
             ageSince(member->creationTimestamp, now)});
    }
    return table;
}

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/clusters.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "kubefed/client/level.h"

namespace kubefed::cli {
namespace {

using client::Level;
using Ratio = std::optional<std::pair<std::int64_t, std::int64_t>>;

// What is only remembered to be well is not known to be.
Level levelOf(const client::Cluster& cluster, client::TimeMs now, const client::FleetInfo& info) {
    const Level level = client::levelOf(cluster.phase);
    return level < Level::Unknown && client::isOld(cluster, now, info) ? Level::Unknown : level;
}

// One member, whoever told of it.
struct Line {
    std::string name;
    Level level = Level::Good;
    std::string phase;
    bool cordoned = false;
    bool isReachable = false;  // figures of one that does not answer are history, not state
    std::string seen;
    std::string version;
    Ratio nodes;
    Ratio objects;
    std::optional<std::int64_t> latency;
    std::string reason;
    std::string age;
};

std::string ratio(const Ratio& value, bool isKnown) {
    if (!value)
        return "?";
    return (isKnown ? std::to_string(value->first) : "?") + "/" + std::to_string(value->second);
}

std::vector<std::string> cells(const Line& line) {
    return {line.name,
            line.cordoned ? line.phase + ",Cordoned" : line.phase,
            line.seen,
            line.version.empty() ? "?" : line.version,
            line.isReachable ? ratio(line.nodes, true) : "?",
            ratio(line.objects, line.isReachable),
            line.isReachable && line.latency ? std::to_string(*line.latency) + "ms" : "-",
            line.reason,
            line.age};
}

Table emptyTable() {
    Table table;
    table.headers = {"NAME", "STATUS", "SEEN", "VERSION", "NODES", "SYNCED", "LATENCY", "REASON", "AGE"};
    return table;
}

Line lineOf(const fed::MemberCluster& member, WallTime now) {
    const fed::MemberClusterStatus& status = member.status;
    Line line{.name = member.name, .cordoned = member.spec.unschedulable};
    line.phase = member.isDeleting ? "Leaving" : fed::toString(status.phase.value_or(fed::Phase::Joining));
    line.level = client::levelOf(client::parsePhase(line.phase));
    line.isReachable = status.phase && *status.phase != fed::Phase::Unreachable &&
                       *status.phase != fed::Phase::Unauthorized && *status.phase != fed::Phase::Joining;
    line.seen = status.lastContactTime.empty() ? "never" : ageSince(status.lastContactTime, now);
    line.version = status.kubernetesVersion;
    if (status.nodes)
        line.nodes.emplace(status.nodes->ready, status.nodes->total);
    if (status.objects)
        line.objects.emplace(status.objects->synced, status.objects->desired);
    line.latency = status.latencyMillis;
    const fed::Condition* ready = fed::findCondition(status.conditions, fed::kReadyCondition);
    const bool degraded = status.phase && *status.phase == fed::Phase::Degraded;
    if (ready != nullptr && (!ready->isTrue() || degraded))
        line.reason = ready->message.empty() ? ready->reason : ready->message;
    line.age = ageSince(member.creationTimestamp, now);
    return line;
}

std::string agoText(client::TimeMs time, client::TimeMs now, std::string_view never) {
    return time == 0 ? std::string(never) : age(Duration(now - time));
}

Line lineOf(const client::Cluster& cluster, client::TimeMs now, const client::FleetInfo& info = {}) {
    using client::Phase;
    Line line{.name = cluster.name, .level = levelOf(cluster, now, info), .cordoned = cluster.unschedulable};
    line.phase = client::toString(cluster.phase);
    line.isReachable =
        cluster.phase == Phase::Ready || cluster.phase == Phase::Degraded || cluster.phase == Phase::Leaving;
    line.seen = agoText(cluster.lastContact, now, "never");
    line.version = cluster.kubernetesVersion;
    if (cluster.nodes)
        line.nodes.emplace(cluster.nodes->ready, cluster.nodes->total);
    if (cluster.objects)
        line.objects.emplace(cluster.objects->synced, cluster.objects->desired);
    line.latency = cluster.latency;
    line.reason = cluster.message.empty() ? cluster.reason : cluster.message;
    line.age = agoText(cluster.created, now, "<unknown>");
    return line;
}

Table tableOf(std::vector<Line> lines) {
    std::ranges::sort(lines, [](const Line& a, const Line& b) {
        return std::tie(b.level, a.name) < std::tie(a.level, b.name);
    });
    Table table = emptyTable();
    for (const Line& line : lines)
        table.rows.push_back(cells(line));
    return table;
}

}  // namespace

Table clusterTable(const std::vector<fed::MemberCluster>& members, WallTime now, const LiveView& live) {
    std::map<std::string_view, const client::Cluster*> known;
    for (const client::Cluster& cluster : live.clusters)
        known.emplace(cluster.name, &cluster);
    std::vector<Line> lines;
    for (const fed::MemberCluster& member : members) {
        const auto there = known.find(member.name);
        lines.push_back(there == known.end() ? lineOf(member, now)
                                             : lineOf(*there->second, live.now, live.info));
    }
    return tableOf(std::move(lines));
}

Table clusterTable(std::span<const client::Cluster* const> clusters, client::TimeMs now,
                   const client::FleetInfo& info) {
    std::vector<Line> lines;
    for (const client::Cluster* cluster : clusters)
        lines.push_back(lineOf(*cluster, now, info));
    return tableOf(std::move(lines));
}

std::vector<std::string> leftRow(const client::Cluster& cluster, client::TimeMs now) {
    Line line = lineOf(cluster, now);
    line.phase = "Left";
    line.isReachable = false;
    line.reason.clear();
    return cells(line);
}

std::string changeKey(const client::Cluster& cluster) {
    client::Cluster still = cluster;
    still.lastContact = 0;
    still.latency.reset();
    std::string key;
    for (const std::string& cell : cells(lineOf(still, 0)))
        key += cell + "\n";
    return key;
}

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/summary.h"

#include <algorithm>
#include <map>
#include <utility>

#include "gui/model/object_table_model.h"

namespace kubefed::gui {

using namespace client;

namespace {

using Counts = std::map<std::pair<int, QString>, int>;  // by falling urgency

std::vector<Tally> tally(const Counts& counts) {
    std::vector<Tally> result;
    for (const auto& [state, number] : counts)
        result.push_back({state.second, static_cast<Level>(-state.first), number});
    return result;
}

QString causeOf(const Cluster& cluster, TimeMs now, const FleetInfo& info) {
    if (!cluster.message.empty())
        return text(cluster.message);
    if (!cluster.reason.empty())
        return text(cluster.reason);
    return levelOf(cluster.phase) == Level::Good && isOld(cluster, now, info) ? QString("not heard of")
                                                                              : nameOf(cluster.phase);
}

// Clusters before objects: what is wrong with a cluster is often why its objects fail. Then the older one.
bool isWorse(const Trouble& a, const Trouble& b) {
    if (a.level != b.level)
        return a.level > b.level;
    if ((a.cluster != 0) != (b.cluster != 0))
        return a.cluster != 0;
    return std::tie(a.since, a.subject) < std::tie(b.since, b.subject);
}

}  // namespace

Summary summarize(const Fleet& fleet, TimeMs now) {
    Summary summary;
    Counts clusters;
    Counts objects;
    std::vector<Trouble> troubles;
    for (const auto& [number, cluster] : fleet.clusters()) {
        const Level level = levelOf(cluster, now, fleet.info());
        const bool isSilent = levelOf(cluster.phase) < Level::Unknown && level == Level::Unknown;
        ++clusters[{-static_cast<int>(level), isSilent ? QString("silent") : nameOf(cluster.phase)}];
        if (level >= Level::Unknown)
            troubles.push_back({text(cluster.name), causeOf(cluster, now, fleet.info()), level,
                                isSilent ? cluster.lastContact : cluster.phaseSince, number, 0});
    }
    for (const auto& [number, object] : fleet.objects()) {
        const Level level = levelOf(object.health);
        ++objects[{-static_cast<int>(level), nameOf(object.health)}];
        if (level >= Level::Warn) {
            const QString cause = reasonOf(object);
            troubles.push_back({text(object.id.ns) + '/' + text(object.id.name),
                                cause.isEmpty() ? nameOf(object.health) : cause, level, object.since, 0,
                                number});
        }
    }
    summary.clusters = static_cast<int>(fleet.clusters().size());
    summary.objects = static_cast<int>(fleet.objects().size());
    summary.clusterTally = tally(clusters);
    summary.objectTally = tally(objects);
    summary.troubles = static_cast<int>(troubles.size());
    const auto end =
        troubles.begin() + static_cast<std::ptrdiff_t>(std::min(troubles.size(), Summary::kWorst));
    std::ranges::partial_sort(troubles, end, isWorse);
    troubles.erase(end, troubles.end());
    summary.worst = std::move(troubles);
    return summary;
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/summary.h"

#include <algorithm>
#include <map>
#include <utility>

#include "gui/model/state.h"

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
        const State state = stateOf(cluster, now, fleet.info());
        ++clusters[{-static_cast<int>(state.level), state.name}];
        if (state.level >= Level::Unknown)
            troubles.push_back({text(cluster.name), state.reason.isEmpty() ? state.name : state.reason,
                                state.level, state.since, number, 0});
    }
    for (const auto& [number, object] : fleet.objects()) {
        const Level level = levelOf(object, fleet, now);
        ++objects[{-static_cast<int>(level),
                   nameOf(level == Level::Unknown ? ObjectHealth::Unknown : object.health)}];
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

std::vector<TallyLine> linesOf(const std::vector<Tally>& tallies, std::size_t most) {
    std::vector<TallyLine> lines;
    for (const Tally& tally : tallies) {
        if (lines.size() < most) {
            lines.push_back({tally, "status=" + tally.name.toLower()});
            continue;
        }
        TallyLine& last = lines.back();
        last.tally.name = "others";
        last.tally.count += tally.count;
        last.filter += ',' + tally.name.toLower();
    }
    return lines;
}

}  // namespace kubefed::gui

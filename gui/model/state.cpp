// SPDX-License-Identifier: Apache-2.0
#include "gui/model/state.h"

#include <algorithm>

namespace kubefed::gui {

using namespace client;

namespace {

const Cluster* clusterOf(const Share& share, const Fleet& fleet) {
    return share.state == "Left" ? nullptr : fleet.cluster(share.cluster);
}

bool isOldThere(const Share& share, const Fleet& fleet, TimeMs now) {
    const Cluster* cluster = clusterOf(share, fleet);
    return cluster != nullptr && isOld(*cluster, now, fleet.info());
}

}  // namespace

bool isLost(const Cluster& cluster) {
    return cluster.phase == Phase::Unreachable || cluster.phase == Phase::Unauthorized;
}

State stateOf(const Cluster& cluster, TimeMs now, const FleetInfo& info) {
    State state{.name = nameOf(cluster.phase),
                .level = levelOf(cluster, now, info),
                .since = cluster.phaseSince,
                .isOld = isOld(cluster, now, info),
                .reason = text(cluster.message.empty() ? cluster.reason : cluster.message)};
    if (state.level == Level::Unknown && levelOf(cluster.phase) < Level::Unknown) {
        state.reason = "was " + state.name + " when it was last heard of";
        state.name = kSilent;
        state.since = cluster.lastContact;
    }
    return state;
}

Level levelOf(const Object& object, const Fleet& fleet, TimeMs now) {
    const Level level = levelOf(object.health);
    if (level < Level::Unknown && !fleet.info().seesClusters && !object.shares.empty())
        return Level::Quiet;
    const bool isKnown =
        level >= Level::Unknown || std::ranges::none_of(object.shares, [&](const Share& share) {
            return isOldThere(share, fleet, now);
        });
    return isKnown ? level : Level::Unknown;
}

Level levelOf(const Share& share, const Fleet& fleet) {
    const Level level = levelOf(share);
    return level < Level::Unknown && !fleet.info().seesClusters ? Level::Quiet : level;
}

State stateOf(const Object& object, const Fleet& fleet, TimeMs now) {
    State state{.name = nameOf(object.health),
                .level = levelOf(object, fleet, now),
                .since = object.since,
                .isOld = object.health == ObjectHealth::Unknown,
                .reason = reasonOf(object)};
    if (state.level != Level::Unknown || levelOf(object.health) == Level::Unknown)
        return state;
    std::int64_t silent = 0;
    TimeMs first = now;
    for (const Share& share : object.shares)
        if (isOldThere(share, fleet, now)) {
            ++silent;
            first = std::min(first, fleet.cluster(share.cluster)->lastContact);
        }
    const auto all = static_cast<std::int64_t>(object.shares.size());
    state.reason = QString("was %1; nothing is heard of %2 of %3")
                       .arg(state.name, count(silent), plural(all, "cluster", "clusters"));
    state.name = nameOf(ObjectHealth::Unknown);
    state.since = first;
    state.isOld = true;
    return state;
}

std::optional<std::int64_t> readyOf(const Share& share, const Fleet& fleet) {
    const Cluster* cluster = clusterOf(share, fleet);
    return share.state == "Unreachable" || (cluster != nullptr && isLost(*cluster)) ? std::nullopt
                                                                                    : share.ready;
}

std::optional<std::int64_t> readyOf(const Object& object, const Fleet& fleet) {
    const bool isKnown = std::ranges::all_of(object.shares, [&](const Share& share) {
        return share.desired.value_or(0) == 0 || readyOf(share, fleet) == share.ready;
    });
    return isKnown ? object.ready : std::nullopt;
}

QString reasonOf(const Object& object) {
    if (!object.message.empty())
        return text(object.message);
    if (!object.reason.empty() && levelOf(object.health) != Level::Good)
        return text(object.reason);
    if (object.unplaced > 0)
        return plural(object.unplaced, "replica found", "replicas found") + " no place";
    return {};
}

}  // namespace kubefed::gui

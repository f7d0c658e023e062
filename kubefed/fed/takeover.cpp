// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/takeover.h"

#include <algorithm>

#include "kubefed/fed/names.h"

namespace kubefed::fed {
namespace {

bool mayStay(const Fleet& fleet, const std::string& cluster) {
    const auto index = fleet.indexOf(cluster);
    return index && fleet.clusters()[*index].phase != Phase::Leaving;
}

bool takesAway(const Decision& made, const Takeover& takeover) {
    return std::ranges::any_of(takeover.last.clusters, [&](const ClusterShare& before) {
        if (!mayStay(takeover.fleet, before.name))
            return false;  // nobody could keep it there
        const ClusterShare* after = made.spec.find(before.name);
        return after == nullptr || after->replicas.value_or(0) < before.replicas.value_or(0);
    });
}

bool isDefault(const Policy& policy) {
    return !policy.isNamespaced() && policy.ref.name == kDefaultPolicyName;
}

std::int64_t sumOf(const PlacementSpec& spec) {
    std::int64_t sum = 0;
    for (const ClusterShare& share : spec.clusters)
        sum += share.replicas.value_or(0);
    return sum;
}

}  // namespace

bool isUndecided(const PlacementSpec* last) {
    return last == nullptr || last->policy.isEmpty();
}

std::optional<PlacementSpec> withFound(const PlacementSpec* last, const TemplateRef& source,
                                       const std::vector<ClusterShare>& found) {
    PlacementSpec spec;
    if (last != nullptr)
        spec = *last;
    spec.source = source;
    for (const ClusterShare& share : found)
        if (std::ranges::find(spec.clusters, share.name, &ClusterShare::name) == spec.clusters.end())
            spec.clusters.push_back(share);
    std::ranges::sort(spec.clusters, {}, &ClusterShare::name);
    return spec.clusters.empty() ? std::nullopt : std::optional(std::move(spec));
}

Decision takeOver(Decision made, const Takeover& takeover) {
    const PlacementSpec& last = takeover.last;
    if (made.keepsLast)
        return made;
    const std::int64_t wanted = made.spec.replicas.value_or(0);
    const bool isRescaled = last.replicas && *last.replicas != wanted;
    const bool isHeld = takeover.isSettling
                            ? made.spec.clusters != last.clusters || made.spec.unplaced > 0
                            : isDefault(takeover.policy) && !isRescaled && takesAway(made, takeover);
    if (!isHeld)
        return made;
    Decision held;
    held.reason = kReasonTakingOver;
    held.keepsLast = true;
    held.spec = last;
    held.spec.onDelete = made.spec.onDelete;
    std::erase_if(held.spec.clusters,
                  [&](const ClusterShare& share) { return !mayStay(takeover.fleet, share.name); });
    if (made.spec.replicas && !held.spec.replicas)
        held.spec.replicas = wanted;
    held.spec.unplaced = made.spec.replicas ? std::max<std::int64_t>(wanted - sumOf(held.spec), 0) : 0;
    held.message = "what members were found to hold is taken over as it is";
    held.message += takeover.isSettling
                        ? "; a cluster has joined just now, and others may follow: then it is decided"
                        : ", for policy \"" + takeover.policy.ref.text() +
                              "\" would take some of it away: create a policy for this object, or change "
                              "spec.replicas";
    return held;
}

}  // namespace kubefed::fed

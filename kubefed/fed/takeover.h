// SPDX-License-Identifier: Apache-2.0
//
// Taking over what members already hold under the federation's id: the store was lost, and clusters,
// templates and policies come back one by one, in any order. Until all have come, every decision is made on
// half the knowledge; so the first ones leave what was found as it is. Pure functions; any thread.
#pragma once

#include <optional>

#include "kubefed/fed/fleet.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::fed {

// No policy has decided yet: nothing is placed, or only what members were found to hold. (Of what follows its
// users no policy ever decides; that is for the caller to know.)
[[nodiscard]] bool isUndecided(const PlacementSpec* last);

// `last` (null: there is no Placement), with what members were found to hold where it names no cluster yet.
// Nothing where neither names any.
[[nodiscard]] std::optional<PlacementSpec> withFound(const PlacementSpec* last, const TemplateRef& source,
                                                     const std::vector<ClusterShare>& found);

struct Takeover {
    const Fleet& fleet;
    const PlacementSpec& last;  // undecided, and names clusters
    const Policy& policy;       // that made the decision
    bool isSettling = false;    // a cluster was listed for the first time just now: others may follow
};
// The decision as it was made, or what was found as it is, with TakingOver: while clusters may still come
// back nothing moves; and for the policy `default` alone nothing is ever taken away, since a policy of the
// object's own may still come (a Duplicate holds more than the template says). A new total, a policy of the
// object's own, or a decision that only adds ends it.
[[nodiscard]] Decision takeOver(Decision made, const Takeover& takeover);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// What decisions still owe: the clusters that they dropped, where the object is still to be removed. It is
// written down with the decision itself, and allows a removal only in the very cluster that was dropped: one
// that left the federation and joined again, under whatever name, owes nothing. Pure functions; any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/fed/types.h"

namespace kubefed::fed {

// By name of the cluster: the UID of its MemberCluster. Empty: noted by a version that knew only names; it
// allows nothing until removalsAfter() has found out whom it means.
using Removals = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] Removals parseRemovals(std::string_view text);
[[nodiscard]] std::string print(const Removals& removals);

[[nodiscard]] bool isOwed(const Removals& removals, std::string_view cluster, std::string_view memberUid);
// As isOwed(), or it is not known yet whom an entry without UID means: then nothing is over there either.
[[nodiscard]] bool mayBeOwed(const Removals& removals, std::string_view cluster, std::string_view memberUid);

// A cluster as it is now.
struct RemovalSite {
    std::string uid;  // of its MemberCluster
    bool isLeaving = false;
    bool isEmpty = false;  // it is certain that the object is not there, nor about to come
};
// Nothing for a name under which no cluster is joined.
using FindSite = std::function<std::optional<RemovalSite>(std::string_view cluster)>;

// What is owed once `next` follows `last` (the decision in force; null: there was none). An entry ends when
// the object is gone, when its cluster has left, and when a decision chooses the cluster again. What becomes
// of a leaving cluster's objects is for unjoin to say: no decision owes anything there.
[[nodiscard]] Removals removalsAfter(const Removals& owed, const PlacementSpec* last,
                                     const PlacementSpec& next, const FindSite& find);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// follow(): where something goes that no policy decides: Services to the pods that they select, ConfigMaps,
// Secrets and ServiceAccounts to what names them, each of those a leader. What uses it and is left behind
// in a cluster goes on needing it there, also once nothing but this decision remembers it. Pure functions;
// any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "kubefed/fed/schedule.h"

namespace kubefed::fed {

struct Leader {
    const PlacementSpec* spec = nullptr;  // the decision in force
    // What stands of it in clusters stays as it is, and no decision moves it any more: it is no template any
    // more, or is being deleted with Orphan.
    bool isLeft = false;
    // Further clusters where it may stand: decisions dropped them, and its removal there, which was not done
    // by then, is not done while it is left.
    std::vector<std::string> owed = {};
};

struct Following {
    std::span<const Leader> leaders;
    bool isPending = false;   // one more of them is not decided yet: nothing is dropped on half the knowledge
    bool hasSelector = true;  // false: a Service that selects nothing
    const PlacementSpec* last = nullptr;  // null: there is no Placement yet
    // Is one that was left behind a template again, of which a decision speaks for the cluster: wants it
    // there, or has its removal from there still to be done?
    std::function<bool(const LeftBehind&, std::string_view cluster)> isDecidedAgain;
    std::function<bool(std::string_view cluster)> isJoined;
};

// The union of the clusters of its leaders and of those where one was left behind. Nothing to follow keeps
// the last decision, with NoSelectedPods or NotReferenced.
[[nodiscard]] Decision follow(const KindTraits& kind, const Following& following);

// So many are left behind by name, at most: a Placement is one object of limited size, and names that are
// generated may never end.
constexpr std::size_t kMaxNamedLeft = 64;

// Who is left behind, once this is decided: at most kMaxNamedLeft by name, and one entry for all others. An
// entry ends in a cluster that leaves, and, by name, where a decision for a template of the name speaks for
// the cluster again.
[[nodiscard]] std::vector<LeftBehind> leftBehind(const Following& following);

// Does `follower` say that `leader`, or one that it does not name, was left behind in the cluster?
[[nodiscard]] bool isLeftBehind(const PlacementSpec& follower, const TemplateRef& leader,
                                std::string_view cluster);

}  // namespace kubefed::fed

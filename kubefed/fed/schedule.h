// SPDX-License-Identifier: Apache-2.0
//
// schedule(): which clusters get an object, how many replicas, and why. A function of its input alone: equal
// input gives equal output, whatever the order of clusters or threads. Whatever fails, the last decision
// stays in force: a Decision then repeats it and says why. It never throws and never loses a placement.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/fed/explanation.h"
#include "kubefed/fed/kinds.h"
#include "kubefed/fed/policy_match.h"
#include "kubefed/fed/policy_round.h"
#include "kubefed/fed/reasons.h"
#include "kubefed/fed/types.h"

namespace kubefed::fed {

struct Decision {
    bool scheduled = false;  // the condition Scheduled
    std::string reason;      // see reasons.h
    std::string message;
    // What Placement.spec should say from now on (source is the caller's). Where the last decision stays in
    // force, its clusters, replicas and policy unchanged.
    PlacementSpec spec;
    bool keepsLast = false;
    std::shared_ptr<const Explanation> explanation;  // null unless asked for, or where no round was made
};

struct ScheduleInput {
    FleetPtr fleet;
    Workload workload;
    const PlacementSpec* last = nullptr;  // null: there is no Placement yet
    const Policy* policy = nullptr;       // null: none governs
    // The policy's plugins, or why they cannot be had (then PolicyError).
    PolicyRound* round = nullptr;
    std::string roundError;
    bool explain = true;
};

[[nodiscard]] Decision schedule(const ScheduleInput& input);

// What is to be placed, from a template and the decision in force; `ready` by cluster name where known.
[[nodiscard]] Workload makeWorkload(const KindTraits& kind, const kube::Object& object,
                                    const PlacementSpec* last,
                                    std::span<const ClusterObjectStatus> status = {});

// The last decision as it is (null: none), with the reason why there is no new one.
[[nodiscard]] Decision keepLast(const PlacementSpec* last, std::string_view reason, std::string message);

// No policy governs (see policy_match.h): the last decision, with NoPolicy.
[[nodiscard]] Decision withoutPolicy(const PlacementSpec* last, const Governance& governance);

// "spec.replicas changed from 6 to 9": what a decision was made for, for the explanation.
[[nodiscard]] std::string becauseOf(const PlacementSpec* last, const PlacementSpec& next);

}  // namespace kubefed::fed

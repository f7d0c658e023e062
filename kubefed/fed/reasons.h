// SPDX-License-Identifier: Apache-2.0
//
// The reasons of the condition Scheduled (Suspended and NotPropagated also of what stands in a cluster),
// stable for scripts; docs/reference/reasons.md says what each means and what to do. Constants.
#pragma once

#include <string_view>

namespace kubefed::fed {

inline constexpr std::string_view kReasonScheduled = "Scheduled";          // True: everything is placed
inline constexpr std::string_view kReasonFollows = "Follows";              // True: where its users are
inline constexpr std::string_view kReasonUnplaced = "Unplaced";            // some replicas found no place
inline constexpr std::string_view kReasonNoClusterFits = "NoClusterFits";  // the last decision stays
inline constexpr std::string_view kReasonNoPolicy = "NoPolicy";            // the last decision stays
inline constexpr std::string_view kReasonPolicyError = "PolicyError";      // the last decision stays
inline constexpr std::string_view kReasonSuspended = "Suspended";          // the last decision stays
inline constexpr std::string_view kReasonNotPropagated = "NotPropagated";  // no template; what stands stays
inline constexpr std::string_view kReasonTakingOver = "TakingOver";        // what members hold stays
inline constexpr std::string_view kReasonWaitingForMembers = "WaitingForMembers";  // for their first lists
inline constexpr std::string_view kReasonNoSelectedPods = "NoSelectedPods";  // a Service that selects nothing
inline constexpr std::string_view kReasonNotReferenced = "NotReferenced";    // a dependent that nothing names

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// MemberCluster.status from what is known of a member. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "controller/membership/member.h"

namespace kubefed::controller {

// "2 objects fail: ImagePullBackOff ×2"; empty: none does. `refused`: writes that fail; `podFailures`: how
// many objects have pods that fail, by the commonest reason of each.
[[nodiscard]] std::string describeFailures(std::int64_t refused, const fed::PodReasons& podFailures);
[[nodiscard]] fed::MemberClusterStatus statusOf(const Member& member,
                                                fed::MemberClusterStatus::Objects counts,
                                                std::string_view now);
// Does anything differ but figures that change all the time (last contact, latency)?
[[nodiscard]] bool differs(const fed::MemberClusterStatus& a, const fed::MemberClusterStatus& b);
// The merge patch of the status subresource that makes `from` into `to`.
[[nodiscard]] std::string statusPatch(const fed::MemberClusterStatus& from,
                                      const fed::MemberClusterStatus& to);

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// A decision that was made offline, for people and for programs, and what differs from what was expected of
// it. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "kubefed/cli/policy/policy_case.h"
#include "kubefed/fed/schedule.h"
#include "kubefed/util/clock.h"

namespace kubefed::cli {

// As `kubefed why` tells it.
[[nodiscard]] std::string decisionText(const fed::Decision& decision, const PolicyCase& policyCase,
                                       WallTime now, bool wide);
// {case, placement, unplaced, reason, message, explanation}: always all of them; the explanation has no
// clusters where no round was made.
[[nodiscard]] kube::JsonObject decisionJson(const fed::Decision& decision, const PolicyCase& policyCase);

struct Difference {
    std::string what;  // "placement", "verdict of oregon"
    std::string expected;
    std::string got;
};
[[nodiscard]] std::vector<Difference> compare(const Expectation& expect, const fed::Decision& decision,
                                              const PolicyCase& policyCase);

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// A member's capacity and state in a few words. Pure; any thread.
#pragma once

#include <string>

#include "kubefed/fed/types.h"

namespace kubefed::cli {

// ": 12 nodes, 384 CPU, 1.5 Ti memory"; empty while nothing is known.
[[nodiscard]] std::string clusterSummary(const fed::MemberClusterStatus& status);

}  // namespace kubefed::cli

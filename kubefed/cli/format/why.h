// SPDX-License-Identifier: Apache-2.0
//
// A Placement told as an answer to "why is it there?": the decision, its cause, and a line for each cluster.
// Pure; any thread.
#pragma once

#include <string>

#include "kubefed/fed/types.h"
#include "kubefed/util/clock.h"

namespace kubefed::cli {

// What `command` -o wide would tell besides; empty: nothing was judged.
[[nodiscard]] std::string whyHint(const fed::Placement& placement, const std::string& command);
[[nodiscard]] std::string whyText(const fed::Placement& placement, WallTime now, bool wide);

}  // namespace kubefed::cli

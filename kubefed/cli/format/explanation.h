// SPDX-License-Identifier: Apache-2.0
//
// A full explanation as `why -o wide` prints it: every cluster with its verdict, and below it what each
// plugin said of it, stage by stage. Pure; any thread.
#pragma once

#include <string>

#include "kubefed/client/fleet_types.h"

namespace kubefed::cli {

[[nodiscard]] std::string explanationText(const client::Explanation& explanation, client::TimeMs now);

}  // namespace kubefed::cli

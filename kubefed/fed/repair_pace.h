// SPDX-License-Identifier: Apache-2.0
//
// How fast one object in one cluster is repaired: at once, unless somebody there changes it again and again.
// Two controllers that fight over a field would else write at the speed of a round trip, for ever. Pure; any
// thread.
#pragma once

#include "kubefed/util/clock.h"

namespace kubefed::fed {

struct RepairPace {
    int repairs = 0;
    SteadyTime first{};
    SteadyTime last{};
};

// Five repairs within a minute are free; each further one waits twice as long, from a second up to five
// minutes, until nothing had to be repaired for a minute after such a wait. Zero: now.
[[nodiscard]] Duration repairWait(const RepairPace& pace, SteadyTime now);
void noteRepair(RepairPace& pace, SteadyTime now);
[[nodiscard]] bool isContested(const RepairPace& pace, SteadyTime now);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/repair_pace.h"

#include <algorithm>

namespace kubefed::fed {
namespace {

constexpr int kFree = 5;
constexpr Duration kWindow{60'000};
constexpr Duration kFirst{1'000};
constexpr Duration kLongest{300'000};

Duration pauseAfter(int repairs) {
    Duration pause = kFirst;
    for (int i = kFree; i < repairs && pause < kLongest; ++i)
        pause *= 2;
    return repairs < kFree ? Duration{0} : std::min(pause, kLongest);
}

bool isCalm(const RepairPace& pace, SteadyTime now) {
    return pace.repairs < kFree ? now - pace.first > kWindow
                                : now - pace.last > pauseAfter(pace.repairs) + kWindow;
}

}  // namespace

bool isContested(const RepairPace& pace, SteadyTime now) {
    return pace.repairs >= kFree && !isCalm(pace, now);
}

Duration repairWait(const RepairPace& pace, SteadyTime now) {
    if (!isContested(pace, now))
        return Duration{0};
    return std::max(std::chrono::ceil<Duration>(pace.last + pauseAfter(pace.repairs) - now), Duration{0});
}

void noteRepair(RepairPace& pace, SteadyTime now) {
    if (isCalm(pace, now))
        pace.repairs = 0;
    if (pace.repairs++ == 0)
        pace.first = now;
    pace.last = now;
}

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// Time and timers, injected everywhere so that tests own both. A Clock belongs to one thread: its timers
// fire there. now() is monotonic and for durations and deadlines; wallNow() is for what people and
// Kubernetes objects show. Implementations: QtClock (event loop of its thread), FakeClock (tests/fakes).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "kubefed/util/request.h"

namespace kubefed {

using Duration = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual SteadyTime now() const = 0;
    [[nodiscard]] virtual WallTime wallNow() const = 0;
    // Calls `fire` once, `delay` from now, from the event loop (also for a zero delay: never from inside
    // this call). Timers of the same instant fire in the order in which they were made.
    [[nodiscard]] virtual Request after(Duration delay, std::move_only_function<void()> fire) = 0;
};

// RFC 3339 as Kubernetes writes it: seconds, UTC ("2026-11-22T23:26:43Z"); micro adds six digits.
[[nodiscard]] std::string toRfc3339(WallTime time);
[[nodiscard]] std::string toRfc3339Micro(WallTime time);
// Accepts fractions and zone offsets; an empty optional-like minimum time point is never returned:
// false leaves `time` untouched.
[[nodiscard]] bool parseRfc3339(std::string_view text, WallTime& time);

}  // namespace kubefed

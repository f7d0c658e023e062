// SPDX-License-Identifier: Apache-2.0
//
// The Clock of a Qt event loop: timers are precise QTimers of the thread on which after() is called.
// Holds no state; one per thread, made by that thread's composition root.
#pragma once

#include "kubefed/util/clock.h"

namespace kubefed {

class QtClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override;
    [[nodiscard]] WallTime wallNow() const override;
    [[nodiscard]] Request after(Duration delay, std::move_only_function<void()> fire) override;
};

}  // namespace kubefed

// SPDX-License-Identifier: Apache-2.0
//
// How many requests may be under way to one member: additive increase while answers come, multiplicative
// decrease when the member pushes back (429, 503, time-outs), and silence for as long as its Retry-After
// says. One per member, owned by that member's worker, on its thread. Nothing here fails; a slot taken must
// be given back with release().
#pragma once

#include <functional>
#include <optional>

#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"

namespace kubefed::cache {

struct LimiterConfig {
    double initial = 16;
    double minimum = 1;
    double maximum = 128;
    double decrease = 0.5;
    Duration defaultPause{1'000};  // for a 429 without Retry-After
    Duration maximumPause{60'000};
};

class AdaptiveLimiter {
public:
    // `onFree` comes from the event loop when a pause has ended; after release() ask again yourself.
    AdaptiveLimiter(Clock& clock, LimiterConfig config, std::function<void()> onFree);
    AdaptiveLimiter(const AdaptiveLimiter&) = delete;
    AdaptiveLimiter& operator=(const AdaptiveLimiter&) = delete;

    // True: a slot is taken.
    [[nodiscard]] bool tryAcquire();
    // Gives the slot back and learns from the outcome; nullptr: the request succeeded (an answer such as 409
    // or 404 is a success of the connection, too: it says nothing of load).
    void release(const Error* error);

    [[nodiscard]] double limit() const { return m_limit; }
    [[nodiscard]] int inFlight() const { return m_inFlight; }
    [[nodiscard]] bool isPaused() const { return m_pausedUntil.has_value(); }

private:
    void pause(Duration duration);

    Clock& m_clock;
    const LimiterConfig m_config;
    std::function<void()> m_onFree;
    double m_limit;
    int m_inFlight = 0;
    std::optional<SteadyTime> m_pausedUntil;
    std::optional<SteadyTime> m_lastDecrease;
    Request m_timer;
};

// `rate` tokens a second up to `burst` saved ones, where a fixed rate is wanted (probes, status writes).
class TokenBucket {
public:
    TokenBucket(Clock& clock, double rate, double burst);
    [[nodiscard]] bool tryTake();
    // How long until tryTake() succeeds; zero: now.
    [[nodiscard]] Duration untilNext() const;

private:
    [[nodiscard]] double filled() const;

    Clock& m_clock;
    const double m_rate;
    const double m_burst;
    double m_tokens;
    SteadyTime m_at;
};

}  // namespace kubefed::cache

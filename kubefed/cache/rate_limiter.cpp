// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cache/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace kubefed::cache {
namespace {

// Requests that were already under way when the limit fell fail as well; they must not lower it again.
constexpr Duration kDecreaseOnceIn{100};

bool isPushback(const Error& error) {
    if (error.status)
        return error.status->httpCode == 429 || error.status->httpCode == 503 ||
               error.status->httpCode == 504;
    return error.code == Code::DeadlineExceeded || error.code == Code::ResourceExhausted;
}

}  // namespace

AdaptiveLimiter::AdaptiveLimiter(Clock& clock, LimiterConfig config, std::function<void()> onFree)
    : m_clock(clock), m_config(config), m_onFree(std::move(onFree)), m_limit(config.initial) {}

bool AdaptiveLimiter::tryAcquire() {
    if (m_pausedUntil || m_inFlight >= static_cast<int>(m_limit))
        return false;
    ++m_inFlight;
    return true;
}

void AdaptiveLimiter::release(const Error* error) {
    const bool wasFull = m_inFlight >= static_cast<int>(m_limit);
    m_inFlight = std::max(0, m_inFlight - 1);
    if (error == nullptr || !isPushback(*error)) {
        // Growth only where the limit was felt: an idle member proves nothing about a higher one.
        if (wasFull && (error == nullptr || error->status))
            m_limit = std::min(m_config.maximum, m_limit + 1.0 / m_limit);
        return;
    }
    const SteadyTime now = m_clock.now();
    if (!m_lastDecrease || now - *m_lastDecrease >= kDecreaseOnceIn) {
        m_lastDecrease = now;
        m_limit = std::max(m_config.minimum, m_limit * m_config.decrease);
    }
    if (error->retryAfter)
        pause(*error->retryAfter);
    else if (error->status && error->status->httpCode == 429)
        pause(m_config.defaultPause);
}

void AdaptiveLimiter::pause(Duration duration) {
    const Duration bounded = std::min(duration, m_config.maximumPause);
    const SteadyTime until = m_clock.now() + bounded;
    if (m_pausedUntil && *m_pausedUntil >= until)
        return;
    m_pausedUntil = until;
    m_timer = m_clock.after(bounded, [this] {
        m_pausedUntil.reset();
        if (m_onFree)
            m_onFree();
    });
}

TokenBucket::TokenBucket(Clock& clock, double rate, double burst)
    : m_clock(clock), m_rate(rate), m_burst(burst), m_tokens(burst), m_at(clock.now()) {}

double TokenBucket::filled() const {
    const std::chrono::duration<double> since = m_clock.now() - m_at;
    return std::min(m_burst, m_tokens + since.count() * m_rate);
}

bool TokenBucket::tryTake() {
    const double tokens = filled();
    // Filling in steps sums up to a hair less than a whole token.
    if (tokens < 1.0 - 1e-9)
        return false;
    m_tokens = std::max(0.0, tokens - 1.0);
    m_at = m_clock.now();
    return true;
}

Duration TokenBucket::untilNext() const {
    const double missing = 1.0 - filled();
    return missing <= 1e-9 ? Duration::zero()
                           : Duration(static_cast<Duration::rep>(std::ceil(missing / m_rate * 1000)));
}

}  // namespace kubefed::cache

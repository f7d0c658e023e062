// SPDX-License-Identifier: Apache-2.0
//
// A Clock that stands still until a test moves it. advance() fires due timers in order of their time, then
// of their making, with now() at each one's own instant. Single thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "kubefed/util/clock.h"

namespace kubefed {

class FakeClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override { return SteadyTime{} + m_elapsed; }
    [[nodiscard]] WallTime wallNow() const override {
        return WallTime{} + std::chrono::hours{24 * 365 * 50} + m_elapsed;
    }
    [[nodiscard]] Request after(Duration delay, std::move_only_function<void()> fire) override {
        const Key key{m_elapsed + std::max(delay, Duration::zero()), m_next++};
        m_timers->emplace(key, std::move(fire));
        return Request(std::make_unique<TimerState>(m_timers, key));
    }

    void advance(Duration by) {
        const Duration end = m_elapsed + by;
        while (!m_timers->empty() && m_timers->begin()->first.first <= end) {
            auto node = m_timers->extract(m_timers->begin());
            m_elapsed = std::max(m_elapsed, node.key().first);
            node.mapped()();
        }
        m_elapsed = end;
    }
    [[nodiscard]] std::size_t pendingTimers() const { return m_timers->size(); }

private:
    using Key = std::pair<Duration, std::uint64_t>;
    using Timers = std::map<Key, std::move_only_function<void()>>;

    class TimerState final : public Request::State {
    public:
        TimerState(std::weak_ptr<Timers> timers, Key key) : m_timers(std::move(timers)), m_key(key) {}
        ~TimerState() override {
            if (const auto timers = m_timers.lock())
                timers->erase(m_key);
        }

    private:
        std::weak_ptr<Timers> m_timers;
        Key m_key;
    };

    Duration m_elapsed{0};
    std::uint64_t m_next = 0;
    std::shared_ptr<Timers> m_timers = std::make_shared<Timers>();
};

}  // namespace kubefed

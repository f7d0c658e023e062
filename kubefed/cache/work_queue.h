// SPDX-License-Identifier: Apache-2.0
//
// A queue of keys that need work, on one thread. A key is there at most once; added again while it is being
// processed, it comes back after done(). Lanes (a namespace, a cluster) are served round robin, so that one
// busy lane does not delay another; within a lane keys come in the order of their adding. Delays and
// exponential back-off per key run on the Clock. `onReady` is told from the event loop, never from inside a
// call, once for any number of keys that became ready since; take() until nothing comes, or until there is
// no more capacity, and then again after each done(). Nothing here fails.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "kubefed/util/clock.h"

namespace kubefed::cache {

struct BackoffConfig {
    Duration first{100};
    Duration max{60'000};
    double factor = 2.0;
    double jitter = 0.25;  // each delay is stretched by up to this share
    std::uint64_t jitterSeed = 1;
};

struct QueueMetrics {
    std::uint64_t adds = 0;     // accepted: not those that were already waiting
    std::uint64_t retries = 0;  // addRateLimited()
    std::size_t depth = 0;      // ready and not taken
    Duration longestWait{0};    // of the keys that are ready now
};

template <class K>
class WorkQueue {
public:
    using LaneOf = std::function<std::string(const K&)>;

    WorkQueue(Clock& clock, BackoffConfig backoff, LaneOf laneOf, std::function<void()> onReady)
        : m_clock(clock),
          m_backoff(backoff),
          m_laneOf(std::move(laneOf)),
          m_onReady(std::move(onReady)),
          m_random(backoff.jitterSeed) {}
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    // Ready at once; a delay that was under way for the key ends.
    void add(const K& key) {
        Entry& entry = m_entries[key];
        endDelay(key, entry);
        if (entry.queued)
            return;
        if (entry.processing) {
            if (!entry.again)
                ++m_adds;
            entry.again = true;
            return;
        }
        ++m_adds;
        enqueue(key, entry);
    }

    // Ready in `delay`, or earlier if it was already to be.
    void addAfter(const K& key, Duration delay) {
        if (delay <= Duration::zero())
            return add(key);
        Entry& entry = m_entries[key];
        const SteadyTime due = m_clock.now() + delay;
        if (entry.queued || entry.again || (entry.due && *entry.due <= due))
            return;
        endDelay(key, entry);
        entry.due = due;
        m_delayed.emplace(due, key);
        armTimer();
    }

    // Ready after the key's back-off, which grows with each call until forget(). `atLeast`: a Retry-After.
    void addRateLimited(const K& key, Duration atLeast = Duration::zero()) {
        ++m_retries;
        const int before = m_entries[key].retries++;
        addAfter(key, std::max(atLeast, backoffDelay(before)));
    }

    // The key's work succeeded: its back-off starts anew. Does not take it out of the queue.
    void forget(const K& key) {
        if (const auto it = m_entries.find(key); it != m_entries.end()) {
            it->second.retries = 0;
            eraseIfIdle(it);
        }
    }
    [[nodiscard]] int retries(const K& key) const {
        const auto it = m_entries.find(key);
        return it == m_entries.end() ? 0 : it->second.retries;
    }

    // The next key, which then counts as being processed until done().
    [[nodiscard]] std::optional<K> take() {
        if (m_turns.empty())
            return std::nullopt;
        const std::string lane = std::move(m_turns.front());
        m_turns.pop_front();
        auto& waiting = m_lanes[lane];
        K key = std::move(waiting.front());
        waiting.pop_front();
        --m_depth;
        if (waiting.empty())
            m_lanes.erase(lane);
        else
            m_turns.push_back(lane);
        Entry& entry = m_entries[key];
        entry.queued = false;
        entry.processing = true;
        return key;
    }

    void done(const K& key) {
        const auto it = m_entries.find(key);
        if (it == m_entries.end())
            return;
        it->second.processing = false;
        if (std::exchange(it->second.again, false))
            return enqueue(key, it->second);
        eraseIfIdle(it);
    }

    // Waiting, delayed or being processed.
    [[nodiscard]] bool isPending(const K& key) const {
        const auto it = m_entries.find(key);
        return it != m_entries.end() && (it->second.queued || it->second.processing || it->second.due);
    }

    [[nodiscard]] QueueMetrics metrics() const {
        QueueMetrics metrics{.adds = m_adds, .retries = m_retries, .depth = m_depth, .longestWait = {}};
        for (const auto& [lane, waiting] : m_lanes) {
            const auto it = m_entries.find(waiting.front());
            metrics.longestWait = std::max(
                metrics.longestWait, std::chrono::duration_cast<Duration>(m_clock.now() - it->second.since));
        }
        return metrics;
    }

private:
    struct Entry {
        bool queued = false;
        bool processing = false;
        bool again = false;  // added while being processed
        int retries = 0;
        SteadyTime since{};
        std::optional<SteadyTime> due = {};
    };
    using Entries = std::map<K, Entry>;

    void enqueue(const K& key, Entry& entry) {
        entry.queued = true;
        entry.since = m_clock.now();
        std::string lane = m_laneOf ? m_laneOf(key) : std::string();
        auto& waiting = m_lanes[lane];
        if (waiting.empty())
            m_turns.push_back(std::move(lane));
        waiting.push_back(key);
        ++m_depth;
        if (!m_announce.isActive())
            m_announce = m_clock.after(Duration::zero(), [this] {
                m_announce.cancel();
                if (m_onReady)
                    m_onReady();
            });
    }

    void endDelay(const K& key, Entry& entry) {
        if (!entry.due)
            return;
        m_delayed.erase({*entry.due, key});
        entry.due.reset();
        armTimer();
    }

    // One timer for the earliest delay.
    void armTimer() {
        if (m_delayed.empty()) {
            m_timer.cancel();
            m_timerDue.reset();
            return;
        }
        const SteadyTime earliest = m_delayed.begin()->first;
        if (m_timerDue == earliest)
            return;
        m_timerDue = earliest;
        const auto delay = std::chrono::ceil<Duration>(earliest - m_clock.now());
        m_timer = m_clock.after(std::max(delay, Duration::zero()), [this] { fire(); });
    }

    void fire() {
        m_timerDue.reset();
        while (!m_delayed.empty() && m_delayed.begin()->first <= m_clock.now()) {
            const K key = m_delayed.begin()->second;
            add(key);  // ends the delay
        }
        armTimer();
    }

    Duration backoffDelay(int retries) {
        double delay = static_cast<double>(m_backoff.first.count());
        const auto limit = static_cast<double>(m_backoff.max.count());
        for (int i = 0; i < retries && delay < limit; ++i)
            delay *= m_backoff.factor;
        const double share = static_cast<double>(m_random() >> 11U) * 0x1.0p-53;
        return Duration(
            static_cast<Duration::rep>(std::min(delay, limit) * (1.0 + m_backoff.jitter * share)));
    }

    void eraseIfIdle(typename Entries::iterator it) {
        const Entry& entry = it->second;
        if (!entry.queued && !entry.processing && !entry.due && entry.retries == 0)
            m_entries.erase(it);
    }

    Clock& m_clock;
    const BackoffConfig m_backoff;
    LaneOf m_laneOf;
    std::function<void()> m_onReady;
    std::mt19937_64 m_random;
    Entries m_entries;
    std::map<std::string, std::deque<K>> m_lanes;  // only lanes where something waits
    std::deque<std::string> m_turns;
    std::set<std::pair<SteadyTime, K>> m_delayed;
    std::size_t m_depth = 0;
    std::uint64_t m_adds = 0;
    std::uint64_t m_retries = 0;
    std::optional<SteadyTime> m_timerDue;
    Request m_timer;
    Request m_announce;
};

}  // namespace kubefed::cache

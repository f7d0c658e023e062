// SPDX-License-Identifier: Apache-2.0
//
// Keys to look at, each once, soon, from the event loop and not from where they were noticed. Handlers look
// at the present state and do the next missing step; whatever changes brings the key back, and a step that
// failed does so after a while that grows with each failure. Server thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "kubefed/util/clock.h"

namespace kubefed::apiserver {

template <class Key>
class KeyQueue {
public:
    KeyQueue(Clock& clock, std::function<void(const Key&)> handle)
        : m_clock(clock), m_handle(std::move(handle)) {}

    void add(Key key) {
        m_keys.insert(std::move(key));
        arm();
    }

    // For InternalWriter: what came of a write that `key` needs.
    [[nodiscard]] std::function<void(bool)> outcomeOf(Key key) {
        return [this, key = std::move(key)](bool done) {
            if (!done)
                return retry(key);
            // Another write for the same key may have failed before.
            const auto found = m_retries.find(key);
            if (found != m_retries.end() && !found->second.timer.isActive())
                m_retries.erase(found);
        };
    }

private:
    static constexpr int kPerTurn = 200;  // then other work of the loop gets its turn
    static constexpr Duration kFirstDelay{100};
    static constexpr Duration kLongestDelay{60'000};

    struct Retry {
        Duration next = kFirstDelay;
        Request timer;
    };

    void retry(const Key& key) {
        Retry& entry = m_retries[key];
        if (entry.timer.isActive())
            return;
        const Duration delay = std::exchange(entry.next, std::min(2 * entry.next, kLongestDelay));
        entry.timer = m_clock.after(delay, [this, key] {
            m_retries[key].timer = Request();
            add(key);
        });
    }

    void arm() {
        if (m_timer.isActive() || m_keys.empty())
            return;
        m_timer = m_clock.after(Duration(0), [this] {
            m_timer = Request();
            for (int i = 0; i < kPerTurn && !m_keys.empty(); ++i) {
                const Key key = std::move(m_keys.extract(m_keys.begin()).value());
                m_handle(key);
            }
            arm();
        });
    }

    Clock& m_clock;
    std::function<void(const Key&)> m_handle;
    std::set<Key> m_keys;
    std::map<Key, Retry> m_retries;
    Request m_timer;
};

}  // namespace kubefed::apiserver

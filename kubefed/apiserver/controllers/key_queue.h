// SPDX-License-Identifier: Apache-2.0
//
// Keys to look at, each once, soon, from the event loop and not from where they were noticed. Handlers look
// at the present state and do the next missing step; whatever changes brings the key back. Server thread.
#pragma once

#include <functional>
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

private:
    static constexpr int kPerTurn = 200;  // then other work of the loop gets its turn

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
    Request m_timer;
};

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// What the connections of one thread share: deadlines on one Clock timer (instead of a timer per request) and
// work put off to the next turn of the event loop. One Loop per ConnectionCache, HttpServer or probe, on its
// thread; tasks and deadlines still waiting when it is destroyed never run. Private to net.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/util/clock.h"

namespace kubefed::net {

class Loop {
public:
    using Task = std::move_only_function<void()>;
    using Key = std::pair<SteadyTime, std::uint64_t>;
    using Deadlines = std::map<Key, Task>;

    // Forgets its deadline when destroyed or set anew; may outlive the Loop.
    class Deadline {
    public:
        Deadline() = default;
        Deadline(std::weak_ptr<Deadlines> all, Key key) : m_all(std::move(all)), m_key(key) {}
        Deadline(Deadline&& other) noexcept : m_all(std::move(other.m_all)), m_key(other.m_key) {}
        Deadline& operator=(Deadline&& other) noexcept {
            cancel();
            m_all = std::move(other.m_all);
            m_key = other.m_key;
            return *this;
        }
        Deadline(const Deadline&) = delete;
        Deadline& operator=(const Deadline&) = delete;
        ~Deadline() { cancel(); }
        void cancel();

    private:
        std::weak_ptr<Deadlines> m_all;
        Key m_key{};
    };

    explicit Loop(Clock& clock);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] SteadyTime now() const { return m_clock.now(); }
    [[nodiscard]] WallTime wallNow() const { return m_clock.wallNow(); }
    // `fire` runs once, from the event loop, when the clock has reached `when`.
    [[nodiscard]] Deadline at(SteadyTime when, Task fire);
    // Room for one reading or writing of any connection at a time; not one each, of which there may be
    // thousands.
    [[nodiscard]] std::string& readBuffer() { return m_readBuffer; }
    [[nodiscard]] std::string& writeBuffer() { return m_writeBuffer; }
    // Runs `task` in the next turn of the event loop.
    void later(Task task);

private:
    class Turn;
    void arm();
    void fireDue();

    Clock& m_clock;
    std::shared_ptr<Deadlines> m_deadlines = std::make_shared<Deadlines>();
    std::string m_readBuffer;
    std::string m_writeBuffer;
    std::uint64_t m_next = 0;
    SteadyTime m_armedFor = SteadyTime::max();
    Request m_timer;
    std::unique_ptr<Turn> m_turn;
};

}  // namespace kubefed::net

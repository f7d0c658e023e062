// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/loop.h"

#include <algorithm>
#include <utility>

#include <QCoreApplication>
#include <QEvent>
#include <QObject>

namespace kubefed::net {

// A posted event, not a timer of 0 ms: Qt's GLib dispatcher lets those starve while sockets are busy.
class Loop::Turn final : public QObject {
public:
    void add(Task task) {
        m_tasks.push_back(std::move(task));
        if (m_tasks.size() == 1)
            QCoreApplication::postEvent(this, new QEvent(QEvent::User));
    }

protected:
    bool event(QEvent* event) override {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        // A task may destroy the Loop, and this object with it.
        const std::weak_ptr<bool> alive = m_alive;
        std::vector<Task> tasks;
        tasks.swap(m_tasks);
        for (auto& task : tasks) {
            if (alive.expired())
                break;
            task();
        }
        return true;
    }

private:
    std::vector<Task> m_tasks;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

void Loop::Deadline::cancel() {
    if (const auto all = m_all.lock())
        all->erase(m_key);
    m_all.reset();
}

Loop::Loop(Clock& clock) : m_clock(clock), m_turn(std::make_unique<Turn>()) {}
Loop::~Loop() = default;

Loop::Deadline Loop::at(SteadyTime when, Task fire) {
    const Key key{when, m_next++};
    m_deadlines->emplace(key, std::move(fire));
    if (when < m_armedFor)
        arm();
    return {m_deadlines, key};
}

void Loop::later(Task task) {
    m_turn->add(std::move(task));
}

void Loop::arm() {
    m_armedFor = m_deadlines->begin()->first.first;
    const auto delay = std::chrono::ceil<Duration>(m_armedFor - m_clock.now());
    m_timer = m_clock.after(std::max(delay, Duration::zero()), [this] { fireDue(); });
}

void Loop::fireDue() {
    const auto timer = std::move(m_timer);  // it is the one that fires
    const auto deadlines = m_deadlines;
    const SteadyTime now = m_clock.now();
    m_armedFor = SteadyTime::min();  // nothing arms while this runs
    while (!deadlines->empty() && deadlines->begin()->first.first <= now) {
        auto node = deadlines->extract(deadlines->begin());
        node.mapped()();
        if (deadlines.use_count() == 1)
            return;  // the Loop is gone
    }
    m_armedFor = SteadyTime::max();
    if (!deadlines->empty())
        arm();
}

}  // namespace kubefed::net

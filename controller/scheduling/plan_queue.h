// SPDX-License-Identifier: Apache-2.0
//
// Whose decisions are with the planner, and whose wait to go there: at most kMost are under way, so that a
// planner that stands still holds up only them, and each namespace has its turn among those that wait. Knows
// no rules: the Scheduler, which owns it, looks at each key again before it begins and after it was answered.
// Core thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>

#include "controller/scheduling/planner.h"
#include "controller/scheduling/scheduling_view.h"
#include "kubefed/cache/work_queue.h"

namespace kubefed::controller {

class PlanQueue {
public:
    static constexpr std::size_t kMost = 64;

    struct Plan {
        PlanInputsPtr inputs;
        SchedulingView::Versions versions;
    };
    using Planned = std::function<void(const TemplateId&, const Plan&, PlanAnswer)>;

    // `ready`: next() may have something; from the event loop, never from inside a call.
    PlanQueue(Planner& planner, Clock& clock, std::function<void()> ready, Planned planned);
    PlanQueue(const PlanQueue&) = delete;
    PlanQueue& operator=(const PlanQueue&) = delete;

    [[nodiscard]] bool isFull() const { return m_underWay.size() >= kMost; }
    void wait(const TemplateId& id);
    // The next one that waits, which then waits no more; nothing while it is full.
    [[nodiscard]] std::optional<TemplateId> next();
    void begin(const TemplateId& id, Plan plan, PlanReasons reasons);
    // It waits no more, and is answered no more.
    void drop(const TemplateId& id);

    [[nodiscard]] bool isWaiting(const TemplateId& id) const { return m_waits.contains(id); }
    [[nodiscard]] const Plan* underWay(const TemplateId& id) const;
    [[nodiscard]] std::size_t size() const { return m_waits.size() + m_underWay.size(); }

private:
    struct UnderWay {
        Plan plan;
        Request request;
    };

    Planner& m_planner;
    Planned m_planned;
    std::set<TemplateId> m_waits;  // what was dropped may still have its turn in the queue
    cache::WorkQueue<TemplateId> m_turns;
    std::unordered_map<TemplateId, UnderWay> m_underWay;  // last: ends first
};

}  // namespace kubefed::controller

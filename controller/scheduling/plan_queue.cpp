// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/plan_queue.h"

namespace kubefed::controller {

PlanQueue::PlanQueue(Planner& planner, Clock& clock, std::function<void()> ready, Planned planned)
    : m_planner(planner),
      m_planned(std::move(planned)),
      m_turns(clock, {}, [](const TemplateId& id) { return id.key.ns; }, std::move(ready)) {}

void PlanQueue::wait(const TemplateId& id) {
    m_waits.insert(id);
    m_turns.add(id);
}

std::optional<TemplateId> PlanQueue::next() {
    while (!isFull()) {
        std::optional<TemplateId> id = m_turns.take();
        if (!id)
            return std::nullopt;
        m_turns.done(*id);
        if (m_waits.erase(*id) != 0)
            return id;
    }
    return std::nullopt;
}

void PlanQueue::begin(const TemplateId& id, Plan plan, PlanReasons reasons) {
    PlanJob job{.id = id, .inputs = plan.inputs, .reasons = reasons};
    UnderWay& underWay = m_underWay[id];
    underWay.plan = std::move(plan);
    underWay.request = m_planner.plan(std::move(job), [this, id](PlanAnswer answer) {
        const auto ended = m_underWay.extract(id);
        m_planned(id, ended.mapped().plan, std::move(answer));
    });
}

void PlanQueue::drop(const TemplateId& id) {
    m_waits.erase(id);
    m_underWay.erase(id);
}

const PlanQueue::Plan* PlanQueue::underWay(const TemplateId& id) const {
    const auto it = m_underWay.find(id);
    return it == m_underWay.end() ? nullptr : &it->second.plan;
}

}  // namespace kubefed::controller

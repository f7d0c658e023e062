// SPDX-License-Identifier: Apache-2.0
//
// What the last look at each template found, for its Placement's status, and which of its decisions is told
// with reasons: every new one, and what is not explained yet. In memory only: after a restart the first look
// at a template says it anew. Core thread; owned by Scheduler.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/host/host_mirror.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::controller {

struct Outcome {
    bool scheduled = false;
    std::string reason;
    std::string message;
    std::optional<fed::CompactExplanation> explanation;  // of a new decision only
    std::optional<fed::PlacementSpec> explained;         // that decision
    std::vector<std::string> waitsFor;                   // unreachable members that a deletion waits for
    bool deleting = false;
};

class Outcomes {
public:
    // `changed`: what people see of it is another one.
    Outcomes(Clock& clock, std::function<void(const TemplateId&)> changed)
        : m_clock(clock), m_changed(std::move(changed)) {}

    // An explanation stays with its decision until there is another one.
    void note(const TemplateId& id, Outcome outcome);
    void forget(const TemplateId& id) { m_outcomes.erase(id); }
    // Null: it was not looked at yet.
    [[nodiscard]] const Outcome* find(const TemplateId& id) const;

    // What the Placement is to tell of `decided`, made from the last decision (null: none): nothing while
    // that one stays in force and is explained. Of what finds no place and stands nowhere, the reasons of
    // today are all there is.
    [[nodiscard]] std::optional<fed::CompactExplanation> explain(const TemplateId& id,
                                                                 const fed::Decision& decided,
                                                                 const PlacementRecord* placement,
                                                                 const fed::PlacementSpec* last) const;
    // Of the decision in force: the one that is stored, or that is about to be; null: there is none.
    [[nodiscard]] const fed::CompactExplanation* known(const TemplateId& id,
                                                       const PlacementRecord& placement) const;

private:
    Clock& m_clock;
    std::function<void(const TemplateId&)> m_changed;
    std::unordered_map<TemplateId, Outcome> m_outcomes;
};

}  // namespace kubefed::controller

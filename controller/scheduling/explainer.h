// SPDX-License-Identifier: Apache-2.0
//
// Says why an object is where it is: by the decision as it was made, from what the DecisionLog remembers, or
// as it would be made now. Core thread; owned by Scheduler. Answers come within kPatience, also while a
// plugin does not come back.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "controller/scheduling/decision_log.h"
#include "controller/scheduling/scheduling_view.h"
#include "kubefed/util/clock.h"

namespace kubefed::controller {

// Why an object is where it is, as it was decided or as it would be decided now: what it was decided from is
// no longer remembered, or the plugins that decided it are no longer there.
struct Explained {
    std::shared_ptr<const fed::Explanation> explanation;  // null: no round was made, see the decision
    fed::Decision decision;
    const PlacementRecord* placement = nullptr;  // what is in force; valid during the callback
    bool fromPresentInputs = false;
    bool follows = false;
};

class Explainer {
public:
    static constexpr std::size_t kMost = 16;     // under way
    static constexpr Duration kPatience{3'000};  // clients give up after five seconds

    // `undecided`: what the last look found at something that has no decision yet, or nothing.
    Explainer(const HostMirror& mirror, const Membership& membership, const SchedulingView& view,
              DecisionLog& log, Planner& planner, Clock& clock,
              std::function<std::string(const TemplateId&)> undecided);
    Explainer(const Explainer&) = delete;
    Explainer& operator=(const Explainer&) = delete;

    // NotFound: there is no such template, or nothing was decided for it yet. Aborted: a plugin does not come
    // back. ResourceExhausted: too many explanations are under way.
    [[nodiscard]] Request explain(const TemplateId& id, Callback<Explained> done);

private:
    class Call;

    const HostMirror& m_mirror;
    const Membership& m_membership;
    const SchedulingView& m_view;
    DecisionLog& m_log;
    Planner& m_planner;
    Clock& m_clock;
    std::function<std::string(const TemplateId&)> m_undecided;
    std::size_t m_calls = 0;
};

}  // namespace kubefed::controller

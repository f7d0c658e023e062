// SPDX-License-Identifier: Apache-2.0
//
// The shell around fed::schedule(): takes template keys from a queue, has their decisions made by a Planner
// from the present state, and makes them durable: the finalizer on the template and Placement.spec, before
// anything is written to a member. A key counts as being processed from its look to the end of its writes,
// the planning included. An answer whose inputs are no longer the present ones is dropped, and the key is
// looked at anew. Ends deletions, which need no planner: the finalizer goes when no member holds the object
// any more. Core thread; owned by Controller.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controller/host/open_writes.h"
#include "controller/metrics.h"
#include "controller/scheduling/decision_log.h"
#include "controller/scheduling/explainer.h"
#include "controller/scheduling/outcomes.h"
#include "controller/scheduling/owed_removals.h"
#include "controller/scheduling/plan_queue.h"
#include "controller/scheduling/scheduling_view.h"
#include "kubefed/cache/work_queue.h"

namespace kubefed::controller {

class Scheduler {
public:
    struct Handlers {
        std::function<void(const TemplateId&)> outcomeChanged;
        // Is a write to some member under way for it?
        std::function<bool(const TemplateId&)> isBusy;
    };

    Scheduler(HostApi& host, HostMirror& mirror, Membership& membership, const FollowIndex& follow,
              Planner& planner, Clock& clock, Metrics& metrics, Handlers handlers);
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    void enqueue(const TemplateId& id);
    void enqueueAll();
    void policyGone(const std::string& uid) {
        m_planner.forget(uid);
        m_log.forgetPolicy(uid);
    }
    // A member is listed, or given up: templates that nobody has decided yet may be decided now.
    void membersChanged();

    [[nodiscard]] const Outcome* outcome(const TemplateId& id) const { return m_outcomes.find(id); }
    // As Explainer says.
    [[nodiscard]] Request explain(const TemplateId& id, Callback<Explained> done) {
        return m_explainer.explain(id, std::move(done));
    }
    // As SchedulingView says.
    [[nodiscard]] bool isSuspended(const TemplateId& id, const std::string& cluster) const {
        return m_view.isSuspended(id, cluster);
    }
    [[nodiscard]] fed::OnDelete onDelete(const TemplateId& id) const;
    // Templates that wait to be looked at or to be decided.
    [[nodiscard]] std::size_t queued() const { return m_queue.metrics().depth + m_plans.size(); }

private:
    void pump();
    void pumpSoon();
    // True: nothing is under way for it.
    bool process(const TemplateId& id);
    bool decide(const TemplateId& id, const TemplateRecord& record);
    void planned(const TemplateId& id, const PlanQueue::Plan& plan, PlanAnswer answer);
    bool accept(const TemplateId& id, const TemplateRecord& record, const PlanInputs& inputs,
                PlanAnswer answer);
    bool optedOut(const TemplateId& id, const TemplateRecord& record);
    void enforce(const TemplateId& id, const TemplateRecord& record, const PlacementRecord* placement,
                 const fed::PlacementSpec& spec);
    bool removeLeftover(const TemplateId& id, const PlacementRecord& placement);
    bool waitForMembers(const TemplateId& id, const TemplateRecord& record,
                        const std::vector<std::string>& members);
    bool finishDeletion(const TemplateId& id, const TemplateRecord& record);
    void writeFinalizer(const TemplateId& id, const TemplateRecord& record, bool present);
    void writePlacement(const TemplateId& id, const TemplateRecord& record, const PlacementRecord* placement,
                        const fed::PlacementSpec& spec, const fed::Removals& removals);

    HostApi& m_host;
    HostMirror& m_mirror;
    Membership& m_membership;
    Planner& m_planner;
    Clock& m_clock;
    Metrics& m_metrics;
    std::function<bool(const TemplateId&)> m_isBusy;
    const SchedulingView m_view;
    Outcomes m_outcomes;
    DecisionLog m_log;
    Explainer m_explainer;
    OwedRemovals m_removals;
    std::map<TemplateId, SteadyTime> m_waiting;  // since when, for members' first lists
    Request m_turn;
    cache::WorkQueue<TemplateId> m_queue;
    PlanQueue m_plans;
    OpenWrites m_writes;  // last: ends first
};

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// The shell around fed::schedule(): takes template keys from a queue, decides from the present state, and
// makes the decision durable: the finalizer on the template and Placement.spec, before anything is written to
// a member. Ends deletions: the finalizer goes when no member holds the object any more. Core thread; owned
// by Controller.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "controller/host/host_mirror.h"
#include "controller/membership/membership.h"
#include "controller/metrics.h"
#include "controller/scheduling/decision_log.h"
#include "controller/scheduling/follow_index.h"
#include "controller/scheduling/owed_removals.h"
#include "controller/scheduling/planner.h"
#include "kubefed/cache/work_queue.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::controller {

// What the last look at a template found; for its Placement's status.
struct Outcome {
    bool scheduled = false;
    std::string reason;
    std::string message;
    std::optional<fed::CompactExplanation> explanation;  // of a new decision only
    std::optional<fed::PlacementSpec> explained;         // that decision
    std::vector<std::string> waitsFor;                   // unreachable members that a deletion waits for
    bool deleting = false;
};

// Why an object is where it is, as it was decided or as it would be decided now: what it was decided from is
// no longer remembered, or the plugins that decided it are no longer there.
struct Explained {
    std::shared_ptr<const fed::Explanation> explanation;  // null: no round was made, see the decision
    fed::Decision decision;
    const PlacementRecord* placement = nullptr;  // what is in force; valid during this turn
    bool fromPresentInputs = false;
    bool follows = false;
};

class Scheduler {
public:
    struct Handlers {
        std::function<void(const TemplateId&)> outcomeChanged;
        // Is a write to some member under way for it?
        std::function<bool(const TemplateId&)> isBusy;
    };

    Scheduler(HostApi& host, HostMirror& mirror, Membership& membership, const FollowIndex& follow,
              PolicySource& policies, Clock& clock, Metrics& metrics, Handlers handlers);
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    void enqueue(const TemplateId& id);
    void enqueueAll();
    void enqueueNamespace(const std::string& ns);
    void policyGone(const std::string& uid) {
        m_policies.forget(uid);
        m_log.forgetPolicy(uid);
    }
    // A member is listed, or given up: templates that nobody has decided yet may be decided now.
    void membersChanged();

    [[nodiscard]] const Outcome* outcome(const TemplateId& id) const;
    // NotFound: there is no such template, or nothing was decided for it yet.
    [[nodiscard]] Result<Explained> explain(const TemplateId& id) const;
    // By the policy that governs now; the one that decided may be another.
    [[nodiscard]] bool isSuspended(const TemplateId& id) const;
    [[nodiscard]] fed::OnDelete onDelete(const TemplateId& id) const;
    [[nodiscard]] cache::QueueMetrics queue() const { return m_queue.metrics(); }

private:
    struct Write {
        Request finalizer;
        Request placement;
        int open = 0;
        bool failed = false;
        Duration retryAfter{0};
    };

    void pump();
    void pumpSoon();
    // True: nothing is under way for it.
    bool process(const TemplateId& id);
    bool decide(const TemplateId& id, const TemplateRecord& record);
    bool waitForMembers(const TemplateId& id, const TemplateRecord& record,
                        const std::vector<std::string>& members);
    bool finishDeletion(const TemplateId& id, const TemplateRecord& record);
    [[nodiscard]] fed::Governance governance(const TemplateId& id, const TemplateRecord& record,
                                             const fed::PlacementSpec* last) const;
    [[nodiscard]] fed::Decision decision(const TemplateId& id, const fed::Governance& governance,
                                         const DecisionInputs& inputs, bool explain = true) const;
    [[nodiscard]] std::optional<fed::CompactExplanation> explanation(const TemplateId& id,
                                                                     const fed::Decision& decided,
                                                                     const PlacementRecord* placement,
                                                                     const fed::PlacementSpec* last) const;
    // Of the decision in force: the one that is stored, or that is about to be; null: there is none.
    [[nodiscard]] const fed::CompactExplanation* known(const TemplateId& id,
                                                       const PlacementRecord* placement) const;
    [[nodiscard]] fed::Decision followed(const TemplateId& id, const fed::PlacementSpec* last) const;
    // What members hold of it that no decision of ours asks for.
    [[nodiscard]] std::vector<fed::ClusterShare> held(const TemplateId& id,
                                                      const PlacementRecord* placement) const;
    // Members that hold it, or may hold it: those that cannot be reached are named in `unreachable`.
    [[nodiscard]] bool isGoneEverywhere(const TemplateId& id, std::vector<std::string>& unreachable) const;
    void note(const TemplateId& id, Outcome outcome);
    void writeFinalizer(const TemplateId& id, const TemplateRecord& record, bool present);
    void writePlacement(const TemplateId& id, const TemplateRecord& record, const PlacementRecord* placement,
                        const fed::PlacementSpec& spec, const fed::Removals& removals);
    [[nodiscard]] Callback<kube::Object> answer(const TemplateId& id, std::function<void(kube::Object)> take);
    Write& write(const TemplateId& id);

    HostApi& m_host;
    HostMirror& m_mirror;
    Membership& m_membership;
    const FollowIndex& m_follow;
    PolicySource& m_policies;
    Clock& m_clock;
    Metrics& m_metrics;
    Handlers m_handlers;
    std::unordered_map<TemplateId, Outcome> m_outcomes;
    DecisionLog m_log;
    OwedRemovals m_removals;
    std::map<TemplateId, SteadyTime> m_waiting;  // since when, for members' first lists
    Request m_turn;
    cache::WorkQueue<TemplateId> m_queue;
    std::map<TemplateId, Write> m_writes;  // last: ends first
};

}  // namespace kubefed::controller

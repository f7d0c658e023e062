// SPDX-License-Identifier: Apache-2.0
//
// The shell around fed::sync(): one queue of template keys per member, each with its own limit of requests
// under way, so that one member never delays another. A key is turned into an action only at the moment when
// the member has room. Core thread; owned by Controller.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "controller/host/host_mirror.h"
#include "controller/membership/membership.h"
#include "controller/metrics.h"
#include "kubefed/cache/rate_limiter.h"
#include "kubefed/cache/work_queue.h"
#include "kubefed/fed/repair_pace.h"
#include "kubefed/fed/sync.h"

namespace kubefed::controller {

// Of one object in one cluster, between two looks. Losing it costs at most one request.
struct SyncRecord {
    fed::SyncMemory memory;
    fed::ObjectState state = fed::ObjectState::Pending;
    std::string reason;
    std::string message;
    std::int64_t generation = 0;      // of the template as it was last applied
    std::optional<SteadyTime> since;  // not as it should be since
    SteadyTime recheckAt{};           // a refusal is tried anew from then on
    fed::RepairPace pace;
    bool isPaused = false;  // its repair waits for its time
};

class Propagator {
public:
    struct Handlers {
        std::function<bool(const TemplateId&, const std::string& cluster)> isSuspended;
        std::function<fed::OnDelete(const TemplateId&)> onDelete;
        // The record changed in a way that people see.
        std::function<void(Member&, const TemplateId&)> changed;
        // A key's work came to rest there (for deletions that wait).
        std::function<void(const TemplateId&)> idle;
    };

    Propagator(HostMirror& mirror, Membership& membership, Clock& clock, Metrics& metrics, Handlers handlers);
    ~Propagator();
    Propagator(const Propagator&) = delete;
    Propagator& operator=(const Propagator&) = delete;

    void enqueue(Member& member, const TemplateId& id);
    // In every member that should have it, or does.
    void enqueueEverywhere(const TemplateId& id);
    // Where it waits for the end of a suspension. What waits for anything else goes on waiting.
    void enqueueHeld(const TemplateId& id);
    // Everything of a member: its lists are complete, or it is leaving.
    void enqueueMember(Member& member);
    void enqueueNamespace(Member& member, const std::string& ns);
    // It may be written to (again), or no longer.
    void stateChanged(Member& member);
    void drop(const std::string& cluster);

    [[nodiscard]] bool isBusy(const TemplateId& id) const;
    // Something is being done for it in a member that answers, and has not failed: what is known now is about
    // to change.
    [[nodiscard]] bool isMoving(const TemplateId& id) const;
    [[nodiscard]] const SyncRecord* find(const std::string& cluster, const TemplateId& id) const;
    [[nodiscard]] fed::MemberClusterStatus::Objects count(const Member& member) const;
    [[nodiscard]] std::size_t queued() const;  // in all members
    void print(std::string& metricsText) const;

private:
    struct Lane;
    struct Desire;

    Lane& laneOf(Member& member);
    void pump(Lane& lane);
    void pumpSoon(Lane& lane);
    // True if an action was sent (and a slot used).
    bool process(Lane& lane, const TemplateId& id);
    [[nodiscard]] Desire desireOf(const Member& member, const TemplateId& id) const;
    // How long the repair that the verdict asks for has to wait; zero: it is none, or it may go on.
    Duration paceRepair(SyncRecord& record, const fed::SyncInput& input, fed::SyncVerdict& verdict);
    void noteVerdict(Lane& lane, const TemplateId& id, const Desire& desire, const fed::SyncVerdict& verdict);
    void send(Lane& lane, const TemplateId& id, fed::Action action);
    void answered(const std::string& cluster, const TemplateId& id, const fed::Action& action,
                  Result<ActionAnswer> answer);
    fed::Retry learnAnswer(Lane& lane, const TemplateId& id, const fed::Action& action,
                           Result<ActionAnswer>& answer);

    HostMirror& m_mirror;
    Membership& m_membership;
    Clock& m_clock;
    Metrics& m_metrics;
    Handlers m_handlers;
    std::map<std::string, std::unique_ptr<Lane>> m_lanes;
};

}  // namespace kubefed::controller

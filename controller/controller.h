// SPDX-License-Identifier: Apache-2.0
//
// The controller's core: everything between the federation API and the members, without threads or sockets of
// its own. Its parts tell each other what changed only through the handlers wired here, and only enqueue.
// Core thread; what it is given outlives it. Losing it at any moment loses nothing: everything it needs is
// read again from the federation API and the members.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "controller/host/host_mirror.h"
#include "controller/membership/membership.h"
#include "controller/metrics.h"
#include "controller/observer.h"
#include "controller/propagation/propagator.h"
#include "controller/scheduling/follow_index.h"
#include "controller/scheduling/placement_keeper.h"
#include "controller/scheduling/scheduler.h"
#include "controller/status/policy_status.h"
#include "controller/status/status_writer.h"

namespace kubefed::controller {

struct ControllerConfig {
    std::string federationId;
};

class Controller {
public:
    Controller(HostApi& host, MemberLinkFactory& links, Planner& planner, Clock& clock,
               ControllerConfig config);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    // Before start(); it outlives the controller.
    void observe(ControllerObserver& observer) { m_observer = &observer; }
    // `ready` once, when the federation API is mirrored.
    void start(std::function<void()> ready);

    [[nodiscard]] const HostMirror& mirror() const { return m_mirror; }
    [[nodiscard]] const Membership& membership() const { return m_membership; }
    [[nodiscard]] const Metrics& metrics() const { return m_metrics; }
    [[nodiscard]] std::string metricsText() const;
    // A plugin came, went or was replaced: everything is decided anew.
    void policiesChanged();
    // Looks at templates and members that wait.
    [[nodiscard]] std::size_t queued() const;
    [[nodiscard]] Request explain(const TemplateId& id, Callback<Explained> done) {
        return m_scheduler.explain(id, std::move(done));
    }

private:
    [[nodiscard]] MirrorHandlers mirrorHandlers();
    [[nodiscard]] MembershipHandlers membershipHandlers();
    void templateChanged(const TemplateId& id, const TemplateRecord* before, const TemplateRecord* after);
    void placementChanged(const TemplateId& id, const PlacementRecord* before, const PlacementRecord* after);
    void rulesChanged(const std::string& ns);
    void synced();
    void touchNeighbours(const TemplateId& id);
    void touchFollowers(const TemplateId& id, bool maySuspend);
    void touchOwingSoon(const std::string& ns);
    void enqueueOwing();

    Clock& m_clock;
    const ControllerConfig m_config;
    std::function<void()> m_ready;
    ControllerObserver* m_observer = nullptr;
    Metrics m_metrics;
    HostMirror m_mirror;
    FollowIndex m_follow;
    PlacementKeeper m_keeper;
    Membership m_membership;
    Scheduler m_scheduler;
    Propagator m_propagator;
    StatusWriter m_status;
    PolicyStatusWriter m_policyStatus;
    std::set<std::string> m_released;  // namespaces; see touchOwingSoon()
    Request m_releasing;               // last: ends first
};

}  // namespace kubefed::controller

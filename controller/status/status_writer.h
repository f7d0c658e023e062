// SPDX-License-Identifier: Apache-2.0
//
// Writes what became of templates: Placement.status and the template's own status. Looks at a template 100 ms
// after the first change (all later ones are in it), and writes only what differs. Of a member that was not
// listed yet since the start, what was written before stands. Core thread; owned by
// Controller.
#pragma once

#include <unordered_map>
#include <vector>

#include "controller/host/host_mirror.h"
#include "controller/host/open_writes.h"
#include "controller/membership/membership.h"
#include "controller/propagation/propagator.h"
#include "controller/scheduling/scheduler.h"
#include "kubefed/fed/status_aggregation.h"

namespace kubefed::controller {

class StatusWriter {
public:
    StatusWriter(HostApi& host, HostMirror& mirror, const Membership& membership, const Scheduler& scheduler,
                 const Propagator& propagator, const FollowIndex& follow, Clock& clock, Metrics& metrics);
    StatusWriter(const StatusWriter&) = delete;
    StatusWriter& operator=(const StatusWriter&) = delete;

    void enqueue(const TemplateId& id);
    // Everything that is placed in a cluster, or whose written status names it: it became reachable or
    // unreachable, was listed, or is gone.
    void enqueueCluster(const std::string& cluster);

private:
    void pump();
    bool process(const TemplateId& id);
    bool waits(const TemplateId& id);
    [[nodiscard]] std::vector<fed::ClusterView> views(const TemplateId& id,
                                                      const PlacementRecord& placement) const;
    [[nodiscard]] fed::ClusterView view(const TemplateId& id, const std::string& cluster,
                                        const PlacementRecord& placement) const;
    void setState(fed::ClusterView& view, const TemplateId& id, const Member& member,
                  const PlacementRecord& placement) const;
    [[nodiscard]] fed::PlacementStatus placementStatus(const TemplateId& id, const PlacementRecord& placement,
                                                       const std::vector<fed::ClusterView>& views) const;
    void writePlacement(const TemplateId& id, const PlacementRecord& placement,
                        const fed::PlacementStatus& status);
    void writeTemplate(const TemplateId& id, const TemplateRecord& record, const kube::JsonObject& status);

    HostApi& m_host;
    HostMirror& m_mirror;
    const Membership& m_membership;
    const Scheduler& m_scheduler;
    const Propagator& m_propagator;
    const FollowIndex& m_follow;
    Clock& m_clock;
    Metrics& m_metrics;
    cache::WorkQueue<TemplateId> m_queue;
    std::unordered_map<TemplateId, SteadyTime> m_waiting;  // since when, for members that answer
    OpenWrites m_writes;                                   // last: ends first
};

}  // namespace kubefed::controller

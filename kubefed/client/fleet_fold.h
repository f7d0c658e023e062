// SPDX-License-Identifier: Apache-2.0
//
// A fleet put together from what a FleetSource tells: reset, then changes. For the CLI, recordings and tests;
// the window keeps its own. Changes of clusters or objects that it does not know are ignored. One thread.
#pragma once

#include <deque>
#include <map>

#include "kubefed/client/fleet_types.h"

namespace kubefed::client {

class FleetFold {
public:
    void reset(const FleetInfo& info, FleetChanges all);
    void apply(FleetChanges changes);
    // Everything in one value, as a snapshot has it.
    [[nodiscard]] FleetChanges whole() const;

    [[nodiscard]] const FleetInfo& info() const { return m_info; }
    [[nodiscard]] const std::map<ClusterNumber, Cluster>& clusters() const { return m_clusters; }
    [[nodiscard]] const std::map<ObjectId, Object>& objects() const { return m_objects; }
    [[nodiscard]] const std::deque<Activity>& activities() const { return m_activities; }
    [[nodiscard]] const Totals& totals() const { return m_totals; }

private:
    FleetInfo m_info;
    std::map<ClusterNumber, Cluster> m_clusters;
    std::map<ObjectId, Object> m_objects;
    std::deque<Activity> m_activities;
    Totals m_totals;
};

// What a probe's result changes in a cluster's value; the controller and its clients do it alike.
void applyContact(Cluster& cluster, const Contact& contact);

}  // namespace kubefed::client

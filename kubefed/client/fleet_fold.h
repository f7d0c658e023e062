// SPDX-License-Identifier: Apache-2.0
//
// A fleet put together from what a FleetSource tells: reset, then changes. For the CLI, recordings and tests;
// the window keeps its own, by the same rules, which are below. Changes of clusters or objects that it does
// not know are ignored. One thread.
#pragma once

#include <deque>
#include <map>
#include <utility>

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
    struct Taker;

    FleetInfo m_info;
    std::map<ClusterNumber, Cluster> m_clusters;
    std::map<ObjectId, Object> m_objects;
    std::deque<Activity> m_activities;
    Totals m_totals;
};

// Gives `taker` all changes one by one, in the order in which they take effect: what is gone goes first, so
// that what comes again by its name stays. Calls removeCluster(number), putCluster(value),
// takeContact(value), removeObject(id), putObject(value), takeActivity(value), takeTotals(value).
template <class Taker>
void takeInOrder(FleetChanges changes, Taker&& taker) {
    for (const ClusterNumber number : changes.removedClusters)
        taker.removeCluster(number);
    for (Cluster& cluster : changes.clusters)
        taker.putCluster(std::move(cluster));
    for (const Contact& contact : changes.contacts)
        taker.takeContact(contact);
    for (const ObjectId& id : changes.removedObjects)
        taker.removeObject(id);
    for (Object& object : changes.objects)
        taker.putObject(std::move(object));
    for (Activity& activity : changes.activities)
        taker.takeActivity(std::move(activity));
    if (changes.totals)
        taker.takeTotals(*changes.totals);
}

// What a probe's result changes in a cluster's value, as the controller has it: also back, where its clock
// was set back.
void applyContact(Cluster& cluster, const Contact& contact);
// The newest kMaxActivities are kept. False: it was there, and is told again.
bool addActivity(std::deque<Activity>& activities, Activity activity);

}  // namespace kubefed::client

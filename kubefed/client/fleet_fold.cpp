// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/fleet_fold.h"

#include <utility>

namespace kubefed::client {

void applyContact(Cluster& cluster, const Contact& contact) {
    cluster.lastContact = contact.lastContact;
    if (contact.latency >= 0)
        cluster.latency = contact.latency;
    if (!contact.isProbe)
        return;
    if (cluster.latencies.size() >= kMaxLatencies)
        cluster.latencies.erase(cluster.latencies.begin());
    cluster.latencies.push_back(contact.latency);
}

void FleetFold::reset(const FleetInfo& info, FleetChanges all) {
    m_info = info;
    m_clusters.clear();
    m_objects.clear();
    m_activities.clear();
    m_totals = {};
    apply(std::move(all));
}

void FleetFold::apply(FleetChanges changes) {
    for (Cluster& cluster : changes.clusters) {
        const ClusterNumber number = cluster.number;
        m_clusters.insert_or_assign(number, std::move(cluster));
    }
    for (const ClusterNumber number : changes.removedClusters)
        m_clusters.erase(number);
    for (const Contact& contact : changes.contacts)
        if (const auto known = m_clusters.find(contact.cluster); known != m_clusters.end())
            applyContact(known->second, contact);
    for (Object& object : changes.objects) {
        ObjectId id = object.id;
        m_objects.insert_or_assign(std::move(id), std::move(object));
    }
    for (const ObjectId& id : changes.removedObjects)
        m_objects.erase(id);
    for (Activity& activity : changes.activities) {
        if (m_activities.size() >= kMaxActivities)
            m_activities.pop_front();
        m_activities.push_back(std::move(activity));
    }
    if (changes.totals)
        m_totals = *changes.totals;
}

FleetChanges FleetFold::whole() const {
    FleetChanges all;
    all.clusters.reserve(m_clusters.size());
    for (const auto& [number, cluster] : m_clusters)
        all.clusters.push_back(cluster);
    all.objects.reserve(m_objects.size());
    for (const auto& [id, object] : m_objects)
        all.objects.push_back(object);
    all.activities.assign(m_activities.begin(), m_activities.end());
    all.totals = m_totals;
    return all;
}

}  // namespace kubefed::client

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

bool addActivity(std::deque<Activity>& activities, Activity activity) {
    if (!activities.empty() && activity.number <= activities.back().number)
        return false;
    if (activities.size() >= kMaxActivities)
        activities.pop_front();
    activities.push_back(std::move(activity));
    return true;
}

struct FleetFold::Taker {
    FleetFold& fold;

    void removeCluster(ClusterNumber number) { fold.m_clusters.erase(number); }
    void putCluster(Cluster cluster) {
        const ClusterNumber number = cluster.number;
        fold.m_clusters.insert_or_assign(number, std::move(cluster));
    }
    void takeContact(const Contact& contact) {
        if (const auto known = fold.m_clusters.find(contact.cluster); known != fold.m_clusters.end())
            applyContact(known->second, contact);
    }
    void removeObject(const ObjectId& id) { fold.m_objects.erase(id); }
    void putObject(Object object) {
        ObjectId id = object.id;
        fold.m_objects.insert_or_assign(std::move(id), std::move(object));
    }
    void takeActivity(Activity activity) { addActivity(fold.m_activities, std::move(activity)); }
    void takeTotals(const Totals& totals) { fold.m_totals = totals; }
};

void FleetFold::reset(const FleetInfo& info, FleetChanges all) {
    m_info = info;
    m_clusters.clear();
    m_objects.clear();
    m_activities.clear();
    m_totals = {};
    apply(std::move(all));
}

void FleetFold::apply(FleetChanges changes) {
    takeInOrder(std::move(changes), Taker{*this});
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

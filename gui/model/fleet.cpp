// SPDX-License-Identifier: Apache-2.0
#include "gui/model/fleet.h"

#include <algorithm>

namespace kubefed::gui {

using namespace client;

void Fleet::reset(FleetInfo info, FleetChanges all) {
    m_info = std::move(info);
    m_clusters.clear();
    m_objects.clear();
    m_activities.clear();
    m_totals = {};
    m_objects.reserve(all.objects.size());
    FleetDelta everything;
    apply(std::move(all), everything);
    // Numbers of objects that did not come back are free.
    std::erase_if(m_numbers, [this](const auto& entry) { return !m_objects.contains(entry.second); });
}

void Fleet::apply(FleetChanges changes, FleetDelta& delta) {
    for (const ClusterNumber number : changes.removedClusters)
        if (auto node = m_clusters.extract(number))
            delta.removedClusters.push_back(node.mapped().name);
    for (Cluster& cluster : changes.clusters) {
        delta.clusters.push_back(cluster.number);
        m_clusters.insert_or_assign(cluster.number, std::move(cluster));
    }
    for (const Contact& one : changes.contacts)
        contact(one, delta);
    for (const ObjectId& id : changes.removedObjects) {
        const auto it = m_numbers.find(id);
        if (it == m_numbers.end())
            continue;
        m_objects.erase(it->second);
        m_numbers.erase(it);
        delta.removedObjects.push_back(id);
    }
    for (Object& object : changes.objects) {
        const auto [it, isNew] = m_numbers.try_emplace(object.id, m_lastNumber + 1);
        if (isNew)
            ++m_lastNumber;
        delta.objects.push_back(it->second);
        m_objects.insert_or_assign(it->second, std::move(object));
    }
    for (Activity& activity : changes.activities) {
        if (!m_activities.empty() && activity.number <= m_activities.back().number)
            continue;  // told again after a resync
        m_activities.push_back(std::move(activity));
        ++delta.activities;
        if (m_activities.size() > kMaxActivities)
            m_activities.pop_front();
    }
    if (changes.totals) {
        m_totals = *changes.totals;
        delta.totals = true;
    }
}

void Fleet::contact(const Contact& contact, FleetDelta& delta) {
    const auto it = m_clusters.find(contact.cluster);
    if (it == m_clusters.end())
        return;
    Cluster& cluster = it->second;
    cluster.lastContact = std::max(cluster.lastContact, contact.lastContact);
    if (contact.isProbe) {
        if (contact.latency >= 0)
            cluster.latency = contact.latency;
        cluster.latencies.push_back(contact.latency);
        if (cluster.latencies.size() > kMaxLatencies)
            cluster.latencies.erase(cluster.latencies.begin());
    }
    delta.contacted.push_back(contact.cluster);
}

void Fleet::clear() {
    *this = Fleet();
}

const Cluster* Fleet::cluster(ClusterNumber number) const {
    const auto it = m_clusters.find(number);
    return it == m_clusters.end() ? nullptr : &it->second;
}

const Cluster* Fleet::cluster(const std::string& name) const {
    const auto it =
        std::ranges::find_if(m_clusters, [&](const auto& entry) { return entry.second.name == name; });
    return it == m_clusters.end() ? nullptr : &it->second;
}

const Object* Fleet::object(ObjectNumber number) const {
    const auto it = m_objects.find(number);
    return it == m_objects.end() ? nullptr : &it->second;
}

ObjectNumber Fleet::numberOf(const ObjectId& id) const {
    const auto it = m_numbers.find(id);
    return it == m_numbers.end() ? 0 : it->second;
}

const Share* Fleet::shareIn(const Object& object, ClusterNumber cluster) {
    const auto it = std::ranges::lower_bound(object.shares, cluster, {}, &Share::cluster);
    return it == object.shares.end() || it->cluster != cluster ? nullptr : &*it;
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/fleet.h"

#include <algorithm>
#include <utility>

#include "kubefed/client/fleet_fold.h"

namespace kubefed::gui {

using namespace client;

struct Fleet::Taker {
    Fleet& fleet;
    FleetDelta& delta;

    void removeCluster(ClusterNumber number) {
        if (auto node = fleet.m_clusters.extract(number))
            delta.removedClusters.push_back(node.mapped().name);
    }
    void putCluster(Cluster cluster) {
        delta.clusters.push_back(cluster.number);
        const ClusterNumber number = cluster.number;
        fleet.m_clusters.insert_or_assign(number, std::move(cluster));
    }
    void takeContact(const Contact& contact) {
        const auto it = fleet.m_clusters.find(contact.cluster);
        if (it == fleet.m_clusters.end())
            return;
        applyContact(it->second, contact);
        delta.contacted.push_back(contact.cluster);
    }
    void removeObject(const ObjectId& id) {
        const auto it = fleet.m_numbers.find(id);
        if (it == fleet.m_numbers.end())
            return;
        fleet.m_objects.erase(it->second);
        fleet.m_numbers.erase(it);
        delta.removedObjects.push_back(id);
    }
    void putObject(Object object) {
        const auto [it, isNew] = fleet.m_numbers.try_emplace(object.id, fleet.m_lastNumber + 1);
        if (isNew)
            ++fleet.m_lastNumber;
        delta.objects.push_back(it->second);
        fleet.m_objects.insert_or_assign(it->second, std::move(object));
    }
    void takeActivity(Activity activity) {
        delta.activities += addActivity(fleet.m_activities, std::move(activity)) ? 1 : 0;
    }
    void takeTotals(const Totals& totals) {
        fleet.m_totals = totals;
        delta.totals = true;
    }
};

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
    takeInOrder(std::move(changes), Taker{*this, delta});
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

// SPDX-License-Identifier: Apache-2.0
//
// The fleet as last told: snapshots and changes of a FleetSource applied to maps. Values without threads or
// signals; owned by FleetStore. Objects get a number each, which stays theirs over reconnections; clusters
// keep the number of the stream, which a restarted controller may give anew.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "kubefed/client/fleet_types.h"

namespace kubefed::gui {

using ObjectNumber = std::uint32_t;

// What a publication changed. `isReset`: everything may have, and the lists are empty.
struct FleetDelta {
    bool isReset = false;
    std::vector<client::ClusterNumber> clusters;   // new or changed; each once
    std::vector<client::ClusterNumber> contacted;  // only figures of their probes changed
    std::vector<std::string> removedClusters;
    std::vector<ObjectNumber> objects;
    std::vector<client::ObjectId> removedObjects;
    std::size_t activities = 0;  // so many new ones at the end
    bool totals = false;
};

class Fleet {
public:
    void reset(client::FleetInfo info, client::FleetChanges all);
    // Adds what changed to `delta`.
    void apply(client::FleetChanges changes, FleetDelta& delta);
    void clear();

    [[nodiscard]] const client::FleetInfo& info() const { return m_info; }
    [[nodiscard]] const std::map<client::ClusterNumber, client::Cluster>& clusters() const {
        return m_clusters;
    }
    [[nodiscard]] const std::unordered_map<ObjectNumber, client::Object>& objects() const {
        return m_objects;
    }
    [[nodiscard]] const std::deque<client::Activity>& activities() const { return m_activities; }
    [[nodiscard]] const client::Totals& totals() const { return m_totals; }
    // nullptr: there is none.
    [[nodiscard]] const client::Cluster* cluster(client::ClusterNumber number) const;
    [[nodiscard]] const client::Cluster* cluster(const std::string& name) const;
    [[nodiscard]] const client::Object* object(ObjectNumber number) const;
    [[nodiscard]] ObjectNumber numberOf(const client::ObjectId& id) const;  // 0: not there
    // The share of `object` in a cluster; nullptr: none.
    [[nodiscard]] static const client::Share* shareIn(const client::Object& object,
                                                      client::ClusterNumber cluster);

private:
    struct Taker;

    client::FleetInfo m_info;
    std::map<client::ClusterNumber, client::Cluster> m_clusters;
    std::unordered_map<ObjectNumber, client::Object> m_objects;
    std::map<client::ObjectId, ObjectNumber> m_numbers;
    ObjectNumber m_lastNumber = 0;
    std::deque<client::Activity> m_activities;
    client::Totals m_totals;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// What changed in the fleet, made once on the core thread and shared by all subscribers; and what a
// subscriber may see of it. Immutable once shared; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

// As client::FleetChanges, but whole values are shared.
struct FleetDelta {
    std::vector<std::shared_ptr<const client::Cluster>> clusters;
    std::vector<client::ClusterNumber> removedClusters;
    std::vector<client::Contact> contacts;
    std::vector<std::shared_ptr<const client::Object>> objects;
    std::vector<client::ObjectId> removedObjects;
    std::vector<client::Activity> activities;
    std::optional<client::Totals> totals;
    std::size_t bytes = 0;  // estimateBytes() of it, by whoever shares it

    [[nodiscard]] std::size_t size() const {
        return clusters.size() + removedClusters.size() + contacts.size() + objects.size() +
               removedObjects.size() + activities.size() + (totals ? 1 : 0);
    }
};
// What it takes of memory, as far as it counts: values and their texts.
[[nodiscard]] std::size_t estimateBytes(const FleetDelta& delta);
using FleetDeltaPtr = std::shared_ptr<const FleetDelta>;

struct Visibility {
    bool clusters = false;       // else only names and phases
    bool allNamespaces = false;  // cluster-scoped objects too
    std::set<std::string, std::less<>> namespaces;
    bool operator==(const Visibility&) const = default;

    [[nodiscard]] bool sees(const client::ObjectId& id) const {
        return allNamespaces || (!id.ns.empty() && namespaces.contains(id.ns));
    }
    [[nodiscard]] bool sees(const client::Activity& activity) const {
        return activity.object ? sees(*activity.object) : clusters;
    }
};

}  // namespace kubefed::controller

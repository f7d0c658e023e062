// SPDX-License-Identifier: Apache-2.0
//
// What decisions see of the member clusters: an immutable snapshot, made once per change of a MemberCluster
// and shared by every round and every policy (std::shared_ptr<const Fleet>; any thread). Clusters stand in
// the order of their names; a cluster's index is its identity within the snapshot. A figure that is not
// known is absent, never 0.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kubefed/fed/types.h"

namespace kubefed::fed {

struct ClusterInfo {
    struct Number {
        std::string key;
        double value = 0;
    };
    std::string name;
    Phase phase = Phase::Joining;
    bool cordoned = false;
    std::uint64_t hash = 0;                                   // stableHash(name)
    std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
    std::vector<Taint> taints;
    std::string kubernetesVersion;
    // Sorted by key: "nodes.ready", "nodes.total", "allocatable.cpu", "requested.memory" (in units),
    // "latencyMillis".
    std::vector<Number> properties;
    std::vector<std::string> apis;  // as in MemberClusterStatus, sorted

    // What is there stays, nothing new goes there.
    [[nodiscard]] bool isWritable() const { return phase == Phase::Ready || phase == Phase::Degraded; }
    [[nodiscard]] const std::string* label(std::string_view key) const;
    [[nodiscard]] std::optional<double> property(std::string_view key) const;
    // False only if it is known that the cluster does not serve the type.
    [[nodiscard]] bool mayServe(const kube::Gvk& gvk) const;

    [[nodiscard]] static ClusterInfo of(const MemberCluster& cluster);
};

class Fleet {
public:
    Fleet() = default;
    explicit Fleet(std::vector<ClusterInfo> clusters);  // any order; names are unique
    [[nodiscard]] static std::shared_ptr<const Fleet> of(const std::vector<MemberCluster>& clusters);

    [[nodiscard]] const std::vector<ClusterInfo>& clusters() const { return m_clusters; }
    [[nodiscard]] std::optional<std::uint32_t> indexOf(std::string_view name) const;

private:
    std::vector<ClusterInfo> m_clusters;
};

using FleetPtr = std::shared_ptr<const Fleet>;

}  // namespace kubefed::fed

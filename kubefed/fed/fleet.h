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
#include <span>
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
    // What nearly every plugin asks of a cluster.
    struct Facts {
        std::string_view name;
        std::string_view kubernetesVersion;
        Phase phase = Phase::Joining;
        bool cordoned = false;
        std::uint32_t labels = 0;  // how many
        std::uint32_t taints = 0;
        [[nodiscard]] bool isWritable() const { return phase == Phase::Ready || phase == Phase::Degraded; }
    };
    // The values of one label, side by side.
    struct LabelColumn {
        std::string key;
        std::vector<std::uint32_t> values;  // by cluster: number in labelValue(); 0: it has none
    };
    Fleet() = default;
    explicit Fleet(std::vector<ClusterInfo> clusters);  // any order; names are unique
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;
    [[nodiscard]] static std::shared_ptr<const Fleet> of(const std::vector<MemberCluster>& clusters);

    [[nodiscard]] const std::vector<ClusterInfo>& clusters() const { return m_clusters; }
    [[nodiscard]] std::optional<std::uint32_t> indexOf(std::string_view name) const;

    // What rounds ask of each cluster, so that they need not fetch it whole: most of the time of a decision
    // over many of them goes by waiting for memory.
    [[nodiscard]] std::span<const Facts> facts() const { return m_facts; }
    [[nodiscard]] std::span<const std::uint64_t> hashes() const { return m_hashes; }
    // Null where few clusters have it; then ask ClusterInfo::label().
    [[nodiscard]] const LabelColumn* labelColumn(std::string_view key) const;
    [[nodiscard]] const std::string& labelValue(std::uint32_t number) const { return m_labelValues[number]; }
    // Clusters of one number serve the same types.
    [[nodiscard]] std::span<const std::uint32_t> apiSets() const { return m_apiSets; }
    // By that number: ClusterInfo::mayServe().
    [[nodiscard]] std::vector<std::uint8_t> mayServe(const kube::Gvk& gvk) const;

private:
    void makeFacts();
    void makeLabelColumns();
    void makeApiSets();

    std::vector<ClusterInfo> m_clusters;
    std::vector<Facts> m_facts;
    std::string m_texts;  // what they view
    std::vector<std::uint64_t> m_hashes;
    std::vector<LabelColumn> m_labelColumns;
    std::vector<std::string> m_labelValues{std::string()};  // the first stands for "none"
    std::vector<std::uint32_t> m_apiSets;                   // by cluster
    std::vector<std::uint32_t> m_apiSetOf;                  // by number: a cluster that has it
};

using FleetPtr = std::shared_ptr<const Fleet>;

}  // namespace kubefed::fed

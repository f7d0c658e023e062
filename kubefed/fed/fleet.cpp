// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/fleet.h"

#include <algorithm>

#include "kubefed/fed/names.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::fed {

const std::string* ClusterInfo::label(std::string_view key) const {
    // A handful of labels: comparing lengths first beats a binary search.
    for (const auto& [labelKey, value] : labels)
        if (labelKey == key)
            return &value;
    return nullptr;
}

std::optional<double> ClusterInfo::property(std::string_view key) const {
    const auto at = std::ranges::lower_bound(properties, key, {}, &Number::key);
    return at != properties.end() && at->key == key ? std::optional(at->value) : std::nullopt;
}

bool ClusterInfo::mayServe(const kube::Gvk& gvk) const {
    if (apis.empty())
        return true;
    return std::ranges::binary_search(apis, gvk.apiVersion() + "/" + gvk.kind);
}

ClusterInfo ClusterInfo::of(const MemberCluster& cluster) {
    ClusterInfo info;
    info.name = cluster.name;
    info.phase = cluster.isDeleting ? Phase::Leaving : cluster.status.phase.value_or(Phase::Joining);
    info.cordoned = cluster.spec.unschedulable;
    info.labels.assign(cluster.labels.begin(), cluster.labels.end());
    info.taints = cluster.spec.taints;
    info.kubernetesVersion = cluster.status.kubernetesVersion;
    info.apis = cluster.status.apis;
    std::ranges::sort(info.apis);
    const auto addQuantities = [&](std::string_view prefix, const auto& quantities) {
        for (const auto& [resource, text] : quantities)
            if (const auto quantity = kube::Quantity::parse(text))
                info.properties.push_back({std::string(prefix) + resource, quantity->toDouble()});
    };
    addQuantities("allocatable.", cluster.status.allocatable);
    addQuantities("requested.", cluster.status.requested);
    if (const auto& nodes = cluster.status.nodes) {
        info.properties.push_back({"nodes.ready", static_cast<double>(nodes->ready)});
        info.properties.push_back({"nodes.total", static_cast<double>(nodes->total)});
    }
    if (cluster.status.latencyMillis)
        info.properties.push_back({"latencyMillis", static_cast<double>(*cluster.status.latencyMillis)});
    std::ranges::sort(info.properties, {}, &Number::key);
    return info;
}

Fleet::Fleet(std::vector<ClusterInfo> clusters) : m_clusters(std::move(clusters)) {
    std::ranges::sort(m_clusters, {}, &ClusterInfo::name);
    for (ClusterInfo& cluster : m_clusters) {
        cluster.hash = stableHash(cluster.name);
        std::ranges::sort(cluster.labels);
        std::ranges::sort(cluster.properties, {}, &ClusterInfo::Number::key);
    }
}

FleetPtr Fleet::of(const std::vector<MemberCluster>& clusters) {
    std::vector<ClusterInfo> infos;
    infos.reserve(clusters.size());
    for (const MemberCluster& cluster : clusters)
        infos.push_back(ClusterInfo::of(cluster));
    return std::make_shared<const Fleet>(std::move(infos));
}

std::optional<std::uint32_t> Fleet::indexOf(std::string_view name) const {
    const auto at = std::ranges::lower_bound(m_clusters, name, {}, &ClusterInfo::name);
    if (at == m_clusters.end() || at->name != name)
        return std::nullopt;
    return static_cast<std::uint32_t>(at - m_clusters.begin());
}

}  // namespace kubefed::fed

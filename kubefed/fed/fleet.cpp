// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/fleet.h"

#include <algorithm>
#include <unordered_map>

#include "kubefed/fed/names.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::fed {

namespace {

constexpr std::size_t kMostLabelColumns = 32;
constexpr std::size_t kApiSetsCompared = 8;

}  // namespace

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
        m_hashes.push_back(cluster.hash);
    }
    makeFacts();
    makeLabelColumns();
    makeApiSets();
}

void Fleet::makeFacts() {
    std::size_t size = 0;
    for (const ClusterInfo& cluster : m_clusters)
        size += cluster.name.size() + cluster.kubernetesVersion.size();
    m_texts.reserve(size);  // views stay valid
    const auto keep = [this](const std::string& text) {
        const std::size_t at = m_texts.size();
        m_texts += text;
        return std::string_view(m_texts).substr(at);
    };
    std::unordered_map<std::string_view, std::string_view> versions;
    m_facts.reserve(m_clusters.size());
    for (const ClusterInfo& cluster : m_clusters)
        m_facts.push_back({.name = keep(cluster.name),
                           .kubernetesVersion = {},
                           .phase = cluster.phase,
                           .cordoned = cluster.cordoned,
                           .labels = static_cast<std::uint32_t>(cluster.labels.size()),
                           .taints = static_cast<std::uint32_t>(cluster.taints.size())});
    for (std::size_t i = 0; i < m_clusters.size(); ++i) {
        const auto [at, isNew] = versions.try_emplace(m_clusters[i].kubernetesVersion);
        if (isNew)
            at->second = keep(m_clusters[i].kubernetesVersion);
        m_facts[i].kubernetesVersion = at->second;
    }
}

void Fleet::makeLabelColumns() {
    std::unordered_map<std::string_view, std::size_t> counts;
    for (const ClusterInfo& cluster : m_clusters)
        for (const auto& [key, value] : cluster.labels)
            ++counts[key];
    // Others would cost more memory than they save time.
    for (const auto& [key, count] : counts)
        if (count * 2 > m_clusters.size() && m_labelColumns.size() < kMostLabelColumns)
            m_labelColumns.push_back({std::string(key), std::vector<std::uint32_t>(m_clusters.size())});
    std::unordered_map<std::string_view, std::uint32_t> numbers;
    for (LabelColumn& column : m_labelColumns)
        for (std::size_t i = 0; i < m_clusters.size(); ++i)
            if (const std::string* value = m_clusters[i].label(column.key)) {
                const auto [at, isNew] =
                    numbers.try_emplace(*value, static_cast<std::uint32_t>(m_labelValues.size()));
                if (isNew)
                    m_labelValues.push_back(*value);
                column.values[i] = at->second;
            }
}

void Fleet::makeApiSets() {
    for (std::size_t i = 0; i < m_clusters.size(); ++i) {
        // The lists are long and mostly the same few ones; that two equal ones get two numbers does no harm.
        const std::size_t first = m_apiSetOf.size() - std::min(m_apiSetOf.size(), kApiSetsCompared);
        std::size_t number = first;
        while (number < m_apiSetOf.size() && m_clusters[m_apiSetOf[number]].apis != m_clusters[i].apis)
            ++number;
        if (number == m_apiSetOf.size())
            m_apiSetOf.push_back(static_cast<std::uint32_t>(i));
        m_apiSets.push_back(static_cast<std::uint32_t>(number));
    }
}

const Fleet::LabelColumn* Fleet::labelColumn(std::string_view key) const {
    const auto at = std::ranges::find(m_labelColumns, key, &LabelColumn::key);
    return at == m_labelColumns.end() ? nullptr : &*at;
}

std::vector<std::uint8_t> Fleet::mayServe(const kube::Gvk& gvk) const {
    std::vector<std::uint8_t> result;
    result.reserve(m_apiSetOf.size());
    for (const std::uint32_t cluster : m_apiSetOf)
        result.push_back(m_clusters[cluster].mayServe(gvk) ? 1 : 0);
    return result;
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

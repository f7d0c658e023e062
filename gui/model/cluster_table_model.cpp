// SPDX-License-Identifier: Apache-2.0
#include "gui/model/cluster_table_model.h"

#include <limits>

#include "gui/model/state.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

double share(std::optional<std::int64_t> part, std::optional<std::int64_t> whole) {
    if (!part || !whole)
        return kNotKnown;
    return *whole == 0 ? 1 : static_cast<double>(*part) / static_cast<double>(*whole);
}

void addFields(Row& row, const Cluster& cluster) {
    row.fields = {{"name", row.text[ClusterTableModel::Name].toLower()},
                  {"status", row.text[ClusterTableModel::Status].toLower()},
                  {"version", row.text[ClusterTableModel::Version].toLower()},
                  {"reason", text(cluster.reason).toLower()}};
    // A label is found by its whole key and by what follows the last slash: "region" is enough.
    for (const auto& [key, value] : cluster.labels) {
        const QString whole = text(key).toLower();
        row.fields.emplace_back(whole, text(value).toLower());
        if (whole.contains('/'))
            row.fields.emplace_back(whole.section('/', -1), text(value).toLower());
    }
    for (const ClusterTaint& taint : cluster.taints)
        row.fields.emplace_back("taint", text(taint.key).toLower());
}

}  // namespace

ClusterTableModel::ClusterTableModel(const FleetStore& store, QObject* parent)
    : OrderedTable({.columns = {{"Name"},
                                {.title = "Status", .texts = namesOfPhases()},
                                {"Seen", true, "Time since the last contact"},
                                {"Version"},
                                {"Nodes", true, "Ready of all"},
                                {"Synced", true, "Objects that are as they should be, of all placed there"},
                                {"Latency", true, "Of the last probe"},
                                {"Reason"}},
                    .status = Status,
                    .stamp = Seen,
                    .ratio = Synced,
                    .sort = Status},
                   parent),
      m_store(store) {
    connect(&store, &FleetStore::published, this, &ClusterTableModel::follow);
    follow({.isReset = true});
}

void ClusterTableModel::follow(const FleetDelta& delta) {
    setTime(m_store.now(), m_store.isStale());
    Batch batch;
    const Fleet& fleet = m_store.fleet();
    if (delta.isReset) {
        batch.isComplete = true;
        batch.rows.reserve(fleet.clusters().size());
        for (const auto& [number, cluster] : fleet.clusters())
            batch.rows.push_back(rowOfCluster(cluster));
        apply(std::move(batch));
        return;
    }
    for (const auto* numbers : {&delta.clusters, &delta.contacted})
        for (const ClusterNumber number : *numbers)
            if (const Cluster* cluster = fleet.cluster(number))
                batch.rows.push_back(rowOfCluster(*cluster));
    addOld(batch);
    for (const std::string& name : delta.removedClusters)
        if (fleet.cluster(name) == nullptr)
            batch.gone.push_back(text(name));
    apply(std::move(batch));
}

void ClusterTableModel::addOld(Batch& batch) const {
    for (const auto& [number, cluster] : m_store.fleet().clusters()) {
        const Row* row = find(text(cluster.name));
        if (row != nullptr && row->isOld != isOld(cluster, m_store.asOf(), m_store.fleet().info()))
            batch.rows.push_back(rowOfCluster(cluster));
    }
}

Row ClusterTableModel::rowOfCluster(const Cluster& cluster) const {
    const FleetInfo& info = m_store.fleet().info();
    const State state = stateOf(cluster, m_store.asOf(), info);
    const bool isKnown = !isLost(cluster);
    const auto ready = cluster.nodes && isKnown ? std::optional(cluster.nodes->ready) : std::nullopt;
    const auto nodes = cluster.nodes ? std::optional(cluster.nodes->total) : std::nullopt;
    const auto synced = cluster.objects && isKnown ? std::optional(cluster.objects->synced) : std::nullopt;
    const auto desired = cluster.objects ? std::optional(cluster.objects->desired) : std::nullopt;

    Row row;
    row.key = text(cluster.name);
    row.handle = cluster.number;
    row.level = state.level;
    row.isOld = state.isOld;
    row.stamp = cluster.lastContact;
    row.text.resize(kColumns);
    row.rank.assign(kColumns, 0);
    row.text[Name] = row.key;
    row.text[Status] = state.name;
    row.rank[Status] = -static_cast<double>(row.level);
    row.rank[Seen] = cluster.lastContact == 0 ? kNotKnown : -static_cast<double>(cluster.lastContact);
    row.text[Version] = text(cluster.kubernetesVersion);
    row.text[Nodes] = nodes ? fraction(ready, nodes) : QString("?");
    row.rank[Nodes] = share(ready, nodes);
    row.text[Synced] = desired ? fraction(synced, desired) : QString("?");
    row.rank[Synced] = row.ratio = share(synced, desired);
    if (row.ratio != row.ratio)
        row.ratio = -1;
    row.text[Latency] =
        cluster.latency && isKnown ? milliseconds(static_cast<double>(*cluster.latency)) : "?";
    row.rank[Latency] = cluster.latency && isKnown ? static_cast<double>(*cluster.latency) : kNotKnown;
    row.text[Reason] = state.reason;
    if (cluster.unschedulable && row.text[Reason].isEmpty())
        row.text[Reason] = "takes no new objects";
    row.tip = row.text[Reason];
    addFields(row, cluster);
    row.words = row.text[Name] + ' ' + row.text[Status] + ' ' + row.text[Version] + ' ' + row.text[Reason] +
                ' ' + text(cluster.reason);
    for (const auto& [key, value] : cluster.labels)
        row.words += ' ' + text(value);
    row.words = row.words.toLower();
    return row;
}

}  // namespace kubefed::gui

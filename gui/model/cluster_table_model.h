// SPDX-License-Identifier: Apache-2.0
//
// The clusters, worst first: one row each, keyed by name. Follows a FleetStore, which outlives it; a row goes
// grey by itself when its cluster has not been heard of for a probe's period and timeout. GUI thread.
#pragma once

#include "gui/model/fleet_store.h"
#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ClusterTableModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Name, Status, Seen, Version, Nodes, Synced, Latency, Reason, kColumns };

    explicit ClusterTableModel(const FleetStore& store, QObject* parent = nullptr);

private:
    void follow(const FleetDelta& delta);
    [[nodiscard]] Row rowOfCluster(const client::Cluster& cluster) const;
    void addOld(Batch& batch) const;

    const FleetStore& m_store;
};

}  // namespace kubefed::gui

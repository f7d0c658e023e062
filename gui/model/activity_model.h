// SPDX-License-Identifier: Apache-2.0
//
// What happened lately, newest first. Follows a FleetStore, which outlives it. GUI thread.
#pragma once

#include "gui/model/fleet_store.h"
#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ActivityModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Age, Kind, Cluster, Object, Reason, Message, kColumns };

    explicit ActivityModel(const FleetStore& store, QObject* parent = nullptr);
    // Only those of a cluster; 0: all.
    void restrictTo(client::ClusterNumber cluster);

private:
    void follow(const FleetDelta& delta);
    [[nodiscard]] Row rowOfActivity(const client::Activity& activity) const;

    const FleetStore& m_store;
    client::ClusterNumber m_cluster = 0;
};

}  // namespace kubefed::gui

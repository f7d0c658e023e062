// SPDX-License-Identifier: Apache-2.0
//
// What is placed, worst first: one row for each object, keyed by type, namespace and name. Follows a
// FleetStore, which outlives it. GUI thread.
#pragma once

#include <set>

#include "gui/model/fleet_store.h"
#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ObjectTableModel : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Name, Namespace, Status, Ready, Clusters, Policy, Since, Reason, kColumns };

    explicit ObjectTableModel(const FleetStore& store, QObject* parent = nullptr);
    // Only what has a share there; 0: everything.
    void restrictTo(client::ClusterNumber cluster);

protected:
    ObjectTableModel(const FleetStore& store, Shape shape, QObject* parent);
    [[nodiscard]] const FleetStore& store() const { return m_store; }
    [[nodiscard]] bool hasField(const Row& row, const QString& key, const QString& value) const override;

private:
    void follow(const FleetDelta& delta);
    [[nodiscard]] Row rowOfObject(ObjectNumber number, const client::Object& object) const;
    [[nodiscard]] bool isWanted(const client::Object& object) const;
    void addTurned(Batch& batch);

    const FleetStore& m_store;
    client::ClusterNumber m_cluster = 0;
    std::set<client::ClusterNumber> m_silent, m_lost;  // as the rows say it
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// Objects × clusters: what is placed where, with replicas ready and wanted. The rows are those of the table
// of objects, worst first; the columns are the clusters, worst first, and keep their place while the matrix
// is held. Follows a FleetStore, which outlives it. GUI thread.
#pragma once

#include "gui/model/object_table_model.h"

namespace kubefed::gui {

class PlacementMatrixModel final : public ObjectTableModel {
    Q_OBJECT

public:
    explicit PlacementMatrixModel(const FleetStore& store, QObject* parent = nullptr);

    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void setColumnsHeld(bool isHeld);
    [[nodiscard]] client::ClusterNumber clusterAt(int column) const;
    [[nodiscard]] ObjectNumber objectAt(int row) const;

protected:
    [[nodiscard]] std::pair<int, int> difference(const Row& before, const Row& after) const override;

private:
    struct Head {
        std::string name;
        client::ClusterNumber number = 0;
        Level level = Level::Unknown;
        bool isOld = false;
    };
    void followClusters(const FleetDelta& delta);
    [[nodiscard]] std::vector<Head> wantedHeads() const;
    void become(std::vector<Head> heads);
    void reorder(std::vector<Head> heads);

    std::vector<Head> m_heads;
};

}  // namespace kubefed::gui

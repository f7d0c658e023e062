// SPDX-License-Identifier: Apache-2.0
//
// The first page: tiles, the table of clusters, the chosen one's detail. GUI thread.
#pragma once

#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/cluster_table_model.h"
#include "gui/model/summary.h"
#include "gui/view/session.h"

class QSplitter;

namespace kubefed::gui {

class ClusterDetail;
class TablePanel;
class Tile;

class FleetPage final : public QWidget {
    Q_OBJECT

public:
    explicit FleetPage(Session& session, QWidget* parent = nullptr);
    [[nodiscard]] TablePanel& panel() const { return *m_panel; }
    [[nodiscard]] ClusterDetail& detail() const { return *m_detail; }
    [[nodiscard]] QSplitter& splitter() const { return *m_splitter; }
    [[nodiscard]] bool has(const QString& cluster) const { return m_clusters.has(cluster); }
    void openCluster(const QString& name);
    [[nodiscard]] QString currentCluster() const;

Q_SIGNALS:
    void objectOpened(const QString& key);
    void objectsWanted(const QString& filter);

private:
    void refresh(const FleetDelta& delta);
    void showTiles();

    Session& m_session;
    ClusterTableModel m_clusters;
    Summary m_summary;
    std::vector<TallyLine> m_clusterLines, m_objectLines;  // of the tiles
    std::vector<double> m_p99;                             // as it was told, newest last
    Tile* m_clusterTile;
    Tile* m_objectTile;
    Tile* m_worstTile;
    Tile* m_propagationTile;
    TablePanel* m_panel;
    ClusterDetail* m_detail;
    QSplitter* m_splitter;
};

}  // namespace kubefed::gui

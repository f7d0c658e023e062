// SPDX-License-Identifier: Apache-2.0
#include "gui/view/fleet_page.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QVBoxLayout>

#include "gui/model/commands.h"
#include "gui/view/cluster_detail.h"
#include "gui/view/table_panel.h"
#include "gui/widget/theme.h"
#include "gui/widget/tile.h"

namespace kubefed::gui {

namespace {

constexpr std::size_t kHistory = 60;
constexpr std::size_t kLines = 4;

std::vector<Tile::Line> shownOf(const std::vector<TallyLine>& lines) {
    std::vector<Tile::Line> shown;
    for (const auto& [tally, filter] : lines)
        shown.push_back({tally.level, count(tally.count), tally.name});
    return shown;
}

}  // namespace

FleetPage::FleetPage(Session& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_clusters(session.store()),
      m_clusterTile(new Tile("Clusters", this)),
      m_objectTile(new Tile("Objects", this)),
      m_worstTile(new Tile("Worst", this)),
      m_propagationTile(new Tile("Propagation p99, 5 min", this)),
      m_panel(new TablePanel(m_clusters, "cluster", "Filter clusters, for example: region=jp ready", this)),
      m_detail(new ClusterDetail(session, this)),
      m_splitter(new QSplitter(Qt::Horizontal, this)) {
    auto* tiles = new QHBoxLayout;
    tiles->setSpacing(12);
    tiles->addWidget(m_clusterTile, 8);
    tiles->addWidget(m_objectTile, 8);
    tiles->addWidget(m_worstTile, 13);
    tiles->addWidget(m_propagationTile, 9);
    m_splitter->addWidget(m_panel);
    m_splitter->addWidget(m_detail);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setHandleWidth(12);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({840, 400});
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addLayout(tiles);
    column->addWidget(m_splitter, 1);
    m_panel->setTroubleFilter("status!=ready");
    m_panel->table().setWidths({12, 13, 5, 7, 6, 7, 6});
    using Model = ClusterTableModel;
    m_panel->table().setFolding({Model::Version, Model::Nodes, Model::Latency, Model::Synced});

    connect(&m_panel->table(), &TableView::chosen, m_detail, qOverload<const QString&>(&ClusterDetail::show));
    connect(m_detail, &ClusterDetail::objectOpened, this, &FleetPage::objectOpened);
    connect(m_detail, &ClusterDetail::placedWanted, this,
            [this](const QString& name) { Q_EMIT objectsWanted("cluster=" + name); });
    connect(m_clusterTile, &Tile::chosen, this, [this](int line) {
        m_panel->filter().setText(m_clusterLines[static_cast<std::size_t>(line)].filter);
        m_panel->table().setFocus();
    });
    connect(m_objectTile, &Tile::chosen, this,
            [this](int line) { Q_EMIT objectsWanted(m_objectLines[static_cast<std::size_t>(line)].filter); });
    connect(m_worstTile, &Tile::chosen, this, [this](int line) {
        if (static_cast<std::size_t>(line) >= m_summary.worst.size())
            return;
        const Trouble& trouble = m_summary.worst[static_cast<std::size_t>(line)];
        if (trouble.cluster != 0)
            openCluster(trouble.subject);
        else if (const client::Object* object = m_session.store().fleet().object(trouble.object))
            Q_EMIT objectOpened(keyOf(object->id));
    });
    connect(&session.store(), &FleetStore::published, this, &FleetPage::refresh);
    refresh({.isReset = true});
}

void FleetPage::openCluster(const QString& name) {
    if (m_clusters.rowOf(name) < 0)
        m_panel->filter().clear();
    m_panel->table().select(name);
    m_panel->table().setFocus();
}

QString FleetPage::currentCluster() const {
    return m_panel->table().currentKey();
}

void FleetPage::refresh(const FleetDelta& delta) {
    const FleetStore& store = m_session.store();
    const client::FleetInfo& info = store.fleet().info();
    if (delta.isReset)
        m_panel->setEmpty(
            {.title = "No clusters yet",
             .text = info.seesClusters
                         ? "This federation has no members. Join one with its own kubeconfig context:"
                         : "You may not list this federation's clusters, or it has none.",
             .command = info.seesClusters ? m_session.commands().join() : QString()});
    if (delta.isReset)
        m_panel->table().setAbsent(
            info.seesClusters ? std::set<int>{}
                              : std::set<int>{ClusterTableModel::Seen, ClusterTableModel::Version,
                                              ClusterTableModel::Nodes, ClusterTableModel::Synced,
                                              ClusterTableModel::Latency, ClusterTableModel::Reason});
    if (delta.isReset)
        m_p99.clear();  // of another federation, or with a gap in it
    if (store.fleet().totals().propagationP99 && (delta.totals || delta.isReset)) {
        m_p99.push_back(*store.fleet().totals().propagationP99);
        if (m_p99.size() > kHistory)
            m_p99.erase(m_p99.begin());
    }
    // Trouble is on top: it is seen without choosing anything.
    if (!m_panel->table().currentIndex().isValid() && m_clusters.rowCount() > 0)
        m_panel->table().setCurrentIndex(m_clusters.index(0, 0));
    showTiles();
}

void FleetPage::showTiles() {
    const FleetStore& store = m_session.store();
    const bool isOld = store.isStale();
    m_summary = summarize(store.fleet(), store.asOf());
    m_clusterLines = linesOf(m_summary.clusterTally, kLines);
    m_objectLines = linesOf(m_summary.objectTally, kLines);
    m_clusterTile->show(
        {.figure = count(m_summary.clusters), .lines = shownOf(m_clusterLines), .isOld = isOld});
    m_objectTile->show({.figure = count(m_summary.objects), .lines = shownOf(m_objectLines), .isOld = isOld});
    Tile::Content worst{.unit = m_summary.troubles > static_cast<int>(m_summary.worst.size())
                                    ? QString("%1 in all").arg(count(m_summary.troubles))
                                    : QString(),
                        .isOld = isOld};
    for (const Trouble& trouble : m_summary.worst)
        worst.lines.push_back(
            {trouble.level, trouble.subject, trouble.cause, since(trouble.since, store.now())});
    if (worst.lines.empty())
        worst.lines.push_back(
            m_summary.clusters == 0 ? Tile::Line{Level::Quiet, {}, "Nothing to watch yet"}
            : isOld                 ? Tile::Line{Level::Unknown,
                                                 {},
                                 "All was well " + since(store.lastData(), store.now()) + " ago"}
                                    : Tile::Line{
                          store.fleet().info().seesClusters ? Level::Good : Level::Quiet, {}, "All is well"});
    m_worstTile->show(std::move(worst));
    const client::Totals& totals = store.fleet().totals();
    m_propagationTile->show(
        {.figure = quantileTime(totals.propagationP99, totals.propagationBound),
         .lines = {{std::nullopt, "", "p50", quantileTime(totals.propagationP50, totals.propagationBound)},
                   {std::nullopt, "", "queued", count(totals.queued)},
                   {std::nullopt, "", "decisions",
                    QString::number(totals.decisionsPerSecond, 'f', 0) + "/s"}},
         .spark = m_p99,
         .isOld = isOld});
}

}  // namespace kubefed::gui

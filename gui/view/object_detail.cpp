// SPDX-License-Identifier: Apache-2.0
#include "gui/view/object_detail.h"

#include <algorithm>

#include <QtWidgets/QPushButton>

#include "gui/model/state.h"
#include "gui/view/facts_grid.h"
#include "gui/view/table_view.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr int kRow = 32;
constexpr int kMostRows = 10;  // more are scrolled to

}  // namespace

ObjectDetail::ObjectDetail(const FleetStore& store, QWidget* parent)
    : DetailCard(parent),
      m_store(store),
      m_shares(store),
      m_facts(new FactsGrid),
      m_table(new TableView(m_shares)),
      m_share(new Label(Label::Kind::Body)) {
    auto* why = addButton("Why here?");
    why->setToolTip("Each cluster, and what each plugin said of it (W)");
    connect(why, &QPushButton::clicked, this, &ObjectDetail::whyWanted);
    connect(addButton("Copy command"), &QPushButton::clicked, this, &ObjectDetail::copyWanted);
    addSection("Facts", {m_facts});
    // The card is too narrow for more: what else is known of the chosen cluster stands below, whole.
    for (const int column : {ShareTableModel::Since, ShareTableModel::Reason})
        m_table->setColumnHidden(column, true);
    m_table->setWidths({10, 11, 0, 5});
    m_table->setStretched(ShareTableModel::Cluster);
    m_table->setEmptyText("In no cluster yet.");
    addSection("In each cluster, worst first", {m_table, m_share});
    addStretch();
    connect(m_table, &TableView::chosen, this, &ObjectDetail::showShare);
    connect(m_table, &TableView::opened, this, &ObjectDetail::clusterOpened);
    connect(&store, &FleetStore::published, this, &ObjectDetail::refresh);
    refresh();
}

void ObjectDetail::showShare() {
    const QModelIndex current = m_table->currentIndex();
    const auto cell = [&current](int column) { return current.siblingAtColumn(column).data().toString(); };
    const QString reason = cell(ShareTableModel::Reason);
    m_share->showWhole(current.isValid()
                           ? m_table->currentKey() + ": " + cell(ShareTableModel::State) + " for " +
                                 cell(ShareTableModel::Since) + (reason.isEmpty() ? QString() : ", " + reason)
                           : QString());
    m_share->setEnabled(current.data(OldRole).toInt() == 0);
}

void ObjectDetail::show(ObjectNumber object) {
    if (object != m_object)
        m_table->setCurrentIndex({});  // the worst of the other one
    m_object = object;
    m_shares.restrictTo(object);
    refresh();
}

void ObjectDetail::refresh() {
    const Object* object = m_store.fleet().object(m_object);
    if (object == nullptr) {
        showNothing(m_object == 0 ? "Choose an object to see where it is." : "This object is gone.");
        return;
    }
    const TimeMs now = m_store.now();
    const State state = stateOf(*object, m_store.fleet(), m_store.asOf());
    m_table->setFixedHeight((std::clamp(m_shares.rowCount(), 1, kMostRows) + 1) * kRow + 2);
    if (!m_table->currentIndex().isValid() && m_shares.rowCount() > 0)
        m_table->setCurrentIndex(m_shares.index(0, 0));
    showShare();
    showHead(reference(object->id), state.level, state.name, "for " + since(state.since, now),
             m_store.isStale(), state.reason);
    const QString replicas =
        object->wanted
            ? fraction(readyOf(*object, m_store.fleet()), object->wanted) + " ready" +
                  (object->unplaced > 0 ? ", " + count(object->unplaced) + " without a place" : QString())
            : QString();
    m_facts->show({{"Namespace", text(object->id.ns)},
                   {"Replicas", replicas},
                   {"Clusters", count(static_cast<std::int64_t>(object->shares.size()))},
                   {"Policy", object->policy.empty() ? QString("none of its own") : text(object->policy)},
                   {"Created", since(object->created, now) + " ago"}});
}

}  // namespace kubefed::gui

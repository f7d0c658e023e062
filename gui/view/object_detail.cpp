// SPDX-License-Identifier: Apache-2.0
#include "gui/view/object_detail.h"

#include <QtWidgets/QPushButton>

#include "gui/model/object_table_model.h"
#include "gui/view/facts_grid.h"
#include "gui/view/table_view.h"

namespace kubefed::gui {

using namespace client;

ObjectDetail::ObjectDetail(const FleetStore& store, QWidget* parent)
    : DetailCard(parent),
      m_store(store),
      m_shares(store),
      m_facts(new FactsGrid),
      m_table(new TableView(m_shares)) {
    auto* why = addButton("Why here?");
    why->setToolTip("Each cluster, and what each plugin said of it (W)");
    connect(why, &QPushButton::clicked, this, &ObjectDetail::whyWanted);
    connect(addButton("Copy command"), &QPushButton::clicked, this, &ObjectDetail::copyWanted);
    addCaption("Facts");
    add(m_facts);
    addCaption("In each cluster, worst first");
    m_table->setColumnHidden(ShareTableModel::Since, true);
    m_table->setWidths({10, 13, 0, 4});
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setMinimumHeight(240);
    add(m_table, 1);
    connect(m_table, &TableView::opened, this, &ObjectDetail::clusterOpened);
    connect(&store, &FleetStore::published, this, &ObjectDetail::refresh);
    refresh();
}

void ObjectDetail::show(ObjectNumber object) {
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
    showHead(reference(object->id), levelOf(object->health), nameOf(object->health),
             "for " + since(object->since, now), m_store.isStale(), reasonOf(*object));
    const QString replicas =
        object->wanted
            ? fraction(object->ready, object->wanted) + " ready" +
                  (object->unplaced > 0 ? ", " + count(object->unplaced) + " without a place" : QString())
            : QString();
    m_facts->show({{"Namespace", text(object->id.ns)},
                   {"Replicas", replicas},
                   {"Clusters", count(static_cast<std::int64_t>(object->shares.size()))},
                   {"Policy", object->policy.empty() ? QString("none of its own") : text(object->policy)},
                   {"Created", since(object->created, now) + " ago"}});
}

}  // namespace kubefed::gui

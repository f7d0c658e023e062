// SPDX-License-Identifier: Apache-2.0
//
// All that is known of one cluster: health over time, probes, events, what is placed there, what its nodes
// can take. Follows the store. GUI thread.
#pragma once

#include "gui/model/activity_model.h"
#include "gui/model/object_table_model.h"
#include "gui/view/detail_card.h"
#include "gui/view/session.h"

namespace kubefed::gui {

class FactsGrid;
class Sparkline;
class TableView;
class Timeline;

class ClusterDetail final : public DetailCard {
    Q_OBJECT

public:
    explicit ClusterDetail(Session& session, QWidget* parent = nullptr);
    void show(const QString& name);  // empty: none
    using QWidget::show;
    [[nodiscard]] const QString& cluster() const { return m_name; }

Q_SIGNALS:
    void objectOpened(const QString& key);
    void placedWanted(const QString& cluster);  // what is placed there, on its own page
    void eventsWanted(const QString& cluster);
    void copyWanted();
    void copied(const QString& command);

private:
    void refresh();

    Session& m_session;
    const FleetStore& m_store;
    QString m_name;
    ObjectTableModel m_objects;
    ActivityModel m_activities;
    Timeline* m_timeline;
    Sparkline* m_probes;
    FactsGrid* m_allocatable;
    FactsGrid* m_facts;
    std::vector<QWidget*> m_full;  // for who may list clusters
    QWidget* m_capacity;           // of these, where it is known
    QWidget* m_limits;             // for who may not
    Label* m_grant;
    TableView* m_placed;
    TableView* m_events;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// All that is known of one object: its state and why, its share in each cluster. Follows the store. GUI
// thread.
#pragma once

#include "gui/model/detail_tables.h"
#include "gui/view/detail_card.h"

namespace kubefed::gui {

class FactsGrid;
class TableView;

class ObjectDetail final : public DetailCard {
    Q_OBJECT

public:
    explicit ObjectDetail(const FleetStore& store, QWidget* parent = nullptr);
    void show(ObjectNumber object);  // 0: none
    using QWidget::show;
    [[nodiscard]] ObjectNumber object() const { return m_object; }

Q_SIGNALS:
    void whyWanted();
    void clusterOpened(const QString& name);
    void copyWanted();

private:
    void refresh();
    void showShare();

    const FleetStore& m_store;
    ObjectNumber m_object = 0;
    ShareTableModel m_shares;
    FactsGrid* m_facts;
    TableView* m_table;
    Label* m_share;
};

}  // namespace kubefed::gui

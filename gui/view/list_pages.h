// SPDX-License-Identifier: Apache-2.0
//
// The pages that are one table: events, and the policy plugins of the controller, asked for as long as the
// page is shown. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/activity_model.h"
#include "gui/model/policy_table_model.h"
#include "gui/view/asking.h"
#include "gui/view/detail_card.h"
#include "gui/view/session.h"

class QPushButton;

namespace kubefed::gui {

class FactsGrid;
class TablePanel;

class EventsPage final : public QWidget {
    Q_OBJECT

public:
    explicit EventsPage(Session& session, QWidget* parent = nullptr);
    [[nodiscard]] TablePanel& panel() const { return *m_panel; }

    // What shows more of the chosen event; empty: nothing does.
    [[nodiscard]] QString command() const;

Q_SIGNALS:
    void clusterOpened(const QString& name);
    void objectOpened(const QString& key);

private:
    void open(const QString& key);
    void refresh(const FleetDelta& delta);
    [[nodiscard]] const client::Activity* find(const QString& key) const;

    Session& m_session;
    ActivityModel m_model;
    TablePanel* m_panel;
};

class PluginCard final : public DetailCard {
    Q_OBJECT

public:
    explicit PluginCard(QWidget* parent = nullptr);
    void show(const client::PolicyPlugin* plugin, Level level, bool isOld);  // nullptr: none
    using QWidget::show;

Q_SIGNALS:
    void copied(const QString& text);

private:
    FactsGrid* m_facts;
    QPushButton* m_copyDigest;
    QString m_digest;
};

class PoliciesPage final : public QWidget {
    Q_OBJECT

public:
    explicit PoliciesPage(Session& session, QWidget* parent = nullptr);
    [[nodiscard]] TablePanel& panel() const { return *m_panel; }
    void ask();

Q_SIGNALS:
    void copied(const QString& text);

private:
    void follow();
    void answer(Result<std::vector<client::PolicyPlugin>> result);
    void showCurrent();

    Session& m_session;
    PolicyTableModel m_model;
    TablePanel* m_panel;
    PluginCard* m_card;
    Asking m_asking;
};

}  // namespace kubefed::gui

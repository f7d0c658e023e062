// SPDX-License-Identifier: Apache-2.0
//
// Why an object is where it is: every cluster, winner and loser, with each plugin's verdict, score and
// reason. Asks the source once when it is shown and again on request. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/detail_tables.h"
#include "gui/model/explanation_model.h"
#include "gui/widget/label.h"

namespace kubefed::gui {

class TablePanel;
class TableView;

class ExplanationView final : public QWidget {
    Q_OBJECT

public:
    explicit ExplanationView(const FleetStore& store, QWidget* parent = nullptr);
    void ask(const client::ObjectId& object);
    [[nodiscard]] const client::ObjectId& object() const { return m_object; }
    void focusTable();

Q_SIGNALS:
    void backWanted();
    void clusterOpened(const QString& name);
    void copied(const QString& command);
    void copyWanted();

private:
    void answer(Result<client::Explanation> result);
    void showWords();

    const FleetStore& m_store;
    client::ObjectId m_object;
    ExplanationModel m_model;
    WordTableModel m_words;
    Label* m_title;
    Label* m_facts;
    Label* m_caution;
    TablePanel* m_panel;
    Label* m_chosen;
    TableView* m_wordTable;
    Request m_request;
};

}  // namespace kubefed::gui

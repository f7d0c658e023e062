// SPDX-License-Identifier: Apache-2.0
//
// Why an object is where it is: every cluster, winner and loser, with each plugin's verdict, score and
// reason. Asks the source when it is shown, as long as it is, and on request; who is refused is told what
// would allow it. GUI thread.
#pragma once

#include <QtCore/QVariantMap>
#include <QtWidgets/QWidget>

#include "gui/model/detail_tables.h"
#include "gui/model/explanation_model.h"
#include "gui/view/asking.h"
#include "gui/view/session.h"
#include "gui/widget/label.h"

namespace kubefed::gui {

class TablePanel;
class TableView;

class ExplanationView final : public QWidget {
    Q_OBJECT

public:
    explicit ExplanationView(Session& session, QWidget* parent = nullptr);
    void ask(const client::ObjectId& object);
    [[nodiscard]] const client::ObjectId& object() const { return m_object; }
    [[nodiscard]] TablePanel& panel() const { return *m_panel; }
    void focusTable();
    // Widths and order of the columns, for as long as the plugins are the same; nothing: never shown.
    [[nodiscard]] QVariantMap arrangement();
    void arrange(const QVariantMap& arrangement);

Q_SIGNALS:
    void backWanted();
    void clusterOpened(const QString& name);
    void copied(const QString& command);
    void copyWanted();

private:
    void askAgain();
    void clear();
    void follow();
    void answer(Result<client::Explanation> result);
    void showFailure(const Error& error);
    void showFacts();
    void showCautions();
    void setWidths();
    [[nodiscard]] QStringList titles() const;
    void showWords();

    Session& m_session;
    const FleetStore& m_store;
    client::ObjectId m_object;
    ExplanationModel m_model;
    WordTableModel m_words;
    Label* m_title;
    Label* m_facts;
    Label* m_caution;
    TablePanel* m_panel;
    QWidget* m_wordCard;
    Label* m_chosen;
    TableView* m_wordTable;
    Asking m_asking;
    QVariantMap m_arrangement;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// What is placed: as a table or as a matrix over the clusters, the chosen object's detail, and on the same
// page the explanation of its placement. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/placement_matrix_model.h"
#include "gui/view/session.h"

class QPushButton;
class QSplitter;
class QStackedWidget;

namespace kubefed::gui {

class ExplanationView;
class MatrixView;
class ObjectDetail;
class TablePanel;

class WorkloadsPage final : public QWidget {
    Q_OBJECT

public:
    explicit WorkloadsPage(Session& session, QWidget* parent = nullptr);
    [[nodiscard]] TablePanel& panel() const { return *m_panel; }
    [[nodiscard]] QSplitter& splitter() const { return *m_splitter; }
    [[nodiscard]] ExplanationView& explanation() const { return *m_explanation; }
    [[nodiscard]] bool has(const QString& key) const { return m_objects.has(key); }
    void openObject(const QString& key);
    void explainCurrent();
    void setMatrix(bool isShown);
    [[nodiscard]] bool isMatrix() const;
    [[nodiscard]] bool isExplaining() const;
    void leaveExplanation();
    [[nodiscard]] const client::Object* currentObject() const;
    void focusRows();

Q_SIGNALS:
    void clusterOpened(const QString& name);
    void copied(const QString& command);
    void copyWanted();

private:
    void refresh(const FleetDelta& delta);
    void choose(const QString& key);

    Session& m_session;
    ObjectTableModel m_objects;
    PlacementMatrixModel m_matrixModel;
    TablePanel* m_panel;
    MatrixView* m_matrix;
    QPushButton* m_asTable;
    QPushButton* m_asMatrix;
    ObjectDetail* m_detail;
    QSplitter* m_splitter;
    ExplanationView* m_explanation;
    QStackedWidget* m_stack;
    QString m_current;
};

}  // namespace kubefed::gui

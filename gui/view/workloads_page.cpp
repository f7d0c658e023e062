// SPDX-License-Identifier: Apache-2.0
#include "gui/view/workloads_page.h"

#include <QtWidgets/QButtonGroup>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>

#include "gui/model/commands.h"
#include "gui/view/explanation_view.h"
#include "gui/view/matrix_view.h"
#include "gui/view/object_detail.h"
#include "gui/view/table_panel.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

WorkloadsPage::WorkloadsPage(Session& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_objects(session.store()),
      m_matrixModel(session.store()),
      m_panel(new TablePanel(m_objects, "object",
                             "Filter objects, for example: ns=shop cluster=tokyo failing", this)),
      m_matrix(new MatrixView(m_matrixModel, this)),
      m_asTable(new QPushButton("Table", this)),
      m_asMatrix(new QPushButton("Matrix", this)),
      m_detail(new ObjectDetail(session.store(), this)),
      m_splitter(new QSplitter(Qt::Horizontal, this)),
      m_explanation(new ExplanationView(session, this)),
      m_stack(new QStackedWidget(this)) {
    auto* switches = new QWidget(this);
    auto* beside = new QHBoxLayout(switches);
    beside->setContentsMargins(0, 0, 0, 0);
    beside->setSpacing(4);
    auto* group = new QButtonGroup(switches);
    for (QPushButton* button : {m_asTable, m_asMatrix}) {
        button->setCheckable(true);
        group->addButton(button);
        beside->addWidget(button);
    }
    m_asTable->setChecked(true);
    m_panel->addControl(switches);
    m_panel->setOther(m_matrix);
    m_panel->setTroubleFilter("status!=healthy");
    m_panel->table().setWidths({13, 11, 11, 6, 6, 13, 5});
    using Model = ObjectTableModel;
    m_panel->table().setFolding({Model::Policy, Model::Clusters, Model::Since, Model::Namespace});
    m_splitter->addWidget(m_panel);
    m_splitter->addWidget(m_detail);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setHandleWidth(12);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({840, 400});
    m_stack->addWidget(m_splitter);
    m_stack->addWidget(m_explanation);
    auto* all = new QHBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_stack);

    connect(m_asMatrix, &QPushButton::toggled, this, [this](bool isOn) {
        if (isOn)
            m_matrixModel.setFilter(m_panel->filter().text());
        m_panel->showOther(isOn);
        isOn ? m_matrix->select(m_current) : m_panel->table().select(m_current);
    });
    connect(&m_panel->filter(), &QLineEdit::textChanged, this, [this](const QString& filter) {
        if (isMatrix())
            m_matrixModel.setFilter(filter);
    });
    connect(&m_panel->table(), &TableView::chosen, this, &WorkloadsPage::choose);
    connect(m_matrix, &MatrixView::chosen, this, &WorkloadsPage::choose);
    connect(&m_panel->table(), &TableView::opened, this, &WorkloadsPage::explainCurrent);
    connect(m_matrix, &MatrixView::opened, this, &WorkloadsPage::explainCurrent);
    connect(m_detail, &ObjectDetail::whyWanted, this, &WorkloadsPage::explainCurrent);
    connect(m_detail, &ObjectDetail::clusterOpened, this, &WorkloadsPage::clusterOpened);
    connect(m_detail, &ObjectDetail::copyWanted, this, &WorkloadsPage::copyWanted);
    connect(m_explanation, &ExplanationView::backWanted, this, &WorkloadsPage::leaveExplanation);
    connect(m_explanation, &ExplanationView::clusterOpened, this, &WorkloadsPage::clusterOpened);
    connect(m_explanation, &ExplanationView::copied, this, &WorkloadsPage::copied);
    connect(m_explanation, &ExplanationView::copyWanted, this, &WorkloadsPage::copyWanted);
    connect(m_panel, &TablePanel::copied, this, &WorkloadsPage::copied);
    connect(&session.store(), &FleetStore::published, this, &WorkloadsPage::refresh);
    refresh({.isReset = true});
}

void WorkloadsPage::refresh(const FleetDelta& delta) {
    const client::FleetInfo& info = m_session.store().fleet().info();
    if (delta.isReset) {
        QStringList spaces;
        for (const std::string& ns : info.namespaces)
            spaces += text(ns);
        m_panel->setEmpty(
            {.title = "Nothing is placed yet",
             .text = info.seesAllNamespaces
                         ? "Write ordinary objects to the federation; what its policies place appears here. "
                           "To try it:"
                         : "Nothing is placed in the namespaces that you may see: " + spaces.join(", ") + ".",
             .command = info.seesAllNamespaces ? m_session.commands().applyExample() : QString()});
    }
    if (!m_panel->table().currentIndex().isValid() && m_objects.rowCount() > 0)
        m_panel->table().setCurrentIndex(m_objects.index(0, 0));
}

void WorkloadsPage::choose(const QString& key) {
    if (key.isEmpty())
        return;
    m_current = key;
    const int row = m_objects.rowOf(key);
    m_detail->show(
        row < 0 ? 0 : static_cast<ObjectNumber>(m_objects.index(row, 0).data(HandleRole).toULongLong()));
}

void WorkloadsPage::openObject(const QString& key) {
    leaveExplanation();
    if (m_objects.rowOf(key) < 0)
        m_panel->filter().clear();
    m_panel->table().select(key);
    m_matrix->select(key);
    focusRows();
}

const client::Object* WorkloadsPage::currentObject() const {
    return m_session.store().fleet().object(m_detail->object());
}

void WorkloadsPage::explainCurrent() {
    const client::Object* object = currentObject();
    if (object == nullptr)
        return;
    m_explanation->ask(object->id);
    m_stack->setCurrentWidget(m_explanation);
    m_explanation->focusTable();
}

void WorkloadsPage::leaveExplanation() {
    if (!isExplaining())
        return;
    m_stack->setCurrentWidget(m_splitter);
    focusRows();
}

void WorkloadsPage::setMatrix(bool isShown) {
    (isShown ? m_asMatrix : m_asTable)->setChecked(true);
    focusRows();
}

bool WorkloadsPage::isMatrix() const {
    return m_asMatrix->isChecked();
}

bool WorkloadsPage::isExplaining() const {
    return m_stack->currentWidget() == m_explanation;
}

void WorkloadsPage::focusRows() {
    isMatrix() ? m_matrix->setFocus() : m_panel->table().setFocus();
}

}  // namespace kubefed::gui

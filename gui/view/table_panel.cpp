// SPDX-License-Identifier: Apache-2.0
#include "gui/view/table_panel.h"

#include <QtGui/QKeyEvent>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QVBoxLayout>

#include "gui/widget/card.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

TablePanel::TablePanel(OrderedTable& model, QString noun, const QString& hint, QWidget* parent)
    : QWidget(parent),
      m_model(model),
      m_noun(std::move(noun)),
      m_filter(new QLineEdit(this)),
      m_count(new Label(Label::Kind::Dim, {}, this)),
      m_bar(new QHBoxLayout),
      m_stack(new QStackedWidget(this)),
      m_table(new TableView(model, this)),
      m_notice(new Notice(this)) {
    m_filter->setPlaceholderText(hint);
    m_filter->setClearButtonEnabled(true);
    m_filter->setAccessibleName("Filter");
    m_filter->installEventFilter(this);
    m_bar->setContentsMargins(12, 12, 12, 12);
    m_bar->setSpacing(12);
    m_bar->addWidget(m_filter, 1);
    m_bar->addWidget(m_count);
    m_stack->addWidget(m_table);
    m_stack->addWidget(m_notice);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, kGrid);
    column->setSpacing(0);
    column->addLayout(m_bar);
    column->addWidget(m_stack, 1);
    connect(m_filter, &QLineEdit::textChanged, &m_model, &OrderedTable::setFilter);
    connect(m_filter, &QLineEdit::textChanged, this, [this] { say({}); });
    connect(m_table, &TableView::chosen, this, [this] { say({}); });
    connect(m_notice, &Notice::copied, this, &TablePanel::copied);
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(&m_model, signal, this, &TablePanel::refresh);
    connect(&m_model, &QAbstractItemModel::modelReset, this, &TablePanel::refresh);
    connect(&m_model, &OrderedTable::filterChanged, this, &TablePanel::refresh);
    connect(m_table, &TableView::holdingChanged, this, &TablePanel::refresh);
    refresh();
}

void TablePanel::addControl(QWidget* control) {
    m_bar->insertWidget(0, control);
}

void TablePanel::setOther(QWidget* other) {
    m_other = other;
    m_stack->addWidget(other);
}

void TablePanel::showOther(bool isShown) {
    m_isOther = isShown && m_other != nullptr;
    refresh();
}

void TablePanel::setEmpty(const Notice::Content& content) {
    m_empty = content;
    refresh();
}

void TablePanel::setNotice(bool isShown, const Notice::Content& content) {
    m_hasNotice = isShown;
    m_forced = content;
    refresh();
}

void TablePanel::setAge(const QString& age) {
    if (age == m_age)
        return;
    m_age = age;
    refresh();
}

void TablePanel::say(const QString& what) {
    m_said = what;
    refresh();
}

void TablePanel::refresh() {
    const int shown = m_model.rowCount();
    const int total = m_model.total();
    const QString all = plural(total, m_noun.toUtf8().constData(), (m_noun + 's').toUtf8().constData());
    m_count->setText((m_said.isEmpty() ? QString() : m_said + " · ") +
                     (shown == total ? all : count(shown) + " of " + all) +
                     (m_age.isEmpty() ? QString() : " · " + m_age) +
                     (m_table->isHolding() ? " · order held" : ""));
    if (m_hasNotice)
        m_notice->show(m_forced);
    else if (total == 0)
        m_notice->show(m_empty);
    else if (shown == 0)
        m_notice->show({.title = "Nothing matches",
                        .text = QString("None of the %1 matches “%2”. Press Esc to see them all.")
                                    .arg(all, m_filter->text())});
    QWidget* view = m_isOther ? m_other : m_table;
    m_stack->setCurrentWidget(m_hasNotice || shown == 0 ? m_notice : view);
    m_filter->setEnabled(total > 0);
}

bool TablePanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_filter || event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(watched, event);
    const auto* key = static_cast<QKeyEvent*>(event);
    QWidget* view = m_isOther ? m_other : m_table;
    switch (key->key()) {
        case Qt::Key_Down:
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (!m_isOther && m_model.rowCount() > 0 && !m_table->currentIndex().isValid())
                m_table->setCurrentIndex(m_model.index(0, 0));
            view->setFocus();
            return true;
        default:
            return false;
    }
}

void TablePanel::paintEvent(QPaintEvent*) {
    paintCard(*this);
}

}  // namespace kubefed::gui

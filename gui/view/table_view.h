// SPDX-License-Identifier: Apache-2.0
//
// A table of an OrderedTable as all views show it: signs and words for states, share bars, figures at the
// right, grey for what is old. While the pointer moves over it the model holds its rows. GUI thread.
#pragma once

#include <map>
#include <set>

#include <QtWidgets/QStyledItemDelegate>
#include <QtWidgets/QTableView>

#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class TableDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    void setHovered(int row) { m_hovered = row; }

private:
    int m_hovered = -1;
};

class TableView final : public QTableView {
    Q_OBJECT

public:
    explicit TableView(OrderedTable& model, QWidget* parent = nullptr);
    // In letters' widths, but never less than what a column may have to show whole; the last column takes
    // what is left.
    void setWidths(const std::vector<int>& letters);
    // Given up in that order where not all columns fit beside each other; they come back by themselves.
    void setFolding(std::vector<int> columns);
    // Columns that have no values for this caller.
    void setAbsent(std::set<int> columns);
    // Of a small table in a card: this column takes what is left, and nothing is scrolled sideways.
    void setStretched(int column);
    void setEmptyText(const QString& text);  // said where there are no rows
    [[nodiscard]] QString currentKey() const;
    void select(const QString& key);
    // The other way round if it is ordered by that column already; -1: as at first.
    void sortBy(int column);
    void reverse() { sortBy(m_table.sortColumn()); }
    [[nodiscard]] bool isHolding() const { return m_table.isHeld(); }

Q_SIGNALS:
    void chosen(const QString& key);  // the current row is another one now; empty: none
    void opened(const QString& key);  // Enter, or a double click
    void holdingChanged();

protected:
    bool viewportEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

private:
    void hold(bool isHeld);
    void setHovered(int row);
    [[nodiscard]] int widthFor(int column) const;
    void fold();

    OrderedTable& m_table;
    TableDelegate* m_delegate;
    QString m_chosen;
    int m_hovered = -1;
    std::vector<int> m_folding;
    std::set<int> m_absent;
    std::map<int, int> m_widths;  // of columns that may be hidden
    QString m_emptyText;
};

}  // namespace kubefed::gui

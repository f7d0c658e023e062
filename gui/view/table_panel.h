// SPDX-License-Identifier: Apache-2.0
//
// A card with a filter, a count and a table, or what to do next where the table is empty. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/view/table_view.h"
#include "gui/widget/label.h"
#include "gui/widget/notice.h"

class QHBoxLayout;
class QLineEdit;
class QStackedWidget;

namespace kubefed::gui {

class TablePanel final : public QWidget {
    Q_OBJECT

public:
    // `noun`: "cluster", for the count.
    TablePanel(OrderedTable& model, QString noun, const QString& hint, QWidget* parent = nullptr);

    [[nodiscard]] TableView& table() const { return *m_table; }
    [[nodiscard]] QLineEdit& filter() const { return *m_filter; }
    [[nodiscard]] Notice& notice() const { return *m_notice; }
    void addControl(QWidget* control);  // beside the filter
    // Another way to show the same rows, instead of the table; nullptr: the table.
    void setOther(QWidget* other);
    void showOther(bool isShown);
    void setEmpty(const Notice::Content& content);  // shown when there is nothing at all
    void setNotice(bool isShown, const Notice::Content& content = {});
    void setAge(const QString& age);  // said behind the count; empty: it is the fleet's
    // Before the count, until another row is chosen or the filter changes.
    void say(const QString& what);
    // The filter that leaves only rows in trouble; empty: no row here is in any.
    void setTroubleFilter(const QString& filter) { m_troubleFilter = filter; }
    [[nodiscard]] const QString& troubleFilter() const { return m_troubleFilter; }

Q_SIGNALS:
    void copied(const QString& command);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void refresh();

    OrderedTable& m_model;
    QString m_noun;
    QLineEdit* m_filter;
    Label* m_count;
    QHBoxLayout* m_bar;
    QStackedWidget* m_stack;
    TableView* m_table;
    QWidget* m_other = nullptr;
    Notice* m_notice;
    Notice::Content m_empty;
    QString m_said;
    QString m_age;
    QString m_troubleFilter;
    bool m_isOther = false;
    bool m_hasNotice = false;
    Notice::Content m_forced;
};

}  // namespace kubefed::gui

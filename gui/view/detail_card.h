// SPDX-License-Identifier: Apache-2.0
//
// The card at the right with all that is known of one thing: a title, its state, why, buttons, then sections
// under captions, scrolled where they do not fit. Base of the details of clusters and objects. GUI thread.
#pragma once

#include <vector>

#include <QtWidgets/QWidget>

#include "gui/widget/label.h"
#include "gui/widget/status_pill.h"

class QHBoxLayout;
class QPushButton;
class QScrollArea;
class QVBoxLayout;

namespace kubefed::gui {

class DetailCard : public QWidget {
    Q_OBJECT

protected:
    explicit DetailCard(QWidget* parent);
    // A caption with what stands under it; the whole can be hidden.
    QWidget* addSection(const QString& caption, const std::vector<QWidget*>& contents);
    void addStretch();
    [[nodiscard]] QPushButton* addButton(const QString& text);
    void showHead(const QString& title, Level level, const QString& state, const QString& age, bool isOld,
                  const QString& why);
    void showNothing(const QString& text);
    void paintEvent(QPaintEvent* event) override;

private:
    Label* m_title;
    StatusPill* m_pill;
    Label* m_age;
    Label* m_why;
    Label* m_nothing;
    QWidget* m_head;
    QHBoxLayout* m_buttons;
    QVBoxLayout* m_sections;
    QScrollArea* m_scroll;
};

}  // namespace kubefed::gui

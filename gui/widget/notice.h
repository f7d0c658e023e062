// SPDX-License-Identifier: Apache-2.0
//
// What stands where there is nothing to show: a sign, what is the case, why, and what to do next, with the
// command to copy or a button to press. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

class QPushButton;

namespace kubefed::gui {

class Label;

class Notice final : public QWidget {
    Q_OBJECT

public:
    struct Content {
        Level level = Level::Quiet;
        QString title, text;
        QString command;  // empty: none
        QString button;   // empty: none
        bool operator==(const Content&) const = default;
    };

    explicit Notice(QWidget* parent = nullptr);
    void show(const Content& content);
    using QWidget::show;
    [[nodiscard]] const Content& content() const { return m_content; }

Q_SIGNALS:
    void pressed();  // the button
    void copied(const QString& command);

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void dress();
    void fitCommand();

    Content m_content;
    QWidget* m_sign;
    Label* m_title;
    Label* m_text;
    QPushButton* m_command;
    QPushButton* m_button;
};

}  // namespace kubefed::gui

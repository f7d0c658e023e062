// SPDX-License-Identifier: Apache-2.0
//
// A line over the whole window while the controller is lost: why, how old everything is, and a button.
// GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"
#include "gui/model/fleet_store.h"
#include "gui/widget/label.h"

class QPushButton;

namespace kubefed::gui {

class Banner final : public QWidget {
    Q_OBJECT

public:
    explicit Banner(QWidget* parent = nullptr);
    // Shows or hides itself.
    void follow(const FleetStore& store, const QString& title);

Q_SIGNALS:
    void pressed();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Level m_level = Level::Warn;
    Label* m_text;
    QPushButton* m_button;
};

}  // namespace kubefed::gui

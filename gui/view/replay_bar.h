// SPDX-License-Identifier: Apache-2.0
//
// Plays a recording: pause, a slider over its time, the speed. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/view/session.h"
#include "gui/widget/label.h"

class QPushButton;
class QSlider;

namespace kubefed::gui {

class ReplayBar final : public QWidget {
    Q_OBJECT

public:
    explicit ReplayBar(QWidget* parent = nullptr);
    void setControl(ReplayControl* control);  // nullptr hides it
    void refresh();
    void togglePause();
    void step(client::TimeMs by);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ReplayControl* m_control = nullptr;
    QPushButton* m_play;
    QSlider* m_slider;
    Label* m_time;
    QPushButton* m_speed;
    double m_factor = 1;
};

}  // namespace kubefed::gui

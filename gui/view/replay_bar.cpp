// SPDX-License-Identifier: Apache-2.0
#include "gui/view/replay_bar.h"

#include <algorithm>

#include <QtCore/QSignalBlocker>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSlider>

#include "gui/widget/card.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

QString minutes(client::TimeMs time) {
    const client::TimeMs seconds = std::max<client::TimeMs>(0, time) / 1000;
    return QString("%1:%2").arg(seconds / 60).arg(seconds % 60, 2, 10, QChar('0'));
}

}  // namespace

ReplayBar::ReplayBar(QWidget* parent)
    : QWidget(parent),
      m_play(new QPushButton("Pause", this)),
      m_slider(new QSlider(Qt::Horizontal, this)),
      m_time(new Label(Label::Kind::Dim, {}, this)),
      m_speed(new QPushButton("1×", this)) {
    m_slider->setAccessibleName("Place in the recording");
    m_play->setToolTip("Play or pause (P)");
    m_speed->setToolTip("Speed");
    m_time->setMinimumWidth(fontMetrics().horizontalAdvance("00:00 of 00:00"));
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(12, kGrid, 12, kGrid);
    line->setSpacing(12);
    line->addWidget(new Label(Label::Kind::Strong, "Recording", this));
    line->addWidget(m_play);
    line->addWidget(m_slider, 1);
    line->addWidget(m_time);
    line->addWidget(m_speed);
    connect(m_play, &QPushButton::clicked, this, &ReplayBar::togglePause);
    connect(m_slider, &QSlider::valueChanged, this, [this](int value) {
        m_control->seek(m_control->begin() + value);
        refresh();
    });
    connect(m_speed, &QPushButton::clicked, this, [this] {
        m_factor = m_factor >= 16 ? 1 : m_factor * 4;
        m_control->setSpeed(m_factor);
        refresh();
    });
    hide();
}

void ReplayBar::setControl(ReplayControl* control) {
    m_control = control;
    setVisible(control != nullptr);
    refresh();
}

void ReplayBar::refresh() {
    if (m_control == nullptr)
        return;
    const QSignalBlocker quiet(m_slider);
    const client::TimeMs length = m_control->end() - m_control->begin();
    const client::TimeMs place = std::clamp<client::TimeMs>(m_control->now() - m_control->begin(), 0, length);
    m_slider->setRange(0, static_cast<int>(length));
    m_slider->setSingleStep(1'000);
    m_slider->setPageStep(10'000);
    if (!m_slider->isSliderDown())
        m_slider->setValue(static_cast<int>(place));
    const bool isCut = m_control->isCutOff();
    m_time->setText(minutes(place) + " of " + minutes(length) + (isCut ? ", the end is missing" : ""));
    m_time->setToolTip(isCut ? "A crash or a full disk cut this file: what came after is not in it" : "");
    m_play->setText(m_control->speed() == 0 ? "Play" : "Pause");
    m_speed->setText(QString("%1×").arg(m_factor));
}

void ReplayBar::togglePause() {
    if (m_control == nullptr)
        return;
    const bool isAtEnd = m_control->now() >= m_control->end();
    if (m_control->speed() == 0 || isAtEnd) {
        if (isAtEnd)
            m_control->seek(m_control->begin());
        m_control->setSpeed(m_factor);
    } else {
        m_control->setSpeed(0);
    }
    refresh();
}

void ReplayBar::step(client::TimeMs by) {
    if (m_control == nullptr)
        return;
    m_control->seek(std::clamp(m_control->now() + by, m_control->begin(), m_control->end()));
    refresh();
}

void ReplayBar::paintEvent(QPaintEvent*) {
    paintCard(*this);
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/timeline.h"

#include <algorithm>

#include <QtGui/QHelpEvent>
#include <QtWidgets/QToolTip>

#include "gui/widget/theme.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr TimeMs kLongest = 24 * 3'600'000;
constexpr double kBar = 24;
constexpr double kEdge = 4;

double heightOf(Level level) {
    switch (level) {
        case Level::Good:
            return 1;
        case Level::Busy:
        case Level::Quiet:
            return 0.75;
        case Level::Warn:
            return 0.55;
        case Level::Unknown:
            return 0.35;
        case Level::Bad:
            break;
    }
    return 0.18;
}

}  // namespace

Timeline::Timeline(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void Timeline::show(std::vector<PhaseChange> changes, TimeMs now, bool isOld) {
    m_changes = std::move(changes);
    m_now = now;
    m_isOld = isOld;
    update();
}

TimeMs Timeline::begin() const {
    return m_changes.empty() ? m_now - kLongest : std::max(m_changes.front().time, m_now - kLongest);
}

double Timeline::placeOf(TimeMs time) const {
    const auto span = static_cast<double>(std::max<TimeMs>(1, m_now - begin()));
    return std::clamp(static_cast<double>(time - begin()) / span, 0.0, 1.0) * width();
}

void Timeline::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = themeOf(*this);
    painter.setPen(Qt::NoPen);
    for (std::size_t i = 0; i < m_changes.size(); ++i) {
        const bool isLast = i + 1 == m_changes.size();
        const double from = placeOf(m_changes[i].time);
        const double to = isLast ? width() : placeOf(m_changes[i + 1].time);
        if (to <= 0)
            continue;
        const Level level = levelOf(m_changes[i].phase);
        const double tall = kBar * heightOf(level);
        // However short it was, trouble is seen.
        const double wide = std::max(to - from, level >= Level::Warn ? 6.0 : 1.0);
        const double left = std::min(from, width() - wide);
        const QColor ink = m_isOld && isLast && level < Level::Bad ? theme.dim : theme.of(level);
        painter.fillRect(QRectF(left, 0, wide, kBar), theme.surface);
        painter.fillRect(QRectF(left, kBar - tall, wide, tall), theme.tint(level));
        painter.fillRect(QRectF(left, kBar - tall, wide, std::min(tall, kEdge)), ink);
    }
    painter.setPen(theme.dim);
    painter.setFont(smallFont(font()));
    const QRectF below(0, kBar + 4, width(), height() - kBar - 4);
    painter.drawText(below, Qt::AlignLeft | Qt::AlignTop, ageText(m_now - begin()) + " ago");
    painter.drawText(below, Qt::AlignRight | Qt::AlignTop, m_isOld ? "last known" : "now");
}

bool Timeline::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const PhaseChange* under = nullptr;
    for (const PhaseChange& change : m_changes)
        if (placeOf(change.time) <= help->pos().x())
            under = &change;
    if (under == nullptr)
        QToolTip::hideText();
    else
        QToolTip::showText(
            help->globalPos(),
            nameOf(under->phase) + ", " + ageText(m_now - under->time) + " ago\n" + text(under->message),
            this);
    return true;
}

}  // namespace kubefed::gui

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
constexpr double kShortest = 6;  // what must be seen, however short it was

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

void Timeline::show(std::vector<PhaseChange> changes, TimeMs now, TimeMs known, bool isOld) {
    m_changes = std::move(changes);
    m_now = now;
    m_known = std::min(known, now);
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

double Timeline::placeOfEnd() const {
    return m_known == m_now ? width() : std::min(placeOf(m_known), width() - kShortest);
}

void Timeline::paintBlock(QPainter& painter, double from, double to, Level level, bool isOld) const {
    const Theme& theme = themeOf(*this);
    const double tall = kBar * heightOf(level);
    const double wide = std::max(to - from, level >= Level::Warn ? kShortest : 1.0);
    const double left = std::max(0.0, std::min(from, to - wide));
    painter.fillRect(QRectF(left, 0, wide, kBar), theme.surface);
    painter.fillRect(QRectF(left, kBar - tall, wide, tall), theme.tint(isOld ? Level::Unknown : level));
    painter.fillRect(QRectF(left, kBar - tall, wide, std::min(tall, kEdge)),
                     isOld ? theme.dim : theme.of(level));
}

void Timeline::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = themeOf(*this);
    const double end = placeOfEnd();
    for (std::size_t i = 0; i < m_changes.size(); ++i) {
        const double to = i + 1 == m_changes.size() ? end : std::min(end, placeOf(m_changes[i + 1].time));
        const double from = std::min(to, placeOf(m_changes[i].time));
        if (to > 0)
            paintBlock(painter, from, to, levelOf(m_changes[i].phase), m_isOld);
    }
    if (end < width())
        paintBlock(painter, end, width(), Level::Unknown, true);
    painter.setPen(theme.dim);
    painter.setFont(smallFont(font()));
    const QRectF below(0, kBar + 4, width(), height() - kBar - 4);
    painter.drawText(below, Qt::AlignLeft | Qt::AlignTop, ageText(m_now - begin()) + " ago");
    painter.drawText(below, Qt::AlignRight | Qt::AlignTop,
                     m_known == m_now ? QString("now") : "last known " + ageText(m_now - m_known) + " ago");
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
    else if (help->pos().x() > placeOfEnd())
        QToolTip::showText(help->globalPos(), "not known for " + ageText(m_now - m_known), this);
    else
        QToolTip::showText(
            help->globalPos(),
            nameOf(under->phase) + ", " + ageText(m_now - under->time) + " ago\n" + text(under->message),
            this);
    return true;
}

}  // namespace kubefed::gui

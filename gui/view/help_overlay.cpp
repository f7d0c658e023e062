// SPDX-License-Identifier: Apache-2.0
#include "gui/view/help_overlay.h"

#include <algorithm>

#include <QtGui/QKeyEvent>
#include <QtWidgets/QApplication>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kWide = 880;
constexpr int kKey = 112;
constexpr int kLine = 30;
constexpr int kHead = 56;
constexpr int kFoot = 40;
constexpr int kEdge = 3 * kGrid;

}  // namespace

HelpOverlay::HelpOverlay(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    parent->installEventFilter(this);
    hide();
}

void HelpOverlay::open(Keys keys) {
    m_keys = std::move(keys);
    m_before = QApplication::focusWidget();
    setGeometry(parentWidget()->rect());
    show();
    raise();
    setFocus();
}

void HelpOverlay::close() {
    hide();
    if (m_before != nullptr)
        m_before->setFocus();
}

bool HelpOverlay::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        event->accept();
        return true;
    }
    return QWidget::event(event);
}

bool HelpOverlay::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parent() && event->type() == QEvent::Resize && isVisible())
        setGeometry(parentWidget()->rect());
    return QWidget::eventFilter(watched, event);
}

int HelpOverlay::rows() const {
    return (static_cast<int>(m_keys.size()) + 1) / 2;
}

QRect HelpOverlay::card() const {
    const int wide = std::min(kWide, width() - 4 * kGrid);
    const int tall = kHead + rows() * kLine + kFoot;
    return {(width() - wide) / 2, std::max(kGrid, (height() - tall) / 3), wide, tall};
}

void HelpOverlay::keyPressEvent(QKeyEvent*) {
    close();
}

void HelpOverlay::mousePressEvent(QMouseEvent*) {
    close();
}

void HelpOverlay::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    painter.fillRect(rect(), QColor(0, 0, 0, theme.isDark ? 140 : 70));
    const QRectF all = card();
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(all, 12, 12);
    painter.setFont(titleFont(font()));
    painter.setPen(theme.text);
    painter.drawText(QRectF(all.left() + kEdge, all.top() + 12, all.width(), 32), Qt::AlignVCenter, "Keys");
    const double column = (all.width() - 3 * kEdge) / 2;
    for (int i = 0; i < static_cast<int>(m_keys.size()); ++i) {
        const auto& [key, what] = m_keys[static_cast<std::size_t>(i)];
        const double left = all.left() + kEdge + (i / rows()) * (column + kEdge);
        const double top = all.top() + kHead + (i % rows()) * kLine;
        painter.setFont(strongFont(font()));
        painter.setPen(theme.text);
        painter.drawText(QRectF(left, top, kKey, kLine), Qt::AlignVCenter, key);
        painter.setFont(font());
        painter.setPen(theme.dim);
        paintText(painter, QRectF(left + kKey, top, column - kKey, kLine), what);
    }
    painter.setFont(smallFont(font()));
    painter.setPen(theme.dim);
    painter.drawText(QRectF(all.left() + kEdge, all.bottom() - kFoot, all.width(), kFoot), Qt::AlignVCenter,
                     "Any key closes this");
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/view/help_overlay.h"

#include <QtGui/QKeyEvent>
#include <QtWidgets/QApplication>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kWide = 560;
constexpr int kLine = 30;

}  // namespace

HelpOverlay::HelpOverlay(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
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
    const int tall = static_cast<int>(m_keys.size()) * kLine + 11 * kGrid;
    const QRectF card((width() - kWide) / 2.0, std::max(16, (height() - tall) / 3), kWide, tall);
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(card, 12, 12);
    painter.setFont(titleFont(font()));
    painter.setPen(theme.text);
    painter.drawText(QRectF(card.left() + 24, card.top() + 16, card.width(), 32), Qt::AlignVCenter, "Keys");
    double y = card.top() + 56;
    for (const auto& [key, what] : m_keys) {
        painter.setFont(strongFont(font()));
        painter.setPen(theme.text);
        painter.drawText(QRectF(card.left() + 24, y, 128, kLine), Qt::AlignVCenter, key);
        painter.setFont(font());
        painter.setPen(theme.dim);
        paintText(painter, QRectF(card.left() + 160, y, card.width() - 184, kLine), what);
        y += kLine;
    }
    painter.setFont(smallFont(font()));
    painter.setPen(theme.dim);
    painter.drawText(QRectF(card.left() + 24, y, card.width(), 28), Qt::AlignVCenter, "Any key closes this");
}

}  // namespace kubefed::gui

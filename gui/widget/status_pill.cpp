// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/status_pill.h"

#include <QtGui/QFontMetrics>

#include "gui/widget/theme.h"

namespace kubefed::gui {

StatusPill::StatusPill(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void StatusPill::show(Level level, const QString& text, bool isOld) {
    m_level = level;
    m_text = text;
    m_isOld = isOld;
    setAccessibleName(text);
    updateGeometry();
    update();
}

QSize StatusPill::sizeHint() const {
    return {fontMetrics().horizontalAdvance(m_text) + 36, fontMetrics().height() + kGrid};
}

void StatusPill::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    const Level shown = m_isOld && m_level < Level::Unknown ? Level::Unknown : m_level;
    const QColor ink = m_isOld ? theme.dim : theme.of(shown);
    const QColor ground = m_isOld ? theme.unknownTint : theme.tint(shown);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ground);
    painter.drawRoundedRect(rect(), height() / 2.0, height() / 2.0);
    paintSign(painter, QRectF(9, (height() - 12) / 2.0, 12, 12), shown, ink, ground);
    painter.setPen(ink);
    painter.drawText(QRectF(26, 0, width() - 26, height()), Qt::AlignLeft | Qt::AlignVCenter, m_text);
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/card.h"

#include <QtGui/QPainter>
#include <QtWidgets/QWidget>

#include "gui/widget/theme.h"

namespace kubefed::gui {

void paintCard(QWidget& widget) {
    QPainter painter(&widget);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(widget);
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), kGrid, kGrid);
}

}  // namespace kubefed::gui

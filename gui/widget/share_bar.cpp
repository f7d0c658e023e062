// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/share_bar.h"

#include <algorithm>

#include <QtGui/QPainterPath>

#include "gui/widget/theme.h"

namespace kubefed::gui {

void paintShares(QPainter& painter, const QRectF& box, const std::vector<Part>& parts, double whole,
                 const Theme& theme, bool isOld) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath outline;
    outline.addRoundedRect(box, box.height() / 2, box.height() / 2);
    painter.setClipPath(outline);
    painter.fillRect(box, theme.line);
    double left = box.left();
    for (const Part& part : parts) {
        const double wide = whole > 0 ? std::clamp(part.amount / whole, 0.0, 1.0) * box.width() : 0;
        const QRectF place(left, box.top(), wide, box.height());
        const QColor ink = isOld ? theme.dim : theme.of(part.level);
        painter.fillRect(place, ink);
        if (part.level >= Level::Unknown && wide > 0)
            painter.fillRect(place, QBrush(theme.surface, Qt::BDiagPattern));
        left += wide;
    }
    painter.restore();
}

}  // namespace kubefed::gui

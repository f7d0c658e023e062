// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/sparkline.h"

#include <algorithm>

#include <QtGui/QPainterPath>

#include "gui/widget/theme.h"

namespace kubefed::gui {

Sparkline::Sparkline(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void Sparkline::show(std::vector<double> values, bool isOld) {
    m_values = std::move(values);
    m_isOld = isOld;
    update();
}

void Sparkline::setFormat(std::function<QString(double)> format) {
    m_format = std::move(format);
}

void Sparkline::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    painter.setFont(smallFont(font()));
    if (m_values.empty()) {
        painter.setPen(theme.dim);
        painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, "no figures yet");
        return;
    }
    const double highest = std::max(1e-9, *std::ranges::max_element(m_values));
    const double labels = m_format ? 88 : 0;
    const QRectF plot(1, 4, width() - labels - 2, height() - 12);
    const double step = m_values.size() > 1 ? plot.width() / static_cast<double>(m_values.size() - 1) : 0;
    const QColor ink = m_isOld ? theme.dim : theme.accent;

    painter.setPen(QPen(theme.line, 1));
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    QPainterPath line;
    bool isDown = false;
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const double x = m_values.size() > 1 ? plot.left() + step * static_cast<double>(i) : plot.right();
        if (m_values[i] < 0) {
            isDown = false;
            painter.setPen(QPen(m_isOld ? theme.dim : theme.bad, 1.5));
            painter.drawLine(QPointF(x - 2, plot.bottom() + 3), QPointF(x + 2, plot.bottom() + 7));
            painter.drawLine(QPointF(x - 2, plot.bottom() + 7), QPointF(x + 2, plot.bottom() + 3));
            continue;
        }
        const QPointF at(x, plot.bottom() - m_values[i] / highest * plot.height());
        isDown ? line.lineTo(at) : line.moveTo(at);
        isDown = true;
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(ink, 1.5));
    painter.drawPath(line);
    if (!m_format)
        return;
    painter.setPen(theme.dim);
    const QRectF beside(plot.right() + kGrid, 0, labels - kGrid, height());
    painter.drawText(beside, Qt::AlignRight | Qt::AlignTop, "max " + m_format(highest));
    painter.setPen(m_isOld ? theme.dim : theme.text);
    const double newest = m_values.back();
    painter.drawText(beside, Qt::AlignRight | Qt::AlignBottom,
                     newest < 0 ? QString("failed") : m_format(newest));
}

}  // namespace kubefed::gui

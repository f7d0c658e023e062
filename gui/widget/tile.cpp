// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/tile.h"

#include <algorithm>

#include <QtGui/QFontMetrics>
#include <QtGui/QKeyEvent>
#include <QtGui/QMouseEvent>
#include <QtGui/QPainterPath>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kPadding = 2 * kGrid;
constexpr int kHead = 40;     // caption
constexpr int kNarrow = 220;  // there the words beside the figure need the room

}  // namespace

Tile::Tile(QString caption, QWidget* parent) : QWidget(parent), m_caption(std::move(caption)) {
    setFocusPolicy(Qt::TabFocus);
    setMouseTracking(true);
    setAccessibleName(m_caption);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void Tile::show(Content content) {
    if (content == m_content)
        return;
    m_content = std::move(content);
    m_current = std::clamp(m_current, 0, std::max(0, static_cast<int>(m_content.lines.size()) - 1));
    QStringList said{m_content.figure + ' ' + m_content.unit};
    for (const Line& line : m_content.lines)
        said += QStringList{line.strong, line.plain, line.right}.join(' ');
    setAccessibleDescription(said.join("; "));
    update();
}

QSize Tile::sizeHint() const {
    return {240, kHead + 4 * (fontMetrics().height() + 6) + kPadding - 4};
}

QFont Tile::figure() const {
    return width() < kNarrow ? titleFont(font()) : figureFont(font());
}

// Above the words, beside the caption, where they need all the room and it fits there.
bool Tile::isFigureAbove() const {
    if (width() >= kNarrow || !m_content.unit.isEmpty() || !m_content.spark.empty())
        return false;
    const double needed = QFontMetricsF(smallFont(font())).horizontalAdvance(m_caption) + kGrid +
                          QFontMetricsF(figure()).horizontalAdvance(m_content.figure);
    return needed <= width() - 2 * kPadding;
}

QRectF Tile::placeOf(int line) const {
    const int tall = fontMetrics().height() + 6;
    const double left = m_content.figure.isEmpty() || isFigureAbove()
                            ? 0
                            : QFontMetricsF(figure()).horizontalAdvance(m_content.figure) + 2 * kGrid;
    return {kPadding + left - 6, kHead - 3.0 + line * tall, width() - 2 * kPadding - left + 12,
            static_cast<double>(tall)};
}

int Tile::lineAt(const QPointF& place) const {
    for (int line = 0; line < static_cast<int>(m_content.lines.size()); ++line)
        if (placeOf(line).contains(place))
            return line;
    return -1;
}

void Tile::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    painter.setPen(QPen(hasFocus() ? theme.accent : theme.line, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), kGrid, kGrid);

    painter.setFont(smallFont(font()));
    painter.setPen(theme.dim);
    painter.drawText(QRectF(kPadding, 12, width() - 2 * kPadding, 16), Qt::AlignLeft | Qt::AlignVCenter,
                     m_caption);
    if (!m_content.unit.isEmpty())
        painter.drawText(QRectF(kPadding, 12, width() - 2 * kPadding, 16), Qt::AlignRight | Qt::AlignVCenter,
                         m_content.unit);
    if (!m_content.figure.isEmpty()) {
        painter.setFont(figure());
        painter.setPen(m_content.isOld ? theme.dim : theme.text);
        const double top = isFigureAbove() ? 4 : kHead - 6;
        painter.drawText(QRectF(kPadding, top, width() - 2 * kPadding, 32),
                         Qt::AlignVCenter | (isFigureAbove() ? Qt::AlignRight : Qt::AlignLeft),
                         m_content.figure);
    }
    for (int i = 0; i < static_cast<int>(m_content.lines.size()); ++i)
        paintLine(painter, i);
    if (m_content.spark.size() > 1) {
        const QRectF plot(kPadding, kHead + 30, QFontMetricsF(figure()).horizontalAdvance(m_content.figure),
                          24);
        const double highest = std::max(1e-9, *std::ranges::max_element(m_content.spark));
        QPainterPath path;
        for (std::size_t i = 0; i < m_content.spark.size(); ++i) {
            const QPointF at(plot.left() + plot.width() * static_cast<double>(i) /
                                               static_cast<double>(m_content.spark.size() - 1),
                             plot.bottom() - m_content.spark[i] / highest * plot.height());
            i == 0 ? path.moveTo(at) : path.lineTo(at);
        }
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(m_content.isOld ? theme.dim : theme.accent, 1.5));
        painter.drawPath(path);
    }
}

void Tile::paintLine(QPainter& painter, int index) {
    const Theme& theme = themeOf(*this);
    const Line& line = m_content.lines[static_cast<std::size_t>(index)];
    const QRectF place = placeOf(index);
    if (index == m_hovered || (hasFocus() && index == m_current)) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(index == m_hovered ? theme.hover : theme.selection);
        painter.drawRoundedRect(place, 4, 4);
    }
    QRectF rest = place.adjusted(6, 0, -6, 0);
    if (line.level) {
        const Level shown = m_content.isOld && *line.level < Level::Unknown ? Level::Unknown : *line.level;
        paintSign(painter, QRectF(rest.left(), rest.center().y() - 6, 12, 12), shown,
                  m_content.isOld ? theme.dim : theme.of(shown), theme.surface);
        rest.setLeft(rest.left() + 20);
    }
    painter.setFont(font());
    if (!line.right.isEmpty()) {
        painter.setPen(theme.dim);
        painter.drawText(rest, Qt::AlignRight | Qt::AlignVCenter, line.right);
        rest.setRight(rest.right() - QFontMetricsF(font()).horizontalAdvance(line.right) - 12);
    }
    painter.setFont(strongFont(font()));
    painter.setPen(m_content.isOld ? theme.dim : theme.text);
    const double wide = std::min(QFontMetricsF(painter.font()).horizontalAdvance(line.strong), rest.width());
    paintText(painter, QRectF(rest.left(), rest.top(), wide + 1, rest.height()), line.strong);
    if (!line.strong.isEmpty())
        rest.setLeft(rest.left() + wide + kGrid);
    painter.setFont(font());
    painter.setPen(m_content.isOld ? theme.dim : theme.text);
    if (rest.width() > 16)
        paintText(painter, rest, line.plain);
}

void Tile::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(m_content.lines.size()) - 1;
    switch (event->key()) {
        case Qt::Key_Up:
        case Qt::Key_Down:
            m_current = std::clamp(m_current + (event->key() == Qt::Key_Down ? 1 : -1), 0, std::max(0, last));
            update();
            break;
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Space:
            if (m_current <= last)
                Q_EMIT chosen(m_current);
            break;
        default:
            QWidget::keyPressEvent(event);
    }
}

void Tile::mouseMoveEvent(QMouseEvent* event) {
    const int line = lineAt(event->position());
    if (line == m_hovered)
        return;
    m_hovered = line;
    setCursor(line >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    update();
}

void Tile::mouseReleaseEvent(QMouseEvent* event) {
    if (const int line = lineAt(event->position()); line >= 0)
        Q_EMIT chosen(line);
}

void Tile::leaveEvent(QEvent*) {
    m_hovered = -1;
    update();
}

}  // namespace kubefed::gui

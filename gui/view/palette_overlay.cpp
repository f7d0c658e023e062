// SPDX-License-Identifier: Apache-2.0
#include "gui/view/palette_overlay.h"

#include <algorithm>

#include <QtGui/QFontMetrics>
#include <QtGui/QKeyEvent>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLineEdit>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kWide = 640;
constexpr int kTop = 9 * kGrid;
constexpr int kHead = 56;
constexpr int kEntry = 36;
constexpr int kFoot = 32;

}  // namespace

PaletteOverlay::PaletteOverlay(const FleetStore& store, QWidget* parent)
    : QWidget(parent), m_store(store), m_line(new QLineEdit(this)) {
    m_line->setPlaceholderText("Search clusters, objects, actions");
    m_line->setAccessibleName("Search clusters, objects, actions");
    m_line->installEventFilter(this);
    parent->installEventFilter(this);
    connect(m_line, &QLineEdit::textChanged, this, &PaletteOverlay::search);
    hide();
}

void PaletteOverlay::open(std::vector<PaletteEntry> actions, const QString& typed) {
    m_actions = std::move(actions);
    m_before = QApplication::focusWidget();
    place();
    m_line->setText(typed);
    search();
    show();
    raise();
    m_line->setFocus();
}

void PaletteOverlay::place() {
    setGeometry(parentWidget()->rect());
    const QRect where = card();
    m_line->setGeometry(where.left() + 12, where.top() + 12, where.width() - 24, kHead - 24);
}

QRect PaletteOverlay::card() const {
    const int wide = std::min(kWide, parentWidget()->width() - 4 * kGrid);
    const int rows = std::max(1, static_cast<int>(m_entries.size()));
    return {(parentWidget()->width() - wide) / 2, kTop, wide, kHead + rows * kEntry + kFoot};
}

QRect PaletteOverlay::placeOf(int entry) const {
    const QRect all = card();
    return {all.left() + kGrid, all.top() + kHead + entry * kEntry, all.width() - 2 * kGrid, kEntry};
}

void PaletteOverlay::search() {
    m_entries = searchPalette(m_store.fleet(), m_store.asOf(), m_actions, m_line->text());
    m_current = 0;
    place();
    update();
}

void PaletteOverlay::close(bool isChosen) {
    hide();
    if (m_before != nullptr)
        m_before->setFocus();
    if (isChosen && m_current < static_cast<int>(m_entries.size())) {
        const PaletteEntry entry = m_entries[static_cast<std::size_t>(m_current)];
        Q_EMIT chosen(entry);
    }
}

bool PaletteOverlay::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parent() && event->type() == QEvent::Resize && isVisible())
        place();
    if (watched != m_line || (event->type() != QEvent::KeyPress && event->type() != QEvent::ShortcutOverride))
        return QWidget::eventFilter(watched, event);
    auto* key = static_cast<QKeyEvent*>(event);
    if (event->type() == QEvent::ShortcutOverride) {
        // While it is open its keys are its own, not the window's shortcuts.
        event->accept();
        return true;
    }
    const int last = static_cast<int>(m_entries.size()) - 1;
    const bool isControl = key->modifiers().testFlag(Qt::ControlModifier);
    if (key->key() == Qt::Key_Escape || (isControl && key->key() == Qt::Key_K))
        close(false);
    else if (key->key() == Qt::Key_Down || key->key() == Qt::Key_Tab)
        m_current = m_current >= last ? 0 : m_current + 1;
    else if (key->key() == Qt::Key_Up || key->key() == Qt::Key_Backtab)
        m_current = m_current <= 0 ? std::max(0, last) : m_current - 1;
    else if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter)
        close(true);
    else if (key->matches(QKeySequence::Copy) && !m_line->hasSelectedText() && m_current <= last)
        Q_EMIT copyWanted(m_entries[static_cast<std::size_t>(m_current)]);
    else
        return false;
    update();
    return true;
}

void PaletteOverlay::mousePressEvent(QMouseEvent* event) {
    for (int i = 0; i < static_cast<int>(m_entries.size()); ++i)
        if (placeOf(i).contains(event->pos())) {
            m_current = i;
            close(true);
            return;
        }
    if (!card().contains(event->pos()))
        close(false);
}

void PaletteOverlay::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    painter.fillRect(rect(), QColor(0, 0, 0, theme.isDark ? 140 : 70));
    const QRect all = card();
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(QRectF(all).adjusted(0.5, 0.5, -0.5, -0.5), 12, 12);
    painter.setFont(font());
    if (m_entries.empty()) {
        painter.setPen(theme.dim);
        painter.drawText(placeOf(0), Qt::AlignCenter, "Nothing by that name");
    }
    for (int i = 0; i < static_cast<int>(m_entries.size()); ++i)
        paintEntry(painter, i);
    painter.setFont(smallFont(font()));
    painter.setPen(theme.dim);
    painter.drawText(QRect(all.left() + 20, all.bottom() - kFoot, all.width() - 40, kFoot), Qt::AlignVCenter,
                     "↑ ↓ choose     Enter open     Ctrl C copy as command     Esc close");
}

void PaletteOverlay::paintEntry(QPainter& painter, int index) {
    const Theme& theme = themeOf(*this);
    const PaletteEntry& entry = m_entries[static_cast<std::size_t>(index)];
    const QRectF place = placeOf(index);
    const bool isCurrent = index == m_current;
    if (isCurrent) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.selection);
        painter.drawRoundedRect(place, 6, 6);
    }
    if (entry.kind == PaletteEntry::Kind::Action || entry.kind == PaletteEntry::Kind::Sort) {
        painter.setPen(theme.accent);
        painter.drawText(QRectF(place.left() + 8, place.top(), 20, place.height()), Qt::AlignCenter, "›");
    } else {
        const Level shown = m_store.isStale() && entry.level < Level::Unknown ? Level::Unknown : entry.level;
        paintSign(painter, QRectF(place.left() + 12, place.center().y() - 6, 12, 12), shown,
                  m_store.isStale() ? theme.dim : theme.of(shown),
                  isCurrent ? theme.selection : theme.surface);
    }
    const double right =
        std::min(place.width() / 2, QFontMetricsF(font()).horizontalAdvance(entry.detail) + 1);
    painter.setPen(theme.dim);
    paintText(painter, QRectF(place.right() - right - 12, place.top(), right, place.height()), entry.detail,
              Qt::AlignRight | Qt::AlignVCenter);
    painter.setPen(theme.text);
    paintText(painter, QRectF(place.left() + 36, place.top(), place.width() - right - 60, place.height()),
              entry.title);
}

}  // namespace kubefed::gui

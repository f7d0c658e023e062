// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/theme.h"

#include <algorithm>
#include <cmath>

#include <QtGui/QFontMetricsF>
#include <QtGui/QPainterPath>
#include <QtWidgets/QLineEdit>

#include "gui/widget/label.h"

namespace kubefed::gui {

namespace {

constexpr const char* kIsDark = "kubefedIsDark";

}  // namespace

const Theme& lightTheme() {
    static const Theme theme{.isDark = false,
                             .window = "#f4f5f7",
                             .surface = "#ffffff",
                             .hover = "#f0f4f9",
                             .selection = "#dbe8f8",
                             .line = "#dde1e7",
                             .text = "#1a1f26",
                             .dim = "#525b66",
                             .accent = "#0a58a6",
                             .onAccent = "#ffffff",
                             .good = "#146c2e",
                             .busy = "#0a58a6",
                             .unknown = "#525b66",
                             .warn = "#7d4e00",
                             .bad = "#b3161f",
                             .goodTint = "#e4f3e8",
                             .busyTint = "#e4eefa",
                             .unknownTint = "#eceef1",
                             .warnTint = "#fdf0d0",
                             .badTint = "#fce8e8"};
    return theme;
}

const Theme& darkTheme() {
    static const Theme theme{.isDark = true,
                             .window = "#14171b",
                             .surface = "#1b1f25",
                             .hover = "#232932",
                             .selection = "#21374f",
                             .line = "#323943",
                             .text = "#e8ebef",
                             .dim = "#a9b3be",
                             .accent = "#79b8ff",
                             .onAccent = "#0d1520",
                             .good = "#5dc97a",
                             .busy = "#79b8ff",
                             .unknown = "#a9b3be",
                             .warn = "#e8b949",
                             .bad = "#ff8f87",
                             .goodTint = "#173222",
                             .busyTint = "#182c43",
                             .unknownTint = "#282e36",
                             .warnTint = "#382c12",
                             .badTint = "#402022"};
    return theme;
}

const Theme& themeOf(const QPalette& palette) {
    const bool isDark =
        palette.color(QPalette::Window).lightnessF() < palette.color(QPalette::WindowText).lightnessF();
    return isDark ? darkTheme() : lightTheme();
}

const Theme& themeOf(const QWidget& widget) {
    const QVariant isDark = widget.window()->property(kIsDark);
    if (!isDark.isValid())
        return themeOf(widget.palette());
    return isDark.toBool() ? darkTheme() : lightTheme();
}

void setTheme(QWidget& window, const Theme& theme) {
    window.setProperty(kIsDark, theme.isDark);
    // A style sheet in force would bring the palette of before back.
    window.setStyleSheet({});
    window.setPalette(theme.palette());
    window.setStyleSheet(theme.styleSheet(window.font()));
    // It makes placeholders half as loud as texts, which is too little to read.
    QPalette placeholder;
    placeholder.setColor(QPalette::PlaceholderText, theme.dim);
    for (QLineEdit* line : window.findChildren<QLineEdit*>())
        line->setPalette(placeholder);
    for (Label* label : window.findChildren<Label*>())
        label->dress();
}

const QColor& Theme::of(Level level) const {
    switch (level) {
        case Level::Good:
            return good;
        case Level::Busy:
            return busy;
        case Level::Warn:
            return warn;
        case Level::Bad:
            return bad;
        case Level::Quiet:
        case Level::Unknown:
            break;
    }
    return unknown;
}

const QColor& Theme::tint(Level level) const {
    switch (level) {
        case Level::Good:
            return goodTint;
        case Level::Busy:
            return busyTint;
        case Level::Warn:
            return warnTint;
        case Level::Bad:
            return badTint;
        case Level::Quiet:
        case Level::Unknown:
            break;
    }
    return unknownTint;
}

QPalette Theme::palette() const {
    QPalette palette;
    for (const auto group : {QPalette::Active, QPalette::Inactive, QPalette::Disabled}) {
        const QColor& ink = group == QPalette::Disabled ? dim : text;
        palette.setColor(group, QPalette::Window, window);
        palette.setColor(group, QPalette::Base, surface);
        palette.setColor(group, QPalette::AlternateBase, hover);
        palette.setColor(group, QPalette::Button, surface);
        palette.setColor(group, QPalette::ToolTipBase, surface);
        palette.setColor(group, QPalette::WindowText, ink);
        palette.setColor(group, QPalette::Text, ink);
        palette.setColor(group, QPalette::ButtonText, ink);
        palette.setColor(group, QPalette::ToolTipText, ink);
        palette.setColor(group, QPalette::PlaceholderText, dim);
        palette.setColor(group, QPalette::Highlight, selection);
        palette.setColor(group, QPalette::HighlightedText, text);
        palette.setColor(group, QPalette::Link, accent);
        palette.setColor(group, QPalette::Mid, line);
        palette.setColor(group, QPalette::Dark, line);
    }
    return palette;
}

QString Theme::styleSheet(const QFont& base) const {
    // %1 surface, %2 line, %3 text, %4 dim, %5 accent, %6 hover, %7 selection, %8 small size, %9 window
    return QString(
               "QToolTip { background: %1; color: %3; border: 1px solid %2; padding: 4px 6px; }"
               "QLineEdit { background: %1; color: %3; border: 1px solid %2; border-radius: 6px;"
               " padding: 5px 10px; selection-background-color: %7; selection-color: %3; }"
               "QLineEdit:focus { border: 1px solid %5; }"
               "QPushButton { background: %1; color: %3; border: 1px solid %2; border-radius: 6px; padding: "
               "5px 12px; }"
               "QPushButton:hover { background: %6; }"
               "QPushButton:focus { border: 1px solid %5; }"
               "QPushButton:checked { background: %7; border: 1px solid %5; }"
               "QPushButton:disabled { color: %4; background: %9; }"
               "QPushButton[flat=\"true\"] { border: 1px solid transparent; background: transparent; }"
               "QPushButton[flat=\"true\"]:hover { background: %6; }"
               "QPushButton[flat=\"true\"]:focus { border: 1px solid %5; }"
               "QPushButton::menu-indicator { image: none; width: 0; }"
               "QMenu { background: %1; color: %3; border: 1px solid %2; padding: 4px; }"
               "QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }"
               "QMenu::item:selected { background: %7; color: %3; }"
               "QTabBar { background: transparent; border: none; }"
               "QTabBar::tab { color: %4; background: transparent; border: none; padding: 8px 4px 6px 4px;"
               " margin: 0 10px; border-bottom: 2px solid transparent; }"
               "QTabBar::tab:selected { color: %3; border-bottom: 2px solid %5; }"
               "QTabBar::tab:hover { color: %3; }"
               "QTabBar::tab:focus { color: %5; }"
               "QTableView { background: %1; border: none; color: %3; selection-background-color: %7;"
               " selection-color: %3; outline: 0; }"
               "QListView { background: %1; border: none; color: %3; outline: 0; }"
               "QHeaderView { background: %1; border: none; }"
               "QHeaderView::section { background: %1; color: %4; border: none; border-bottom: 1px solid %2;"
               " padding: 6px 12px; font-size: %8px; }"
               "QTableCornerButton::section { background: %1; border: none; border-bottom: 1px solid %2; }"
               "QAbstractScrollArea::corner { background: %1; border: none; }"
               "QSplitter::handle { background: %9; }"
               "QScrollArea { background: transparent; border: none; }"
               "QScrollBar { background: transparent; border: none; margin: 0; }"
               "QScrollBar:vertical { width: 10px; } QScrollBar:horizontal { height: 10px; }"
               "QScrollBar::handle { background: %2; border-radius: 4px; margin: 1px; }"
               "QScrollBar::handle:vertical { min-height: 32px; } QScrollBar::handle:horizontal { min-width: "
               "32px; }"
               "QScrollBar::handle:hover { background: %4; }"
               "QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }"
               "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
               "QSlider::groove:horizontal { height: 4px; background: %2; border-radius: 2px; }"
               "QSlider::sub-page:horizontal { background: %5; border-radius: 2px; }"
               "QSlider::handle:horizontal { width: 14px; margin: -5px 0; border-radius: 7px; background: "
               "%5; }")
        .arg(surface.name(), line.name(), text.name(), dim.name(), accent.name(), hover.name(),
             selection.name(), QString::number(QFontInfo(smallFont(base)).pixelSize()), window.name());
}

double contrast(const QColor& a, const QColor& b) {
    const auto luminance = [](const QColor& color) {
        const auto linear = [](double part) {
            return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
        };
        return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
               0.0722 * linear(color.blueF());
    };
    const double x = luminance(a);
    const double y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

namespace {

QFont scaled(const QFont& base, double factor, QFont::Weight weight) {
    QFont font = base;
    font.setPixelSize(static_cast<int>(std::lround(QFontInfo(base).pixelSize() * factor)));
    font.setWeight(weight);
    return font;
}

}  // namespace

QFont smallFont(const QFont& base) {
    return scaled(base, 0.86, QFont::Normal);
}

QFont strongFont(const QFont& base) {
    return scaled(base, 1, QFont::Bold);
}

QFont titleFont(const QFont& base) {
    return scaled(base, 1.3, QFont::Bold);
}

QFont figureFont(const QFont& base) {
    return scaled(base, 2, QFont::Normal);
}

void paintSign(QPainter& painter, const QRectF& box, Level level, const QColor& ink, const QColor& ground) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QPointF c = box.center();
    const double r = std::min(box.width(), box.height()) / 2;
    const QPen mark(ground, r * 0.32, Qt::SolidLine, Qt::RoundCap);
    const QPen line(ink, r * 0.28, Qt::SolidLine, Qt::RoundCap);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ink);
    switch (level) {
        case Level::Bad: {
            painter.drawPolygon(
                QPolygonF{{c.x(), c.y() - r}, {c.x() + r, c.y()}, {c.x(), c.y() + r}, {c.x() - r, c.y()}});
            painter.setPen(mark);
            const double d = r * 0.28;
            painter.drawLine(c + QPointF(-d, -d), c + QPointF(d, d));
            painter.drawLine(c + QPointF(-d, d), c + QPointF(d, -d));
            break;
        }
        case Level::Warn:
            painter.drawPolygon(QPolygonF{
                {c.x(), c.y() - r * 0.95}, {c.x() + r, c.y() + r * 0.8}, {c.x() - r, c.y() + r * 0.8}});
            painter.setPen(mark);
            painter.drawLine(c + QPointF(0, -r * 0.35), c + QPointF(0, r * 0.15));
            painter.drawPoint(c + QPointF(0, r * 0.5));
            break;
        case Level::Good:
            painter.drawEllipse(c, r * 0.72, r * 0.72);
            break;
        case Level::Busy:
            painter.setPen(line);
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(c, r * 0.72, r * 0.72);
            painter.setBrush(ink);
            painter.drawPie(QRectF(c.x() - r * 0.72, c.y() - r * 0.72, r * 1.44, r * 1.44), -90 * 16,
                            180 * 16);
            break;
        case Level::Unknown: {
            painter.setPen(QPen(ink, r * 0.22));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(c, r * 0.86, r * 0.86);
            QPainterPath hook;
            hook.arcMoveTo(QRectF(c.x() - r * 0.32, c.y() - r * 0.52, r * 0.64, r * 0.6), 170);
            hook.arcTo(QRectF(c.x() - r * 0.32, c.y() - r * 0.52, r * 0.64, r * 0.6), 170, -230);
            hook.lineTo(c + QPointF(0, r * 0.18));
            painter.setPen(QPen(ink, r * 0.2, Qt::SolidLine, Qt::RoundCap));
            painter.drawPath(hook);
            painter.drawPoint(c + QPointF(0, r * 0.48));
            break;
        }
        case Level::Quiet:
            painter.setPen(line);
            painter.drawLine(c + QPointF(-r * 0.55, 0), c + QPointF(r * 0.55, 0));
            break;
    }
    painter.restore();
}

void paintText(QPainter& painter, const QRectF& box, const QString& text, int flags) {
    const QFontMetricsF metrics(painter.font());
    painter.drawText(box, flags | Qt::TextSingleLine, metrics.elidedText(text, Qt::ElideRight, box.width()));
}

}  // namespace kubefed::gui

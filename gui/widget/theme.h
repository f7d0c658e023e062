// SPDX-License-Identifier: Apache-2.0
//
// The colours, type sizes and grid of the window, light and dark; chosen by the lightness of a palette, so
// that the desktop's setting is followed. Every text colour keeps a contrast of 4.5:1 on every ground that it
// is painted on (tested). GUI thread.
#pragma once

#include <QtGui/QColor>
#include <QtGui/QFont>
#include <QtGui/QPainter>
#include <QtGui/QPalette>

#include "gui/model/facts.h"

class QWidget;

namespace kubefed::gui {

inline constexpr int kGrid = 8;

struct Theme {
    bool isDark = false;
    QColor window, surface, hover, selection, line;
    QColor text, dim, accent, onAccent;
    QColor good, busy, unknown, warn, bad;
    QColor goodTint, busyTint, unknownTint, warnTint, badTint;

    [[nodiscard]] const QColor& of(Level level) const;
    [[nodiscard]] const QColor& tint(Level level) const;
    [[nodiscard]] QPalette palette() const;
    // For the ordinary controls: fields, buttons, tabs, scroll bars, headers.
    [[nodiscard]] QString styleSheet(const QFont& base) const;
};

// Light or dark, as the palette's window and text are.
[[nodiscard]] const Theme& themeOf(const QPalette& palette);
// That of the widget's window, set by setTheme(), else by its palette. Palettes alone do not do: below a
// style sheet they are not inherited.
[[nodiscard]] const Theme& themeOf(const QWidget& widget);
void setTheme(QWidget& window, const Theme& theme);
[[nodiscard]] const Theme& lightTheme();
[[nodiscard]] const Theme& darkTheme();
[[nodiscard]] double contrast(const QColor& a, const QColor& b);  // 1…21, as WCAG computes it

// The typographic scale, from the font of a widget.
[[nodiscard]] QFont smallFont(const QFont& base);
[[nodiscard]] QFont strongFont(const QFont& base);
[[nodiscard]] QFont titleFont(const QFont& base);
[[nodiscard]] QFont figureFont(const QFont& base);

// The sign of a level: a diamond with a cross, a triangle with an exclamation mark, a ring with a question
// mark, a half ring, a dash, a disc. `ink` is its colour, `ground` what shines through.
void paintSign(QPainter& painter, const QRectF& box, Level level, const QColor& ink, const QColor& ground);
// Text cut with an ellipsis where it does not fit.
void paintText(QPainter& painter, const QRectF& box, const QString& text,
               int flags = Qt::AlignLeft | Qt::AlignVCenter);

}  // namespace kubefed::gui

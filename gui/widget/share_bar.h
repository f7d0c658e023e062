// SPDX-License-Identifier: Apache-2.0
//
// A whole and its parts as one bar, for cells of tables: urgent parts are hatched, so that the colour alone
// does not tell. GUI thread.
#pragma once

#include <vector>

#include <QtGui/QPainter>

#include "gui/model/facts.h"

namespace kubefed::gui {

struct Theme;

struct Part {
    double amount = 0;
    Level level = Level::Good;
};

void paintShares(QPainter& painter, const QRectF& box, const std::vector<Part>& parts, double whole,
                 const Theme& theme, bool isOld);

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// A whole and its parts as one bar: urgent parts are hatched, so that the colour alone does not tell. A
// widget, and the same as a function for cells of tables. GUI thread.
#pragma once

#include <vector>

#include <QtGui/QPainter>
#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

namespace kubefed::gui {

struct Theme;

struct Part {
    double amount = 0;
    Level level = Level::Good;
};

void paintShares(QPainter& painter, const QRectF& box, const std::vector<Part>& parts, double whole,
                 const Theme& theme, bool isOld);

class ShareBar final : public QWidget {
    Q_OBJECT

public:
    explicit ShareBar(QWidget* parent = nullptr);
    void show(std::vector<Part> parts, double whole, bool isOld = false);
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override { return {120, 8}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Part> m_parts;
    double m_whole = 0;
    bool m_isOld = false;
};

}  // namespace kubefed::gui

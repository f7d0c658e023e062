// SPDX-License-Identifier: Apache-2.0
//
// A card on top of the window: a caption, a figure, and lines with a sign, words and an age, which can be
// chosen with the pointer, or with the arrows and Enter. GUI thread.
#pragma once

#include <optional>
#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

namespace kubefed::gui {

class Tile final : public QWidget {
    Q_OBJECT

public:
    struct Line {
        std::optional<Level> level;  // nothing: no sign
        QString strong, plain, right;
        bool operator==(const Line&) const = default;
    };
    struct Content {
        QString figure;  // empty: lines only
        QString unit;    // small, beside it
        std::vector<Line> lines;
        std::vector<double> spark;
        bool isOld = false;
        bool operator==(const Content&) const = default;
    };

    explicit Tile(QString caption, QWidget* parent = nullptr);
    void show(Content content);
    [[nodiscard]] const Content& content() const { return m_content; }
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override;

Q_SIGNALS:
    void chosen(int line);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    [[nodiscard]] QFont figure() const;
    [[nodiscard]] bool isFigureAbove() const;
    [[nodiscard]] QRectF placeOf(int line) const;
    [[nodiscard]] int lineAt(const QPointF& place) const;
    void paintLine(QPainter& painter, int index);

    QString m_caption;
    Content m_content;
    int m_current = 0;
    int m_hovered = -1;
};

}  // namespace kubefed::gui

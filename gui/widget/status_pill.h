// SPDX-License-Identifier: Apache-2.0
//
// A state as sign and word on a tinted ground. A widget for one value. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

namespace kubefed::gui {

class StatusPill final : public QWidget {
    Q_OBJECT

public:
    explicit StatusPill(QWidget* parent = nullptr);
    void show(Level level, const QString& text, bool isOld = false);
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Level m_level = Level::Unknown;
    QString m_text;
    bool m_isOld = false;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// A few dozen figures as a line, newest at the right, with the highest and the newest written beside it; what
// failed (a negative figure) is a gap with a cross under it. GUI thread.
#pragma once

#include <functional>
#include <vector>

#include <QtWidgets/QWidget>

namespace kubefed::gui {

class Sparkline final : public QWidget {
    Q_OBJECT

public:
    explicit Sparkline(QWidget* parent = nullptr);
    void show(std::vector<double> values, bool isOld = false);
    using QWidget::show;
    void setFormat(std::function<QString(double)> format);  // empty: no figures beside the line
    [[nodiscard]] QSize sizeHint() const override { return {160, 32}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<double> m_values;
    bool m_isOld = false;
    std::function<QString(double)> m_format;
};

}  // namespace kubefed::gui

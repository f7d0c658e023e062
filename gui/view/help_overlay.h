// SPDX-License-Identifier: Apache-2.0
//
// `?`: all keys on one card over the window that is its parent; any key closes it. GUI thread.
#pragma once

#include <utility>
#include <vector>

#include <QtWidgets/QWidget>

namespace kubefed::gui {

class HelpOverlay final : public QWidget {
    Q_OBJECT

public:
    using Keys = std::vector<std::pair<QString, QString>>;  // the key, what it does

    explicit HelpOverlay(QWidget* parent);
    void open(Keys keys);
    [[nodiscard]] const Keys& keys() const { return m_keys; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

private:
    void close();

    Keys m_keys;
    QWidget* m_before = nullptr;
};

}  // namespace kubefed::gui

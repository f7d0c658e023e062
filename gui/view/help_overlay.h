// SPDX-License-Identifier: Apache-2.0
//
// `?`: all keys on one card, in two columns, over the window that is its parent, as large as that is; any key
// closes it. GUI thread.
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
    [[nodiscard]] QRect card() const;

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void close();
    [[nodiscard]] int rows() const;  // in each of the two columns

    Keys m_keys;
    QWidget* m_before = nullptr;
};

}  // namespace kubefed::gui

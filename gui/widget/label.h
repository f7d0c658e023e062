// SPDX-License-Identifier: Apache-2.0
//
// A label of the typographic scale, which keeps its size and colour when the theme or the font changes.
// GUI thread.
#pragma once

#include <QtWidgets/QLabel>

namespace kubefed::gui {

class Label final : public QLabel {
    Q_OBJECT

public:
    enum class Kind { Body, Dim, Strong, Title, Caption };

    explicit Label(Kind kind, const QString& text = {}, QWidget* parent = nullptr);
    void dress();  // anew, when the theme is another one

protected:
    void changeEvent(QEvent* event) override;

private:
    Kind m_kind;
    bool m_isDressing = false;
};

}  // namespace kubefed::gui

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
    // A text that is read to its end at whatever width: it wraps, also within words that are longer than a
    // line, may be selected, and is copied as it was told.
    void showWhole(const QString& text);

protected:
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void copySelected() const;

    Kind m_kind;
    bool m_isDressing = false;
};

// With invisible places to break at in words that are longer than a line of a card: paths, digests, labels.
[[nodiscard]] QString breakable(const QString& text);

}  // namespace kubefed::gui

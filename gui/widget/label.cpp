// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/label.h"

#include <utility>

#include <QtCore/QEvent>

#include "gui/widget/theme.h"

namespace kubefed::gui {

Label::Label(Kind kind, const QString& text, QWidget* parent) : QLabel(text, parent), m_kind(kind) {
    setTextFormat(Qt::PlainText);  // what a cluster says is not markup
    dress();
}

void Label::changeEvent(QEvent* event) {
    QLabel::changeEvent(event);
    const auto type = event->type();
    if (!m_isDressing && (type == QEvent::FontChange || type == QEvent::ParentChange))
        dress();
}

void Label::dress() {
    m_isDressing = true;
    const QFont base = parentWidget() != nullptr ? parentWidget()->font() : font();
    switch (m_kind) {
        case Kind::Body:
        case Kind::Dim:
            setFont(base);
            break;
        case Kind::Strong:
            setFont(strongFont(base));
            break;
        case Kind::Title:
            setFont(titleFont(base));
            break;
        case Kind::Caption:
            setFont(smallFont(base));
            break;
    }
    const bool isDim = m_kind == Kind::Dim || m_kind == Kind::Caption;
    const Theme& theme = themeOf(*this);
    QPalette mine = theme.palette();
    mine.setColor(QPalette::WindowText, isDim ? theme.dim : theme.text);
    mine.setColor(QPalette::Disabled, QPalette::WindowText, theme.dim);
    setPalette(mine);
    m_isDressing = false;
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/label.h"

#include <utility>

#include <QtCore/QEvent>
#include <QtGui/QClipboard>
#include <QtGui/QContextMenuEvent>
#include <QtGui/QGuiApplication>
#include <QtGui/QKeyEvent>
#include <QtWidgets/QMenu>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr QChar kBreak(0x200B);      // a space without width
constexpr qsizetype kLongWord = 20;  // shorter ones fit every card
constexpr qsizetype kLongPart = 12;  // of such a word, between its own places to break at

}  // namespace

QString breakable(const QString& text) {
    QString result;
    qsizetype word = 0;  // its begin
    while (word < text.size()) {
        qsizetype end = word;
        while (end < text.size() && !text[end].isSpace())
            ++end;
        qsizetype part = 0;
        for (qsizetype i = word; i < end; ++i) {
            result += text[i];
            ++part;
            const bool isPlace = QStringView(u"/.,:;=_-@").contains(text[i]);
            if (end - word > kLongWord && i + 1 < end && !text[i].isHighSurrogate() &&
                ((isPlace && part > 2) || part >= kLongPart)) {
                result += kBreak;
                part = 0;
            }
        }
        if (end < text.size())
            result += text[end];
        word = end + 1;
    }
    return result;
}

Label::Label(Kind kind, const QString& text, QWidget* parent) : QLabel(text, parent), m_kind(kind) {
    setTextFormat(Qt::PlainText);  // what a cluster says is not markup
    dress();
}

void Label::showWhole(const QString& text) {
    setWordWrap(true);
    setMinimumWidth(1);  // else the longest word is
    setTextInteractionFlags(Qt::TextSelectableByMouse);
    setText(breakable(text));
}

void Label::copySelected() const {
    if (hasSelectedText())
        QGuiApplication::clipboard()->setText(selectedText().remove(kBreak));
}

void Label::keyPressEvent(QKeyEvent* event) {
    event->matches(QKeySequence::Copy) && hasSelectedText() ? copySelected() : QLabel::keyPressEvent(event);
}

void Label::contextMenuEvent(QContextMenuEvent* event) {
    if (!textInteractionFlags().testFlag(Qt::TextSelectableByMouse))
        return QLabel::contextMenuEvent(event);
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QAction* copy = menu->addAction("Copy");
    copy->setEnabled(hasSelectedText());
    connect(copy, &QAction::triggered, this, &Label::copySelected);
    menu->popup(event->globalPos());
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

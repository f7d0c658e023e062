// SPDX-License-Identifier: Apache-2.0
#include "gui/widget/notice.h"

#include <algorithm>

#include <QtCore/QEvent>
#include <QtGui/QFontDatabase>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include "gui/widget/label.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kTextWide = 520;
constexpr int kCommandLetters = 115;  // with "Copy"; longer lines are not read
constexpr int kAround = 64;           // beside the command: the button's edges and the notice's

class Sign final : public QWidget {
public:
    using QWidget::QWidget;
    Level level = Level::Quiet;

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        const Theme& theme = themeOf(*this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.tint(level));
        painter.drawEllipse(rect());
        paintSign(painter, QRectF(rect()).adjusted(14, 14, -14, -14), level, theme.of(level),
                  theme.tint(level));
    }
};

}  // namespace

Notice::Notice(QWidget* parent)
    : QWidget(parent),
      m_sign(new Sign(this)),
      m_title(new Label(Label::Kind::Title, {}, this)),
      m_text(new Label(Label::Kind::Dim, {}, this)),
      m_command(new QPushButton(this)),
      m_button(new QPushButton(this)) {
    m_sign->setFixedSize(48, 48);
    m_text->setWordWrap(true);
    m_text->setAlignment(Qt::AlignHCenter);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(2 * kGrid);
    column->addStretch(2);
    column->addWidget(m_sign, 0, Qt::AlignHCenter);
    column->addWidget(m_title, 0, Qt::AlignHCenter);
    column->addWidget(m_text, 0, Qt::AlignHCenter);
    column->addWidget(m_command, 0, Qt::AlignHCenter);
    column->addWidget(m_button, 0, Qt::AlignHCenter);
    column->addStretch(3);
    connect(m_command, &QPushButton::clicked, this, [this] { Q_EMIT copied(m_content.command); });
    connect(m_button, &QPushButton::clicked, this, &Notice::pressed);
    dress();
}

void Notice::show(const Content& content) {
    if (content == m_content)
        return;
    m_content = content;
    static_cast<Sign*>(m_sign)->level = content.level;
    m_sign->update();
    m_title->setText(content.title);
    m_text->setText(content.text);
    m_text->setFixedSize(kTextWide, std::max(0, m_text->heightForWidth(kTextWide)));
    m_text->setVisible(!content.text.isEmpty());
    fitCommand();
    m_command->setToolTip("Copy this command:\n" + content.command);
    m_command->setVisible(!content.command.isEmpty());
    m_button->setText(content.button);
    m_button->setVisible(!content.button.isEmpty());
    setAccessibleName(content.title);
    setAccessibleDescription(content.text);
}

// Cut in its middle where it has no room; the tip and the clipboard have all of it.
void Notice::fitCommand() {
    const QString copy = "     Copy";
    const QFontMetrics letters(m_command->font());
    const int room = std::min(width() - kAround, kCommandLetters * letters.horizontalAdvance('0'));
    m_command->setText(
        letters.elidedText(m_content.command, Qt::ElideMiddle, room - letters.horizontalAdvance(copy)) +
        copy);
}

void Notice::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fitCommand();
}

void Notice::dress() {
    QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    fixed.setPixelSize(QFontInfo(font()).pixelSize());
    m_command->setFont(fixed);
}

void Notice::changeEvent(QEvent* event) {
    if (event->type() == QEvent::FontChange)
        dress();
    QWidget::changeEvent(event);
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/view/detail_card.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

#include "gui/widget/card.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

DetailCard::DetailCard(QWidget* parent)
    : QWidget(parent),
      m_title(new Label(Label::Kind::Title, {}, this)),
      m_pill(new StatusPill(this)),
      m_age(new Label(Label::Kind::Dim, {}, this)),
      m_why(new Label(Label::Kind::Body, {}, this)),
      m_nothing(new Label(Label::Kind::Dim, {}, this)),
      m_head(new QWidget(this)),
      m_buttons(new QHBoxLayout),
      m_scroll(new QScrollArea(this)) {
    m_nothing->setWordWrap(true);
    m_nothing->setAlignment(Qt::AlignCenter);

    auto* state = new QHBoxLayout;
    state->setSpacing(kGrid);
    state->addWidget(m_pill);
    state->addWidget(m_age);
    state->addStretch();
    m_buttons->setSpacing(kGrid);
    m_buttons->addStretch();
    auto* head = new QVBoxLayout(m_head);
    head->setContentsMargins(2 * kGrid, 2 * kGrid, 2 * kGrid, kGrid);
    head->setSpacing(kGrid);
    head->addWidget(m_title);
    head->addLayout(state);
    head->addWidget(m_why);
    head->addLayout(m_buttons);

    auto* inside = new QWidget(m_scroll);
    m_sections = new QVBoxLayout(inside);
    m_sections->setContentsMargins(2 * kGrid, 0, 2 * kGrid, 2 * kGrid);
    m_sections->setSpacing(6);
    m_scroll->setWidget(inside);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->viewport()->setAutoFillBackground(false);
    inside->setAutoFillBackground(false);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    column->addWidget(m_head);
    column->addWidget(m_scroll, 1);
    column->addWidget(m_nothing, 1);
    setMinimumWidth(320);
    showNothing({});
}

QWidget* DetailCard::addSection(const QString& caption, const std::vector<QWidget*>& contents) {
    auto* section = new QWidget(m_scroll->widget());
    auto* column = new QVBoxLayout(section);
    column->setContentsMargins(0, m_sections->count() > 0 ? 12 : 0, 0, 0);
    column->setSpacing(6);
    column->addWidget(new Label(Label::Kind::Caption, caption, section));
    for (QWidget* content : contents)
        column->addWidget(content);
    m_sections->addWidget(section);
    return section;
}

void DetailCard::addStretch() {
    m_sections->addStretch(1);
}

QPushButton* DetailCard::addButton(const QString& text) {
    auto* button = new QPushButton(text, m_head);
    m_buttons->insertWidget(m_buttons->count() - 1, button);
    return button;
}

void DetailCard::showHead(const QString& title, Level level, const QString& state, const QString& age,
                          bool isOld, const QString& why) {
    m_head->show();
    m_scroll->show();
    m_nothing->hide();
    m_title->showWhole(title);
    m_pill->show(level, state, isOld);
    m_age->setText(age);
    m_why->showWhole(why);
    m_why->setVisible(!why.isEmpty());
}

void DetailCard::showNothing(const QString& text) {
    m_head->hide();
    m_scroll->hide();
    m_nothing->setText(text);
    m_nothing->show();
}

void DetailCard::paintEvent(QPaintEvent*) {
    paintCard(*this);
}

}  // namespace kubefed::gui

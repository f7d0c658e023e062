// SPDX-License-Identifier: Apache-2.0
#include "gui/view/banner.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>

#include "gui/widget/theme.h"

namespace kubefed::gui {

using client::ConnectionState;

Banner::Banner(QWidget* parent)
    : QWidget(parent),
      m_text(new Label(Label::Kind::Body, {}, this)),
      m_button(new QPushButton("Try now", this)) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(44, kGrid, kGrid, kGrid);
    m_text->setWordWrap(true);
    line->addWidget(m_text, 1);
    line->addWidget(m_button);
    connect(m_button, &QPushButton::clicked, this, &Banner::pressed);
    hide();
}

void Banner::follow(const FleetStore& store, const QString& title) {
    const ConnectionState state = store.state();
    if (!store.hasSnapshot() || state == ConnectionState::Live) {
        hide();
        return;
    }
    const QString age = "Everything here is " + ageText(store.now() - store.lastData()) + " old.";
    QString what;
    switch (state) {
        case ConnectionState::Stalled:
            what = "Nothing comes from " + title + " any more.";
            break;
        case ConnectionState::Forbidden:
            what =
                (store.error().code == Code::Unauthenticated ? "Your credentials are no longer accepted by "
                                                             : "You may no longer watch ") +
                title + ": " + text(store.error().message) + '.';
            break;
        case ConnectionState::Connecting:
            what = "Connecting to " + title + " again.";
            break;
        default:
            what = "The connection to " + title + " is lost: " + text(store.error().message) + '.';
    }
    m_level =
        state == ConnectionState::Stalled || state == ConnectionState::Connecting ? Level::Warn : Level::Bad;
    m_text->setText(what + ' ' + age + " It comes back by itself.");
    setAccessibleName(m_text->text());
    show();
    update();
}

void Banner::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = themeOf(*this);
    painter.setPen(QPen(theme.of(m_level), 1));
    painter.setBrush(theme.tint(m_level));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), kGrid, kGrid);
    paintSign(painter, QRectF(16, height() / 2.0 - 8, 16, 16), m_level, theme.of(m_level),
              theme.tint(m_level));
}

}  // namespace kubefed::gui

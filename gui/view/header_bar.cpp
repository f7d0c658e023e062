// SPDX-License-Identifier: Apache-2.0
#include "gui/view/header_bar.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QMenu>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTabBar>

#include "gui/widget/theme.h"

namespace kubefed::gui {

using client::ConnectionState;

HeaderBar::HeaderBar(Session& session, const QStringList& pages, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_context(new QPushButton(this)),
      m_tabs(new QTabBar(this)),
      m_live(new StatusPill(this)) {
    for (const QString& page : pages)
        m_tabs->addTab(page);
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_context->setToolTip("Which federation (Ctrl+O)");
    m_context->setFont(strongFont(font()));
    auto* search = new QPushButton("Search clusters, objects, actions      Ctrl K", this);
    search->setToolTip("Find anything (Ctrl+K)");
    search->setMinimumWidth(320);
    auto* help = new QPushButton("?", this);
    help->setToolTip("Keys (?)");
    help->setAccessibleName("Keys");
    help->setFixedWidth(32);
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(12);
    line->addWidget(m_context);
    line->addWidget(m_tabs);
    line->addStretch(1);
    line->addWidget(search);
    line->addStretch(1);
    line->addWidget(m_live);
    line->addWidget(help);
    connect(m_context, &QPushButton::clicked, this, &HeaderBar::openContexts);
    connect(search, &QPushButton::clicked, this, &HeaderBar::paletteWanted);
    connect(help, &QPushButton::clicked, this, &HeaderBar::helpWanted);
    refresh();
}

void HeaderBar::refresh() {
    const FleetStore& store = m_session.store();
    m_context->setText(m_session.title() + "  ▾");
    const QString age =
        store.lastData() == 0 ? QString() : ", " + ageText(store.now() - store.lastData()) + " ago";
    if (m_session.problem() != Session::Problem::None) {
        m_live->show(Level::Quiet, "No federation");
    } else if (m_session.replay() != nullptr) {
        m_live->show(Level::Busy, "Recording");
    } else {
        switch (store.state()) {
            case ConnectionState::Live:
                m_live->show(Level::Good, "Live" + age);
                break;
            case ConnectionState::Connecting:
                m_live->show(Level::Busy, "Connecting");
                break;
            case ConnectionState::Stalled:
                m_live->show(Level::Warn, "Silent" + age);
                break;
            case ConnectionState::Forbidden:
                m_live->show(Level::Bad, "Forbidden");
                break;
            case ConnectionState::Disconnected:
                m_live->show(Level::Bad, "Disconnected" + age);
                break;
        }
    }
}

void HeaderBar::openContexts() {
    const QStringList contexts = m_session.contexts();
    if (contexts.isEmpty())
        return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const QString& context : contexts) {
        QAction* action = menu->addAction(context);
        action->setCheckable(true);
        action->setChecked(context == m_session.context());
        connect(action, &QAction::triggered, this, [this, context] { m_session.choose(context); });
    }
    menu->popup(m_context->mapToGlobal(QPoint(0, m_context->height() + 4)));
}

}  // namespace kubefed::gui

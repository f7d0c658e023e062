// SPDX-License-Identifier: Apache-2.0
//
// The line on top: which federation, the pages, the way to the palette, and whether it is live. GUI thread.
#pragma once

#include <QtWidgets/QWidget>

#include "gui/view/session.h"
#include "gui/widget/status_pill.h"

class QPushButton;
class QTabBar;

namespace kubefed::gui {

class HeaderBar final : public QWidget {
    Q_OBJECT

public:
    HeaderBar(Session& session, const QStringList& pages, QWidget* parent = nullptr);
    [[nodiscard]] QTabBar& tabs() const { return *m_tabs; }
    void refresh();
    void openContexts();

Q_SIGNALS:
    void paletteWanted();
    void helpWanted();

private:
    Session& m_session;
    QPushButton* m_context;
    QTabBar* m_tabs;
    StatusPill* m_live;
};

}  // namespace kubefed::gui

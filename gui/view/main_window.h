// SPDX-License-Identifier: Apache-2.0
//
// The window: header, pages, and over them what concerns all: banner, palette, keys. Follows the desktop's
// light or dark palette unless told otherwise, and keeps its settings. Destroyed before the session and the
// settings it was given. GUI thread.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/commands.h"
#include "gui/model/palette_index.h"
#include "gui/view/session.h"

class QSettings;
class QStackedWidget;

namespace kubefed::gui {

class Banner;
class EventsPage;
class FleetPage;
class HeaderBar;
class HelpOverlay;
class Notice;
class PaletteOverlay;
class PoliciesPage;
class ReplayBar;
class TablePanel;
class TableView;
class WorkloadsPage;

class MainWindow final : public QWidget {
    Q_OBJECT

public:
    enum Page { FleetPlace, WorkloadsPlace, PoliciesPlace, EventsPlace };
    enum class Colours { System, Light, Dark };

    MainWindow(Session& session, QSettings& settings, QWidget* parent = nullptr);
    ~MainWindow() override;

    void open(Page page);
    void setColours(Colours colours);
    // As the command line names them; empty or unknown: as they are.
    void apply(const std::string& page, const std::string& colours);
    // The command for what is chosen now.
    [[nodiscard]] QString command() const;
    // Where it is gone, that is said, and everything stays as it is.
    void openCluster(const QString& name);
    void openObject(const QString& key);

Q_SIGNALS:
    void copied(const QString& command);

protected:
    bool event(QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    struct Action {
        QString title;
        QString key;   // as QKeySequence reads it; empty: by the palette only
        QString help;  // empty: not in the list of keys; of a recording: in that of a recording only
        std::function<void()> run;
        std::function<QString()> command;  // empty: stands for none
    };

    void build();
    void connectPages();
    void makeActions();
    void makePageActions();
    void makeOtherActions();
    void showKeys();
    // Keys of a recording only with one, trouble only where there may be some.
    [[nodiscard]] bool isOffered(const Action& action) const;
    void addAction(Action action);
    void refresh();
    void showState();
    void dress();
    void copy(const QString& command);
    void escape();
    void openPalette(const QString& typed = {});
    [[nodiscard]] TableView& takeSortable();  // the panel's; the matrix gives way to it
    void runEntry(const PaletteEntry& entry);
    [[nodiscard]] QString commandFor(const PaletteEntry& entry) const;
    [[nodiscard]] Commands commands() const { return m_session.commands(); }
    [[nodiscard]] TablePanel& panel() const;  // that is seen
    // Of each page, as its settings are called.
    [[nodiscard]] std::map<QString, TablePanel*> panels() const;
    void restoreSettings();
    void saveSettings();

    Session& m_session;
    QSettings& m_settings;
    Colours m_colours = Colours::System;
    bool m_isDressing = false;
    std::vector<Action> m_actions;
    HeaderBar* m_header;
    Banner* m_banner;
    QStackedWidget* m_pages;
    QStackedWidget* m_whole;  // the pages, or why there are none
    Notice* m_notice;
    FleetPage* m_fleet;
    WorkloadsPage* m_workloads;
    PoliciesPage* m_policies;
    EventsPage* m_events;
    ReplayBar* m_replay;
    PaletteOverlay* m_palette;
    HelpOverlay* m_help;
};

}  // namespace kubefed::gui

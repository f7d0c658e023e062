// SPDX-License-Identifier: Apache-2.0
// What can be done, by key and by palette: one list for both, and for the card of keys.
#include <QtGui/QShortcut>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QStackedWidget>

#include "gui/view/banner.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/header_bar.h"
#include "gui/view/help_overlay.h"
#include "gui/view/list_pages.h"
#include "gui/view/main_window.h"
#include "gui/view/palette_overlay.h"
#include "gui/view/replay_bar.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"

namespace kubefed::gui {

void MainWindow::addAction(Action action) {
    const std::size_t index = m_actions.size();
    if (!action.key.isEmpty()) {
        auto* shortcut = new QShortcut(QKeySequence(action.key), this);
        connect(shortcut, &QShortcut::activated, this, [this, index] { m_actions[index].run(); });
    }
    m_actions.push_back(std::move(action));
}

void MainWindow::makeActions() {
    addAction({"Show all keys", "?", "This card", [this] { showKeys(); }, {}});
    addAction({"Search", "Ctrl+K", "Find clusters, objects and actions", [this] { openPalette(); }, {}});
    addAction({"Show the fleet", "1", "Fleet", [this] { open(FleetPlace); },
               [this] { return commands().clusters(); }});
    addAction({"Show workloads", "2", "Workloads", [this] { open(WorkloadsPlace); },
               [this] { return commands().objects(); }});
    addAction({"Show policies", "3", "Policies", [this] { open(PoliciesPlace); },
               [this] { return commands().policies(); }});
    addAction({"Show events", "4", "Events", [this] { open(EventsPlace); }, {}});
    makePageActions();
    makeOtherActions();
}

void MainWindow::showKeys() {
    HelpOverlay::Keys keys;
    for (const Action& action : m_actions)
        if (!action.help.isEmpty() && isOffered(action))
            keys.emplace_back(action.key, action.help);
    keys.emplace_back("Enter", "Open: what is placed there, or why");
    keys.emplace_back("↑ ↓ ← →", "Rows and cells");
    keys.emplace_back("Tab", "Tiles, filter, table, details");
    m_help->open(std::move(keys));
}

bool MainWindow::isOffered(const Action& action) const {
    return action.key == "T" ? !panel().troubleFilter().isEmpty()
                             : m_session.replay() != nullptr || !action.title.contains("recording");
}

void MainWindow::makePageActions() {
    addAction({"Filter this page",
               "/",
               "Filter; Enter goes to the rows, Esc clears",
               [this] {
                   panel().filter().setFocus();
                   panel().filter().selectAll();
               },
               {}});
    addAction({"Matrix or table of workloads",
               "M",
               "Workloads as matrix or table",
               [this] {
                   open(WorkloadsPlace);
                   m_workloads->leaveExplanation();
                   m_workloads->setMatrix(!m_workloads->isMatrix());
               },
               {}});
    addAction({"Why is the chosen object where it is?", "W", "Why is the chosen object where it is?",
               [this] {
                   open(WorkloadsPlace);
                   m_workloads->explainCurrent();
               },
               [this] {
                   const client::Object* object = m_workloads->currentObject();
                   return object == nullptr ? QString() : commands().why(object->id);
               }});
    addAction({"Only what is in trouble",
               "T",
               "Only what is in trouble",
               [this] {
                   if (!panel().troubleFilter().isEmpty())
                       panel().filter().setText(panel().troubleFilter());
               },
               {}});
    addAction({"Sort by a column", "S", "Sort by a column", [this] { openPalette("Sort by "); }, {}});
    addAction({"Turn the order round",
               "Shift+S",
               "Turn the order round",
               [this] { takeSortable().reverse(); },
               {}});
    addAction({"Copy as command", "Ctrl+C", "Copy what is chosen as a command", [this] { copy(command()); },
               [this] { return command(); }});
    addAction({"Back, or clear the filter", "Esc", "Back, or clear the filter", [this] { escape(); }, {}});
}

void MainWindow::makeOtherActions() {
    addAction({"Connect again", "Ctrl+R", "Connect again", [this] { m_session.reconnect(); },
               [this] { return commands().start(); }});
    addAction(
        {"Choose a federation", "Ctrl+O", "Choose a federation", [this] { m_header->openContexts(); }, {}});
    addAction({"Play or pause the recording", "P", "Play or pause", [this] { m_replay->togglePause(); }, {}});
    addAction({"Ten seconds back in the recording",
               "Ctrl+Left",
               "Ten seconds back",
               [this] { m_replay->step(-10'000); },
               {}});
    addAction({"Ten seconds on in the recording",
               "Ctrl+Right",
               "Ten seconds on",
               [this] { m_replay->step(10'000); },
               {}});
    addAction({"Colours as the desktop has them", {}, {}, [this] { setColours(Colours::System); }, {}});
    addAction({"Light colours", {}, {}, [this] { setColours(Colours::Light); }, {}});
    addAction({"Dark colours", {}, {}, [this] { setColours(Colours::Dark); }, {}});
    addAction({"Close the window", "Ctrl+Q", "Close the window", [this] { close(); }, {}});
}

void MainWindow::openPalette(const QString& typed) {
    std::vector<PaletteEntry> entries;
    for (std::size_t i = 0; typed.isEmpty() && i < m_actions.size(); ++i) {
        const Action& action = m_actions[i];
        if (action.key != "Ctrl+K" && action.key != "Esc" && isOffered(action))
            entries.push_back({.title = action.title, .detail = action.key, .action = static_cast<int>(i)});
    }
    const TableView& table = panel().table();
    for (int column = 0; column < table.model()->columnCount(); ++column)
        if (!table.isColumnHidden(column))
            entries.push_back(
                {.kind = PaletteEntry::Kind::Sort,
                 .title = "Sort by " +
                          table.model()->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(),
                 .detail = table.horizontalHeader()->sortIndicatorSection() == column
                               ? "now; turns the order round"
                               : "",
                 .action = column});
    entries.push_back({.kind = PaletteEntry::Kind::Sort, .title = "Sort by what it was at first"});
    m_palette->open(std::move(entries), typed);
}

TableView& MainWindow::takeSortable() {
    if (m_pages->currentIndex() == WorkloadsPlace && m_workloads->isMatrix() && !m_workloads->isExplaining())
        m_workloads->setMatrix(false);
    panel().table().setFocus();
    return panel().table();
}

void MainWindow::runEntry(const PaletteEntry& entry) {
    switch (entry.kind) {
        case PaletteEntry::Kind::Action:
            m_actions[static_cast<std::size_t>(entry.action)].run();
            break;
        case PaletteEntry::Kind::Sort:
            takeSortable().sortBy(entry.action);
            break;
        case PaletteEntry::Kind::Cluster:
            openCluster(entry.cluster);
            break;
        case PaletteEntry::Kind::Object:
            if (const client::Object* object = m_session.store().fleet().object(entry.object))
                openObject(keyOf(object->id));
            break;
    }
}

QString MainWindow::commandFor(const PaletteEntry& entry) const {
    switch (entry.kind) {
        case PaletteEntry::Kind::Action: {
            const Action& action = m_actions[static_cast<std::size_t>(entry.action)];
            return action.command ? action.command() : QString();
        }
        case PaletteEntry::Kind::Sort:
            break;
        case PaletteEntry::Kind::Cluster:
            return commands().cluster(entry.cluster);
        case PaletteEntry::Kind::Object:
            if (const client::Object* object = m_session.store().fleet().object(entry.object))
                return commands().object(object->id);
            break;
    }
    return {};
}

}  // namespace kubefed::gui

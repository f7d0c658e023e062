// SPDX-License-Identifier: Apache-2.0
#include "gui/view/main_window.h"

#include <map>

#include <QtCore/QEvent>
#include <QtCore/QSettings>
#include <QtGui/QClipboard>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QTabBar>
#include <QtWidgets/QVBoxLayout>

#include "gui/view/banner.h"
#include "gui/view/cluster_detail.h"
#include "gui/view/connection_notice.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/header_bar.h"
#include "gui/view/help_overlay.h"
#include "gui/view/list_pages.h"
#include "gui/view/palette_overlay.h"
#include "gui/view/replay_bar.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

MainWindow::MainWindow(Session& session, QSettings& settings, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_settings(settings),
      m_header(new HeaderBar(session, {"Fleet", "Workloads", "Policies", "Events"}, this)),
      m_banner(new Banner(this)),
      m_pages(new QStackedWidget(this)),
      m_whole(new QStackedWidget(this)),
      m_notice(new Notice(this)),
      m_fleet(new FleetPage(session, this)),
      m_workloads(new WorkloadsPage(session, this)),
      m_policies(new PoliciesPage(session, this)),
      m_events(new EventsPage(session, this)),
      m_replay(new ReplayBar(this)),
      m_palette(new PaletteOverlay(session.store(), this)),
      m_help(new HelpOverlay(this)) {
    build();
    makeActions();
    connectPages();
    restoreSettings();
    dress();
    refresh();
}

MainWindow::~MainWindow() = default;

void MainWindow::build() {
    setWindowTitle("kubefed");
    setMinimumSize(960, 600);
    for (QWidget* page : {static_cast<QWidget*>(m_fleet), static_cast<QWidget*>(m_workloads),
                          static_cast<QWidget*>(m_policies), static_cast<QWidget*>(m_events)})
        m_pages->addWidget(page);
    m_whole->addWidget(m_pages);
    m_whole->addWidget(m_notice);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(2 * kGrid, 12, 2 * kGrid, 2 * kGrid);
    column->setSpacing(12);
    column->addWidget(m_header);
    column->addWidget(m_banner);
    column->addWidget(m_whole, 1);
    column->addWidget(m_replay);
}

void MainWindow::connectPages() {
    connect(&m_header->tabs(), &QTabBar::currentChanged, this,
            [this](int page) { open(static_cast<Page>(page)); });
    connect(m_header, &HeaderBar::paletteWanted, this, [this] { openPalette(); });
    connect(m_header, &HeaderBar::helpWanted, this, [this] { m_actions.front().run(); });
    connect(m_banner, &Banner::pressed, this, [this] { m_session.reconnect(); });
    connect(m_notice, &Notice::pressed, this, [this] { m_session.reconnect(); });
    connect(m_notice, &Notice::copied, this, &MainWindow::copy);
    connect(m_fleet, &FleetPage::objectOpened, this, &MainWindow::openObject);
    connect(m_fleet, &FleetPage::objectsWanted, this, [this](const QString& filter) {
        open(WorkloadsPlace);
        m_workloads->leaveExplanation();
        m_workloads->panel().filter().setText(filter);
        m_workloads->focusRows();
    });
    connect(&m_fleet->detail(), &ClusterDetail::eventsWanted, this, [this](const QString& name) {
        open(EventsPlace);
        m_events->panel().filter().setText("cluster=" + name);
        m_events->panel().table().setFocus();
    });
    connect(&m_fleet->detail(), &ClusterDetail::copyWanted, this, [this] { copy(command()); });
    connect(&m_fleet->detail(), &ClusterDetail::copied, this, &MainWindow::copy);
    connect(&m_fleet->panel(), &TablePanel::copied, this, &MainWindow::copy);
    connect(&m_fleet->panel().table(), &TableView::opened, this,
            [this](const QString& name) { Q_EMIT m_fleet->objectsWanted("cluster=" + name); });
    connect(m_workloads, &WorkloadsPage::clusterOpened, this, &MainWindow::openCluster);
    connect(m_workloads, &WorkloadsPage::copied, this, &MainWindow::copy);
    connect(m_workloads, &WorkloadsPage::copyWanted, this, [this] { copy(command()); });
    connect(&m_policies->panel(), &TablePanel::copied, this, &MainWindow::copy);
    connect(m_policies, &PoliciesPage::copied, this, &MainWindow::copy);
    connect(m_events, &EventsPage::clusterOpened, this, &MainWindow::openCluster);
    connect(m_events, &EventsPage::objectOpened, this, &MainWindow::openObject);
    connect(m_palette, &PaletteOverlay::chosen, this, &MainWindow::runEntry);
    connect(m_palette, &PaletteOverlay::copyWanted, this,
            [this](const PaletteEntry& entry) { copy(commandFor(entry)); });
    connect(&m_session.store(), &FleetStore::published, this, &MainWindow::refresh);
}

void MainWindow::refresh() {
    m_header->refresh();
    m_banner->follow(m_session.store(), m_session.title());
    m_replay->setControl(m_session.replay());
    showState();
}

void MainWindow::showState() {
    const bool isEmpty = !m_session.store().hasSnapshot();
    if (isEmpty)
        m_notice->show(connectionNotice(m_session));
    const bool isFirst = !isEmpty && m_whole->currentWidget() != m_pages;
    m_whole->setCurrentWidget(isEmpty ? static_cast<QWidget*>(m_notice) : m_pages);
    if (isFirst)
        open(static_cast<Page>(m_pages->currentIndex()));  // the keys are the table's, not the header's
}

void MainWindow::open(Page page) {
    if (m_header->tabs().currentIndex() != page) {
        m_header->tabs().setCurrentIndex(page);  // comes back here
        return;
    }
    m_pages->setCurrentIndex(page);
    if (page == PoliciesPlace)
        m_policies->ask();
    if (page == WorkloadsPlace && !m_workloads->isExplaining())
        m_workloads->focusRows();
    else
        panel().table().setFocus();
}

TablePanel& MainWindow::panel() const {
    switch (m_pages->currentIndex()) {
        case WorkloadsPlace:
            return m_workloads->isExplaining() ? m_workloads->explanation().panel() : m_workloads->panel();
        case PoliciesPlace:
            return m_policies->panel();
        case EventsPlace:
            return m_events->panel();
        default:
            return m_fleet->panel();
    }
}

// What is gone leads nowhere: whatever else would be shown then would pass for it.
void MainWindow::openCluster(const QString& name) {
    if (!m_fleet->has(name))
        return panel().say(name + " is no longer a member");
    open(FleetPlace);
    m_fleet->openCluster(name);
}

void MainWindow::openObject(const QString& key) {
    if (!m_workloads->has(key))
        return panel().say(key + " is gone");
    open(WorkloadsPlace);
    m_workloads->openObject(key);
}

void MainWindow::escape() {
    if (!panel().filter().text().isEmpty())
        panel().filter().clear();
    else if (m_pages->currentIndex() == WorkloadsPlace && m_workloads->isExplaining())
        return m_workloads->leaveExplanation();
    panel().table().setFocus();
}

QString MainWindow::command() const {
    switch (m_pages->currentIndex()) {
        case WorkloadsPlace: {
            const client::Object* object = m_workloads->currentObject();
            if (object == nullptr)
                return commands().objects();
            return m_workloads->isExplaining() ? commands().why(object->id) : commands().object(object->id);
        }
        case PoliciesPlace:
            return commands().policies();
        case EventsPlace:
            return m_events->command();
        default: {
            const QString cluster = m_fleet->currentCluster();
            return cluster.isEmpty() ? commands().clusters() : commands().cluster(cluster);
        }
    }
}

void MainWindow::copy(const QString& command) {
    if (command.isEmpty())
        return;
    QApplication::clipboard()->setText(command);
    Q_EMIT copied(command);
}

void MainWindow::setColours(Colours colours) {
    m_colours = colours;
    dress();
}

void MainWindow::apply(const std::string& page, const std::string& colours) {
    static const std::map<std::string, Page> pages{{"fleet", FleetPlace},
                                                   {"workloads", WorkloadsPlace},
                                                   {"matrix", WorkloadsPlace},
                                                   {"policies", PoliciesPlace},
                                                   {"events", EventsPlace}};
    if (const auto it = pages.find(page); it != pages.end()) {
        m_workloads->setMatrix(page == "matrix");
        open(it->second);
    }
    if (!colours.empty())
        setColours(colours == "dark" ? Colours::Dark : colours == "light" ? Colours::Light : Colours::System);
}

void MainWindow::dress() {
    m_isDressing = true;
    const QPalette desktop = QApplication::palette();
    const Theme& theme = m_colours == Colours::Light  ? lightTheme()
                         : m_colours == Colours::Dark ? darkTheme()
                                                      : themeOf(desktop);
    setTheme(*this, theme);
    m_isDressing = false;
}

bool MainWindow::event(QEvent* event) {
    const bool isHandled = QWidget::event(event);
    const auto type = event->type();
    if (!m_isDressing && (type == QEvent::ApplicationPaletteChange || type == QEvent::FontChange))
        dress();
    return isHandled;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    saveSettings();
    QWidget::closeEvent(event);
}

std::map<QString, TablePanel*> MainWindow::panels() const {
    return {{"fleet", &m_fleet->panel()},
            {"workloads", &m_workloads->panel()},
            {"policies", &m_policies->panel()},
            {"events", &m_events->panel()}};
}

void MainWindow::saveSettings() {
    m_settings.setValue("window/geometry", saveGeometry());
    m_settings.setValue("window/page", m_pages->currentIndex());
    m_settings.setValue("window/colours", static_cast<int>(m_colours));
    for (const auto& [page, panel] : panels())
        m_settings.setValue(page + "/columns", panel->table().horizontalHeader()->saveState());
    m_settings.setValue("why/columns", m_workloads->explanation().arrangement());
    m_settings.setValue("fleet/split", m_fleet->splitter().saveState());
    m_settings.setValue("workloads/split", m_workloads->splitter().saveState());
    m_settings.setValue("workloads/matrix", m_workloads->isMatrix());
    if (!m_session.context().isEmpty())
        m_settings.setValue("context", m_session.context());
}

void MainWindow::restoreSettings() {
    if (!restoreGeometry(m_settings.value("window/geometry").toByteArray()))
        resize(1280, 800);
    m_colours = static_cast<Colours>(qBound(0, m_settings.value("window/colours", 0).toInt(), 2));
    for (const auto& [page, panel] : panels())
        panel->table().horizontalHeader()->restoreState(m_settings.value(page + "/columns").toByteArray());
    m_workloads->explanation().arrange(m_settings.value("why/columns").toMap());
    m_fleet->splitter().restoreState(m_settings.value("fleet/split").toByteArray());
    m_workloads->splitter().restoreState(m_settings.value("workloads/split").toByteArray());
    m_workloads->setMatrix(m_settings.value("workloads/matrix", false).toBool());
    open(static_cast<Page>(qBound(0, m_settings.value("window/page", 0).toInt(), 3)));
}

}  // namespace kubefed::gui

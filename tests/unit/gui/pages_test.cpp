// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>

#include "tests/unit/gui/story_window.h"

#include "gui/view/cluster_detail.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/help_overlay.h"
#include "gui/view/list_pages.h"
#include "gui/view/palette_overlay.h"
#include "gui/view/replay_bar.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/notice.h"
#include "gui/widget/tile.h"

using namespace kubefed;
using namespace kubefed::gui;

// What each page does with the keys that all have, and what leads from one to another.
class PagesTest : public QObject, private StoryWindow {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    // Names that contain what is filtered away hide nothing.
    void onlyTroubleIsWhatIsInTroubleOnEachPage() {
        const client::ObjectId info{"", "v1", "ReplicationController", "shop", "healthy-user-info"};
        m_session->tell(
            {.clusters = {{.number = 1, .name = "ready-info", .phase = client::Phase::Degraded},
                          {.number = 2,
                           .name = "osaka",
                           .phase = client::Phase::Ready,
                           .lastContact = m_session->source.now()}},
             .objects = {{.id = info, .health = client::ObjectHealth::Failing},
                         {.id = {"", "v1", "Service", "shop", "cart"},
                          .health = client::ObjectHealth::Healthy}},
             .activities = {{.number = 1, .time = 1, .reason = "Joined", .message = "an error of old"},
                            {.number = 2,
                             .time = 2,
                             .severity = client::Severity::Warning,
                             .object = info,
                             .reason = "Information"}}});
        m_session->source.policies = {{.name = "affinity", .state = "Active"},
                                      {.name = "inactive-info", .state = "Failed"},
                                      {.name = "nearest", .state = "Disabled"},
                                      {.name = "spread", .state = "Active", .lastError = "out of memory"}};
        make();
        QCOMPARE(troubleOn(MainWindow::FleetPlace), QStringList({"ready-info"}));
        QCOMPARE(troubleOn(MainWindow::WorkloadsPlace), QStringList({"shop/rc/healthy-user-info"}));
        press(Qt::Key_M);
        QCOMPARE(troubleOn(MainWindow::WorkloadsPlace), QStringList({"shop/rc/healthy-user-info"}));
        QCOMPARE(troubleOn(MainWindow::EventsPlace), QStringList({"2"}));
        QCOMPARE(troubleOn(MainWindow::PoliciesPlace), QStringList({"inactive-info", "nearest", "spread"}));
        part<PoliciesPage>()->panel().filter().setText("status=active");
        QCOMPARE(shown(part<PoliciesPage>()->panel()), QStringList({"affinity", "spread"}));
    }

    // The list behind the explanation is out of sight, and out of reach.
    void whyHasAFilterOfItsOwn() {
        tellStory();
        make();
        press(Qt::Key_2);
        const int all = shown(part<WorkloadsPage>()->panel()).size();
        press(Qt::Key_W);
        m_session->clock.advance(Duration{10});
        TablePanel& why = part<WorkloadsPage>()->explanation().panel();
        const QStringList clusters = shown(why);
        press(Qt::Key_T);
        press(Qt::Key_Slash);
        QVERIFY(why.filter().hasFocus());
        QTest::keyClicks(QApplication::focusWidget(), "oregon");
        QCOMPARE(shown(why), QStringList({"oregon"}));
        QCOMPARE(shown(part<WorkloadsPage>()->panel()).size(), all);
        press(Qt::Key_Escape);
        QVERIFY(part<WorkloadsPage>()->isExplaining());
        QCOMPARE(shown(why), clusters);
        QVERIFY(why.table().hasFocus());
        press(Qt::Key_Question);
        const auto offered = [this](const QString& key) {
            return std::ranges::any_of(part<HelpOverlay>()->keys(),
                                       [&](const auto& entry) { return entry.first == key; });
        };
        QVERIFY(!offered("T") && offered("/"));
        press(Qt::Key_Escape);
        press(Qt::Key_Escape);
        QVERIFY(!part<WorkloadsPage>()->isExplaining());
        press(Qt::Key_Question);
        QVERIFY(offered("T"));
    }

    // Time alone makes no cluster silent while nobody could have told.
    void thePaletteSaysWhatTheTableSays() {
        tellStory();
        make();
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "refused"});
        m_session->clock.advance(Duration{60'000});
        const TableView& table = part<FleetPage>()->panel().table();
        for (int row = 0; row < table.model()->rowCount(); ++row) {
            const QModelIndex status = table.model()->index(row, ClusterTableModel::Status);
            press(Qt::Key_K, Qt::ControlModifier);
            QTest::keyClicks(QApplication::focusWidget(), status.data(KeyRole).toString());
            const PaletteEntry& found = part<PaletteOverlay>()->entries().front();
            QCOMPARE(found.detail, "cluster · " + status.data().toString());
            QCOMPARE(static_cast<int>(found.level), status.data(LevelRole).toInt());
            press(Qt::Key_Escape);
        }
    }

    void aTilesOthersAreAllOfThem() {
        const client::TimeMs now = m_session->source.now();
        client::FleetChanges all;
        const auto add = [&](const std::string& name, client::Phase phase, client::TimeMs heard) {
            const auto number = static_cast<client::ClusterNumber>(all.clusters.size() + 1);
            all.clusters.push_back({.number = number, .name = name, .phase = phase, .lastContact = heard});
        };
        add("unreachable", client::Phase::Unreachable, now);
        add("unauthorized", client::Phase::Unauthorized, now);
        add("degraded", client::Phase::Degraded, now);
        add("silent", client::Phase::Ready, now - 60'000);
        add("joining", client::Phase::Joining, now);
        add("ready", client::Phase::Ready, now);
        m_session->tell(std::move(all));
        make();
        for (Tile* tile : part<FleetPage>()->findChildren<Tile*>())
            if (tile->accessibleName() == "Clusters") {
                QCOMPARE(tile->content().lines.back().plain, QString("others"));
                QVERIFY(tile->content().lines.back().level == Level::Unknown);
                Q_EMIT tile->chosen(3);
            }
        QCOMPARE(shown(part<FleetPage>()->panel()), QStringList({"joining", "ready", "silent"}));
    }

    void whatIsEmptySaysWhatWillBeThere() {
        m_session->tell({});
        make();
        const auto notice = [&](MainWindow::Page page) {
            m_window->open(page);
            m_session->clock.advance(Duration{10});
            const Notice& shown = panelOf(page).notice();
            return shown.isVisible() ? shown.content() : Notice::Content();
        };
        const Notice::Content workloads = notice(MainWindow::WorkloadsPlace);
        QCOMPARE(workloads.title, QString("Nothing is placed yet"));
        QVERIFY(workloads.text.contains("what its policies place appears here"));
        QCOMPARE(workloads.command, m_session->commands().applyExample());
        press(Qt::Key_M);
        QVERIFY(notice(MainWindow::WorkloadsPlace) == workloads);
        const Notice::Content events = notice(MainWindow::EventsPlace);
        QCOMPARE(events.title, QString("Nothing has happened yet"));
        QVERIFY(events.text.startsWith("State changes of clusters and failures of objects appear here"));
        const Notice::Content policies = notice(MainWindow::PoliciesPlace);
        QCOMPARE(policies.title, QString("No policy plugins"));
        QVERIFY(policies.text.endsWith("Its log says why."));
        // Who may look into one namespace only is told so.
        m_session->info = testing::namesOnlyInfo();
        m_session->tell({});
        QCOMPARE(notice(MainWindow::WorkloadsPlace).text,
                 QString("Nothing is placed in the namespaces that you may see: shop."));
        QCOMPARE(notice(MainWindow::WorkloadsPlace).command, QString());
        QVERIFY(
            notice(MainWindow::EventsPlace).text.startsWith("Failures of objects that you may see appear"));
    }

    void theRowThatTheCardIsAboutIsMarked() {
        tellStory();
        m_session->source.policies = testing::storyPolicies();
        make();
        for (const auto page :
             {MainWindow::FleetPlace, MainWindow::WorkloadsPlace, MainWindow::PoliciesPlace}) {
            m_window->open(page);
            m_session->clock.advance(Duration{10});
            const TableView& table = panelOf(page).table();
            QVERIFY(table.hasFocus() && table.currentIndex().isValid());
            QVERIFY2(table.selectionModel()->isSelected(table.currentIndex()),
                     qPrintable(table.currentKey()));
        }
    }

    void aPointerThatRestsHoldsNothing() {
        tellStory();
        make();
        TableView& table = part<FleetPage>()->panel().table();
        const auto saysHeld = [this] {
            const auto labels = part<FleetPage>()->panel().findChildren<QLabel*>();
            return std::ranges::any_of(
                labels, [](const QLabel* label) { return label->text().endsWith("order held"); });
        };
        const auto move = [&table] {
            const QPointF place(5, 5);
            QMouseEvent event(QEvent::MouseMove, place, place, Qt::NoButton, Qt::NoButton, Qt::NoModifier);
            QApplication::sendEvent(table.viewport(), &event);
        };
        move();
        QVERIFY(table.isHolding() && saysHeld());
        m_session->clock.advance(Duration{20'000});
        move();
        m_session->clock.advance(Duration{29'000});
        QVERIFY(table.isHolding() && saysHeld());
        m_session->clock.advance(Duration{3'000});
        QVERIFY(!table.isHolding() && !saysHeld());
        move();
        QVERIFY(table.isHolding() && saysHeld());
    }

    // What is gone is said to be gone; nothing else is shown instead.
    void whatIsGoneLeadsNowhere() {
        tellStory();
        make();
        m_window->open(MainWindow::WorkloadsPlace);
        part<WorkloadsPage>()->panel().filter().setText("ns=shop");
        m_window->open(MainWindow::EventsPlace);
        TablePanel& events = part<EventsPage>()->panel();
        const QAbstractItemModel& rows = *events.table().model();
        const auto choose = [&](const QString& reason) {
            const QModelIndex first = rows.index(0, ActivityModel::Reason);
            events.table().setCurrentIndex(rows.match(first, Qt::DisplayRole, reason, 1).value(0));
        };
        const auto says = [&events](const QString& what) {
            const auto labels = events.findChildren<QLabel*>();
            return std::ranges::any_of(labels,
                                       [&](const QLabel* label) { return label->text().startsWith(what); });
        };
        choose("PodsNotReady");
        const client::ClusterNumber oregon = m_session->fleet.fleet().cluster("oregon")->number;
        m_session->source.sink()->changed(
            {.removedClusters = {oregon},
             .removedObjects = {{"", "v1", "ReplicationController", "shop", "search"}}});
        m_session->clock.advance(Duration{200});
        press(Qt::Key_Return);
        QVERIFY(events.isVisible());
        QVERIFY(says("shop/rc/search is gone"));
        QCOMPARE(part<WorkloadsPage>()->panel().filter().text(), QString("ns=shop"));
        choose("Unreachable");
        QVERIFY(!says("shop/rc/search is gone"));
        press(Qt::Key_Return);
        QVERIFY(events.isVisible());
        QVERIFY(says("This cluster is no longer a member"));
        m_window->openCluster("oregon");
        QVERIFY(events.isVisible());
        QVERIFY(says("oregon is no longer a member"));
    }

    // Beside a row of question marks stands no figure that is only remembered.
    void theCardOfALostClusterSaysWhatTheTableSays() {
        client::FleetChanges all = testing::storyFleet(m_session->source.now());
        client::Cluster& osaka = *std::ranges::find(all.clusters, "osaka", &client::Cluster::name);
        osaka.phase = client::Phase::Unauthorized;  // it answers, but not to us
        osaka.lastContact = m_session->source.now();
        const QString nodes = QString::number(osaka.nodes->total);
        const QString objects = QString::number(osaka.objects->desired);
        m_session->tell(std::move(all));
        make();
        part<FleetPage>()->openCluster("osaka");
        const auto labels = part<ClusterDetail>()->findChildren<QLabel*>();
        const auto greyOnesSaying = [&labels](const QString& what) {
            return std::ranges::count_if(
                labels, [&](const QLabel* label) { return label->text() == what && !label->isEnabled(); });
        };
        QCOMPARE(greyOnesSaying("?/" + nodes + " ready"), 1);
        QCOMPARE(greyOnesSaying(objects + " objects, ? in sync"), 1);
        QCOMPARE(greyOnesSaying("?"), 4);  // CPU, memory, pods and storage
    }

    // What the controller tells of it; how much of that pods ask for it does not know.
    void theCardSaysWhatTheNodesCanTake() {
        client::Cluster dublin = testing::storyFleet(m_session->source.now()).clusters[4];
        dublin.allocatable = {{"cpu", "127120m"},        {"ephemeral-storage", "755823498400"},
                              {"example.com/gpu", "16"}, {"hugepages-1Gi", "0"},
                              {"memory", "503609440Ki"}, {"pods", "1880"}};
        m_session->tell({.clusters = {dublin}});
        make();
        part<FleetPage>()->openCluster("dublin");
        const auto said = [this] {
            QStringList all;
            for (const QLabel* label : part<ClusterDetail>()->findChildren<QLabel*>())
                if (label->isVisible())
                    all += label->text();
            return all;
        };
        const auto at = said().indexOf("Allocatable on its ready nodes");
        QVERIFY(at >= 0);
        QCOMPARE(said().mid(at + 1, 10), QStringList({"CPU", "127.1", "Memory", "480 Gi", "Pods", "1,880",
                                                      "Storage", "704 Gi", "example.com/gpu", "16"}));
        QVERIFY(said().filter("equested").isEmpty() && said().filter("hugepages").isEmpty());
        dublin.allocatable.clear();
        m_session->source.sink()->changed({.clusters = {dublin}});
        m_session->clock.advance(Duration{200});
        QVERIFY(said().filter("llocatable").isEmpty());
    }

    // Each state of Why has words of its own, with what comes next.
    void whySaysWhatItWaitsFor() {
        tellStory();
        make();
        auto& view = askWhy();
        QCOMPARE(view.panel().notice().content().title, QString("Asking the controller"));
        QVERIFY(view.panel().notice().isVisible() && view.panel().notice().content().level == Level::Busy);
        m_session->clock.advance(Duration{10});
        QVERIFY(!view.panel().notice().isVisible());
    }

    void whyWithoutAnAnswerIsAskedAgain() {
        tellStory();
        make();
        m_session->source.whyRefusal = {.code = Code::Aborted,
                                        .message = "the policies gave no answer in time"};
        auto& view = askWhy();
        m_session->clock.advance(Duration{10});
        const Notice& notice = view.panel().notice();
        QVERIFY(notice.isVisible() && notice.content().level == Level::Bad);
        QCOMPARE(notice.content().title, QString("The controller gave no answer"));
        QCOMPARE(notice.content().text,
                 QString("The policies gave no answer in time. It is asked again by itself."));
        m_session->source.whyRefusal.reset();
        m_session->clock.advance(Duration{6'000});
        QVERIFY(!notice.isVisible());
        QCOMPARE(shown(view.panel()).size(), 13);
    }

    void whyOfALostControllerKeepsItsAnswerWithItsAge() {
        tellStory();
        make();
        auto& view = askWhy();
        m_session->clock.advance(Duration{10});
        m_session->source.whyRefusal = {.code = Code::Unavailable,
                                        .message = "127.0.0.1:40021 refuses connections"};
        m_session->clock.advance(Duration{6'000});
        QVERIFY(says(view, "; since then no answer: 127.0.0.1:40021 refuses connections"));
        m_session->lose(client::ConnectionState::Disconnected, *m_session->source.whyRefusal);
        const int asked = m_session->source.asked;
        m_session->clock.advance(Duration{42'000});
        QCOMPARE(m_session->source.asked, asked);
        QVERIFY(!view.panel().notice().isVisible());
        QCOMPARE(shown(view.panel()).size(), 13);
        QCOMPARE(view.panel().table().model()->index(0, 0).data(OldRole).toInt(), 2);
        QVERIFY(says(view, "asked 4"));
    }

    void columnsAndTheirOrderAreKeptOnEachPage() {
        m_session->source.policies = testing::storyPolicies();
        tellStory();
        make();
        const auto explain = [this] {
            m_window->open(MainWindow::WorkloadsPlace);
            m_window->openObject("shop/rc/search");
            part<WorkloadsPage>()->explainCurrent();
            m_session->clock.advance(Duration{10});
        };
        const auto tables = [this] {
            std::vector<TableView*> all{&part<WorkloadsPage>()->explanation().panel().table()};
            for (const auto page : {MainWindow::FleetPlace, MainWindow::WorkloadsPlace,
                                    MainWindow::PoliciesPlace, MainWindow::EventsPlace})
                all.push_back(&panelOf(page).table());
            return all;
        };
        m_window->open(MainWindow::PoliciesPlace);
        m_session->clock.advance(Duration{10});
        explain();
        for (TableView* table : tables()) {
            table->setColumnWidth(1, 171);
            table->horizontalHeader()->moveSection(2, 1);
            table->horizontalHeader()->setSortIndicator(2, Qt::DescendingOrder);
        }
        QVERIFY(m_window->close());
        make();
        explain();
        for (const TableView* table : tables()) {
            QCOMPARE(table->columnWidth(1), 171);
            QCOMPARE(table->horizontalHeader()->visualIndex(2), 1);
            QCOMPARE(table->horizontalHeader()->sortIndicatorSection(), 2);
            QCOMPARE(table->horizontalHeader()->sortIndicatorOrder(), Qt::DescendingOrder);
            QCOMPARE(static_cast<const OrderedTable*>(table->model())->sortColumn(), 2);
        }
        // Another object is asked for: the same plugins, the same columns.
        m_window->openObject("shop/rc/cart");
        part<WorkloadsPage>()->explainCurrent();
        m_session->clock.advance(Duration{10});
        QCOMPARE(tables().front()->columnWidth(1), 171);
        QCOMPARE(tables().front()->horizontalHeader()->sortIndicatorSection(), 2);
    }

    void aRecordingThatWasCutOffSaysSo() {
        FakeReplay recording;
        m_session->recording = &recording;
        tellStory();
        make();
        const auto says = [this] {
            const auto labels = part<ReplayBar>()->findChildren<QLabel*>();
            return std::ranges::any_of(
                labels, [](const QLabel* label) { return label->text().endsWith(", the end is missing"); });
        };
        QVERIFY(!says());
        recording.isCut = true;
        m_session->clock.advance(Duration{1'000});
        QVERIFY(says());
        m_window.reset();
    }

private:
    void make() {
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    template <class T>
    T* part() {
        return m_window->findChild<T*>();
    }
    TablePanel& panelOf(MainWindow::Page page) {
        return page == MainWindow::FleetPlace       ? part<FleetPage>()->panel()
               : page == MainWindow::WorkloadsPlace ? part<WorkloadsPage>()->panel()
               : page == MainWindow::PoliciesPlace  ? part<PoliciesPage>()->panel()
                                                    : part<EventsPage>()->panel();
    }
    ExplanationView& askWhy() {
        m_window->openObject("shop/rc/search");
        press(Qt::Key_W);
        return part<WorkloadsPage>()->explanation();
    }
    static bool says(const QWidget& part, const QString& what) {
        const auto labels = part.findChildren<QLabel*>();
        return std::ranges::any_of(
            labels, [&](const QLabel* label) { return label->isVisible() && label->text().contains(what); });
    }
    // The keys of the rows that are shown, in the order of the alphabet.
    static QStringList shown(const TablePanel& panel) {
        QStringList keys;
        const QAbstractItemModel& model = *panel.table().model();
        for (int row = 0; row < model.rowCount(); ++row)
            keys += model.index(row, 0).data(KeyRole).toString();
        keys.sort();
        return keys;
    }
    QStringList troubleOn(MainWindow::Page page) {
        m_window->open(page);
        m_session->clock.advance(Duration{10});
        press(Qt::Key_T);
        return shown(panelOf(page));
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QWidget* focus = QApplication::focusWidget();
        QTest::keyClick(focus != nullptr ? focus : m_window.get(), key, modifiers);
    }
};

QTEST_MAIN(PagesTest)
#include "pages_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>
#include <QtGui/QClipboard>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>

#include "tests/fakes/fake_session.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/detail_tables.h"
#include "gui/model/placement_matrix_model.h"
#include "gui/model/state.h"
#include "gui/model/summary.h"
#include "gui/view/cluster_detail.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/list_pages.h"
#include "gui/view/main_window.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/notice.h"
#include "gui/widget/sparkline.h"
#include "gui/widget/timeline.h"

using namespace kubefed;
using namespace kubefed::gui;

// The window of somebody who may look into one namespace only, and the commands that it offers.
class RightsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_settings = std::make_unique<QSettings>(m_folder->filePath("gui.ini"), QSettings::IniFormat);
        m_session = std::make_unique<FakeSession>();
        m_session->who = "jane";
    }

    void cleanup() {
        m_window.reset();
        m_session.reset();
    }

    void theControllersWordIsNotShownAsFresh() {
        const client::FleetInfo info = testing::namesOnlyInfo();
        client::Cluster cluster{.number = 1, .name = "tokyo", .phase = client::Phase::Ready};
        QVERIFY(stateOf(cluster, 1'000, info).level == Level::Quiet);
        QCOMPARE(stateOf(cluster, 1'000, info).name, QString("Ready"));
        cluster.phase = client::Phase::Joining;
        QVERIFY(stateOf(cluster, 1'000, info).level == Level::Quiet);
        cluster.phase = client::Phase::Unreachable;
        QVERIFY(stateOf(cluster, 1'000, info).level == Level::Bad);
    }

    void whatIsPlacedThereIsNotShownAsFreshEither() {
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        const FleetStore& store = m_session->store();
        const PlacementMatrixModel matrix(store);
        ShareTableModel shares(store);
        const auto isGood = [](const QVariant& level) {
            return level.toInt() == static_cast<int>(Level::Good) ||
                   level.toInt() == static_cast<int>(Level::Busy);
        };
        int healthy = 0;
        for (int row = 0; row < matrix.rowCount(); ++row) {
            QVERIFY(!isGood(matrix.headerData(row, Qt::Vertical, LevelRole)));
            for (int at = 0; at < matrix.columnCount(); ++at)
                QVERIFY(!matrix.index(row, at).data().isValid() ||
                        !isGood(matrix.index(row, at).data(LevelRole)));
            const client::Object& object = *store.fleet().object(matrix.objectAt(row));
            const State state = stateOf(object, store.fleet(), store.asOf());
            healthy += state.name == "Healthy" ? 1 : 0;  // it keeps its word
            shares.restrictTo(matrix.objectAt(row));
            for (int at = 0; at < shares.rowCount(); ++at)
                QVERIFY(!isGood(shares.index(at, 0).data(LevelRole)));
        }
        QVERIFY(healthy > 0);
        for (const Tally& tally : summarize(store.fleet(), store.asOf()).objectTally)
            QVERIFY(tally.level != Level::Good && tally.level != Level::Busy);
        // Placed nowhere: that is the controller's own to know.
        client::Object object{.health = client::ObjectHealth::Progressing};
        QVERIFY(levelOf(object, store.fleet(), store.asOf()) == Level::Busy);
    }

    void namesAndStatesOnlyAreSaidToBeAllAndHowToSeeMore() {
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        make();
        const TableView& clusters = m_window->findChild<FleetPage*>()->panel().table();
        for (int column = 0; column < ClusterTableModel::kColumns; ++column)
            QCOMPARE(clusters.isColumnHidden(column), column > ClusterTableModel::Status);
        const auto* detail = m_window->findChild<ClusterDetail*>();
        QVERIFY(!detail->findChild<Timeline*>()->isVisible());
        QVERIFY(!detail->findChild<Sparkline*>()->isVisible());
        for (auto* button : detail->findChildren<QPushButton*>())
            if (button->text() == "Copy this command") {
                QVERIFY(button->isVisibleTo(m_window.get()));
                button->click();
            }
        QCOMPARE(QApplication::clipboard()->text(),
                 QString("kubectl --context prod create clusterrolebinding watchers "
                         "--clusterrole=kubefed-fleet-viewer --user=jane"));
        // Once it is allowed, all of it is there.
        m_session->info = testing::syntheticInfo();
        m_session->tell(testing::storyFleet(m_session->source.now()));
        QVERIFY(detail->findChild<Timeline*>()->isVisible());
        for (int column = 0; column < ClusterTableModel::kColumns; ++column)
            QVERIFY(!clusters.isColumnHidden(column));
    }

    void whoMayNotListPoliciesIsNotOfferedToListThem() {
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        m_session->source.refusal = {.code = Code::PermissionDenied, .message = "user \"jane\" may not"};
        make();
        m_window->open(MainWindow::PoliciesPlace);
        m_session->clock.advance(Duration{10});
        const Notice::Content notice = m_window->findChild<PoliciesPage*>()->panel().notice().content();
        QCOMPARE(notice.title, QString("You may not list policy plugins"));
        QCOMPARE(notice.command, m_session->commands().allowWatching());
    }

    void whoMayNotAskWhyIsToldWhatAllowsItAndIsNotAskedFor() {
        m_session->info = testing::namesOnlyInfo();
        client::FleetChanges all = testing::namesOnlyFleet(m_session->source.now());
        const client::FleetChanges story = testing::storyFleet(m_session->source.now());
        const client::ObjectId search = story.objects[3].id;
        m_session->source.explanations.emplace(
            search, testing::storyExplanation(story, search, m_session->source.now()));
        m_session->tell(all);
        make();
        m_window->openObject("shop/rc/search");
        m_window->findChild<WorkloadsPage*>()->explainCurrent();
        m_session->clock.advance(Duration{10});
        ExplanationView& why = m_window->findChild<WorkloadsPage*>()->explanation();
        QCOMPARE(why.panel().table().model()->rowCount(), 13);
        // The right is taken away.
        m_session->source.whyRefusal = {
            .code = Code::PermissionDenied,
            .message = "user \"jane\" may not create explanations.kubefed.io in namespace \"shop\""};
        m_session->clock.advance(Duration{6'000});
        const Notice& notice = why.panel().notice();
        QVERIFY(notice.isVisible() && notice.content().level == Level::Bad);
        QCOMPARE(notice.content().title, QString("You may not ask why"));
        QCOMPARE(
            notice.content().text,
            QString("User \"jane\" may not create explanations.kubefed.io in namespace \"shop\". Somebody "
                    "who may administer the federation can allow it; then ask again:"));
        QCOMPARE(notice.content().command, QString("kubectl --context prod create rolebinding viewers "
                                                   "--clusterrole=view --user=jane -n shop"));
        // What was answered before is not shown any more, and time alone asks no more.
        QCOMPARE(why.panel().table().model()->rowCount(), 0);
        for (const QLabel* label : why.findChildren<QLabel*>())
            QVERIFY2(!label->isVisible() || !label->text().contains("asked "), qPrintable(label->text()));
        const int asked = m_session->source.asked;
        m_session->clock.advance(Duration{60'000});
        QCOMPARE(m_session->source.asked, asked);
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "gone"});
        m_session->clock.advance(Duration{5'000});
        QCOMPARE(m_session->source.asked, asked);
        m_session->tell(all);
        m_session->clock.advance(Duration{10});
        QCOMPARE(m_session->source.asked, asked + 1);
        QVERIFY(notice.isVisible());
        // It is allowed.
        m_session->source.whyRefusal.reset();
        for (auto* button : why.findChildren<QPushButton*>())
            if (button->text() == "Ask again")
                button->click();
        m_session->clock.advance(Duration{10});
        QVERIFY(!notice.isVisible());
        QCOMPARE(why.panel().table().model()->rowCount(), 13);
        m_session->clock.advance(Duration{6'000});
        QCOMPARE(m_session->source.asked, asked + 3);
    }

    void eventsAreCopiedAsWhatShowsMoreOfThem() {
        m_session->tell(testing::storyFleet(m_session->source.now()));
        make();
        m_window->open(MainWindow::EventsPlace);
        TableView& events = m_window->findChild<EventsPage*>()->panel().table();
        QVERIFY(events.model()->rowCount() > 0);
        const auto choose = [&](const QString& reason) {
            const QModelIndex first = events.model()->index(0, ActivityModel::Reason);
            events.setCurrentIndex(events.model()->match(first, Qt::DisplayRole, reason, 1).value(0));
        };
        choose("Unreachable");
        QCOMPARE(m_window->command(), QString("kubefed describe cluster oregon --context prod"));
        choose("PodsNotReady");
        QCOMPARE(m_window->command(), QString("kubefed why rc/search -n shop -o wide --context prod"));
    }

    void commandsNameTheFederationAndTheCaller() {
        const Commands commands("kubefed-prod", "prod", "system:serviceaccount:shop:watcher");
        QCOMPARE(commands.start(), QString("kubefed up prod"));
        QVERIFY(commands.allowWatching().endsWith(" --user=system:serviceaccount:shop:watcher"));
        QCOMPARE(commands.event({.reason = "Started"}, {}), QString());
        QVERIFY(Commands("prod").allowWatching().endsWith(" --user=USER"));
        QVERIFY(Commands("prod").allowAsking("shop").endsWith(" --user=USER -n shop"));
        QCOMPARE(commands.allowAsking(""), commands.allowWatching());
        QCOMPARE(callerIn("user \"jane doe\" may not watch fleets.kubefed.io cluster-wide"),
                 QString("jane doe"));
        QCOMPARE(callerIn("the token has expired"), QString());
    }

private:
    void make() {
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->resize(1280, 800);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<FakeSession> m_session;
    std::unique_ptr<MainWindow> m_window;
};

QTEST_MAIN(RightsTest)
#include "rights_test.moc"

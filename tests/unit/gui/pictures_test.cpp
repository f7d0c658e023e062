// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/gui/pictures.h"

#include <QtTest/QTest>
#include <QtWidgets/QLineEdit>

#include "tests/unit/gui/story_window.h"

#include "gui/view/fleet_page.h"

using namespace kubefed;
using namespace kubefed::gui;

// Each state of the window as a picture. What they must show is asserted by other tests; these hold the
// looks.
class PicturesTest : public QObject, private StoryWindow {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const QString missing = usePictureFont();
        QVERIFY2(missing.isEmpty(), qPrintable(missing));
    }

    void init() { begin(); }
    void cleanup() { end(); }

    void light() {
        tellStory();
        make(MainWindow::Colours::Light);
        check("light");
    }

    void dark() {
        tellStory();
        make(MainWindow::Colours::Dark);
        check("dark");
    }

    void loading() {
        make(MainWindow::Colours::Light);
        check("loading");
    }

    void empty() {
        m_session->tell({});
        make(MainWindow::Colours::Light);
        check("empty");
    }

    void noFederation() {
        m_session->trouble = Session::Problem::NoFederation;
        make(MainWindow::Colours::Light);
        check("no-federation");
    }

    void unreachableController() {
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "127.0.0.1:40021 refuses connections"});
        make(MainWindow::Colours::Light);
        check("unreachable");
    }

    void forbidden() {
        m_session->lose(client::ConnectionState::Forbidden,
                        {.code = Code::PermissionDenied,
                         .message = "user \"jane\" may not watch fleets.kubefed.io cluster-wide"});
        make(MainWindow::Colours::Light);
        check("forbidden");
    }

    // Who may look into one namespace only.
    void namesOnly() {
        m_session->who = "jane";
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        make(MainWindow::Colours::Light);
        check("names-only");
    }

    void forbiddenPolicies() {
        m_session->who = "jane";
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        m_session->source.refusal = {
            .code = Code::PermissionDenied,
            .message = "user \"jane\" may not list policyplugins.kubefed.io cluster-wide"};
        make(MainWindow::Colours::Light);
        m_window->open(MainWindow::PoliciesPlace);
        m_session->clock.advance(Duration{10});
        check("policies-forbidden");
    }

    void unknownCaller() {
        m_session->lose(client::ConnectionState::Forbidden,
                        {.code = Code::Unauthenticated, .message = "the bearer token is not valid"});
        make(MainWindow::Colours::Light);
        check("unknown-caller");
    }

    void disconnected() {
        tellStory();
        make(MainWindow::Colours::Light);
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "127.0.0.1:40021 refuses connections"});
        m_session->clock.advance(Duration{42'000});
        check("disconnected");
    }

    // As tall as its card.
    void card() {
        tellStory();
        make(MainWindow::Colours::Light);
        m_window->resize(1280, 1300);
        m_window->openCluster("paris");
        check("cluster-card");
    }

    void longNames() {
        tellLongNames();
        make(MainWindow::Colours::Light);
        check("long-names");
    }

    void longNamesElsewhere_data() {
        QTest::addColumn<int>("key");
        QTest::addColumn<QString>("name");
        QTest::newRow("matrix") << static_cast<int>(Qt::Key_M) << "long-names-matrix";
        QTest::newRow("why") << static_cast<int>(Qt::Key_W) << "long-names-why";
    }
    void longNamesElsewhere() {
        QFETCH(const int, key);
        QFETCH(const QString, name);
        tellLongNames();
        make(MainWindow::Colours::Light);
        m_window->open(MainWindow::WorkloadsPlace);
        QTest::keyClick(m_window.get(), static_cast<Qt::Key>(key));
        m_session->clock.advance(Duration{10});
        check(name);
    }

    void thousandClusters() {
        m_session->tell(
            testing::syntheticFleet({.clusters = 1'000, .objects = 5'000, .now = m_session->source.now()}));
        make(MainWindow::Colours::Dark);
        check("thousand-clusters");
    }

    void filtered() {
        tellStory();
        make(MainWindow::Colours::Light);
        m_window->findChild<FleetPage*>()->findChild<QLineEdit*>()->setText("region=jp oslo");
        check("nothing-matches");
    }

    void workloads() {
        tellStory();
        make(MainWindow::Colours::Light);
        m_window->open(MainWindow::WorkloadsPlace);
        check("workloads");
    }

    void smallest_data() {
        QTest::addColumn<int>("page");
        QTest::addColumn<QString>("name");
        QTest::newRow("fleet") << static_cast<int>(MainWindow::FleetPlace) << "fleet-smallest";
        QTest::newRow("workloads") << static_cast<int>(MainWindow::WorkloadsPlace) << "workloads-smallest";
    }
    void smallest() {
        QFETCH(const int, page);
        QFETCH(const QString, name);
        client::FleetChanges all = testing::wideFleet(m_session->source.now());
        const QString undecided = keyOf(all.objects[0].id);
        tell(std::move(all));
        make(MainWindow::Colours::Light);
        m_window->resize(m_window->minimumSize());
        page == MainWindow::FleetPlace ? m_window->openCluster("tokyo") : m_window->openObject(undecided);
        check(name);
    }

    void follower() {
        tellStory();
        const client::ObjectId service = m_session->fleet.fleet().object(2)->id;
        make(MainWindow::Colours::Light);
        m_window->openObject(keyOf(service));
        QTest::keyClick(m_window.get(), Qt::Key_W);
        m_session->clock.advance(Duration{10});
        check("explanation-follower");
    }

    // Nothing comes any more, though the connection stands; and, before that, nothing from the clusters.
    void silent() {
        tellStory();
        make(MainWindow::Colours::Dark);
        m_session->clock.advance(Duration{14'000});
        m_session->source.sink()->changed({.totals = client::Totals{}});
        m_session->clock.advance(Duration{1'000});
        m_session->lose(client::ConnectionState::Stalled, {.code = Code::Ok});
        m_session->clock.advance(Duration{4'000});
        check("silent-dark");
    }

    void matrix_data() {
        QTest::addColumn<int>("colours");
        QTest::addColumn<QString>("name");
        QTest::newRow("light") << static_cast<int>(MainWindow::Colours::Light) << "matrix";
        QTest::newRow("dark") << static_cast<int>(MainWindow::Colours::Dark) << "matrix-dark";
    }
    void matrix() {
        QFETCH(const int, colours);
        QFETCH(const QString, name);
        tellStory();
        make(static_cast<MainWindow::Colours>(colours));
        QTest::keyClick(m_window.get(), Qt::Key_M);
        check(name);
    }

    void explanation_data() { matrix_data(); }
    void explanation() {
        QFETCH(const int, colours);
        tellStory();
        make(static_cast<MainWindow::Colours>(colours));
        why();
        m_session->clock.advance(Duration{10});
        check(colours == static_cast<int>(MainWindow::Colours::Dark) ? "explanation-dark" : "explanation");
    }

    void loadingExplanation() {
        tellStory();
        make(MainWindow::Colours::Light);
        why();
        check("explanation-loading");
    }

    void disconnectedExplanation() {
        tellStory();
        make(MainWindow::Colours::Light);
        why();
        m_session->clock.advance(Duration{10});
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "127.0.0.1:40021 refuses connections"});
        m_session->clock.advance(Duration{42'000});
        check("explanation-disconnected");
    }

    void forbiddenExplanation() {
        m_session->who = "jane";
        m_session->info = testing::namesOnlyInfo();
        m_session->tell(testing::namesOnlyFleet(m_session->source.now()));
        m_session->source.whyRefusal = {
            .code = Code::PermissionDenied,
            .message = "user \"jane\" may not create explanations.kubefed.io in namespace \"shop\""};
        make(MainWindow::Colours::Light);
        why();
        m_session->clock.advance(Duration{10});
        check("explanation-forbidden");
    }

    void policies_data() {
        QTest::addColumn<bool>("isAccused");
        QTest::addColumn<QString>("name");
        QTest::newRow("well") << false << "policies";
        QTest::newRow("disabled") << true << "policies-disabled-dark";
    }
    void policies() {
        QFETCH(const bool, isAccused);
        QFETCH(const QString, name);
        tellStory();
        m_session->source.policies = isAccused ? testing::accusedPolicies() : testing::storyPolicies();
        make(isAccused ? MainWindow::Colours::Dark : MainWindow::Colours::Light);
        m_window->open(MainWindow::PoliciesPlace);
        m_session->clock.advance(Duration{10});
        check(name);
    }

    void events() {
        tellStory();
        make(MainWindow::Colours::Dark);
        m_window->open(MainWindow::EventsPlace);
        check("events-dark");
    }

    // The states that the fleet's page has above, on the others.
    void emptyElsewhere_data() { placesElsewhere("empty"); }
    void emptyElsewhere() {
        QFETCH(const int, page);
        QFETCH(const QString, name);
        m_session->tell({});
        make(MainWindow::Colours::Light);
        m_window->open(static_cast<MainWindow::Page>(page));
        m_session->clock.advance(Duration{10});
        check(name);
    }

    void disconnectedElsewhere_data() { placesElsewhere("disconnected"); }
    void disconnectedElsewhere() {
        QFETCH(const int, page);
        QFETCH(const QString, name);
        tellStory();
        m_session->source.policies = testing::storyPolicies();
        make(MainWindow::Colours::Light);
        m_window->open(static_cast<MainWindow::Page>(page));
        m_session->clock.advance(Duration{10});
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "127.0.0.1:40021 refuses connections"});
        m_session->clock.advance(Duration{42'000});
        check(name);
    }

    // The list is asked for, the fleet is there.
    void loadingPolicies() {
        tellStory();
        make(MainWindow::Colours::Light);
        m_window->open(MainWindow::PoliciesPlace);
        check("policies-loading");
    }

    void withoutASnapshotAllPagesAreOne_data() {
        QTest::addColumn<bool>("isForbidden");
        QTest::newRow("loading") << false;
        QTest::newRow("forbidden") << true;
    }
    void withoutASnapshotAllPagesAreOne() {
        QFETCH(const bool, isForbidden);
        if (isForbidden)
            m_session->lose(client::ConnectionState::Forbidden,
                            {.code = Code::PermissionDenied,
                             .message = "user \"jane\" may not watch fleets.kubefed.io cluster-wide"});
        make(MainWindow::Colours::Light);
        check(isForbidden ? "forbidden" : "loading");
        const auto belowTheHeader = [&] {
            return m_window->grab(QRect(0, 50, m_window->width(), m_window->height() - 50)).toImage();
        };
        const QImage fleet = belowTheHeader();
        for (const auto page :
             {MainWindow::WorkloadsPlace, MainWindow::PoliciesPlace, MainWindow::EventsPlace}) {
            m_window->open(page);
            QCoreApplication::processEvents();
            QVERIFY(belowTheHeader() == fleet);
        }
    }

    void palette() {
        tellStory();
        make(MainWindow::Colours::Light);
        QTest::keyClick(m_window.get(), Qt::Key_K, Qt::ControlModifier);
        QTest::keyClicks(QApplication::focusWidget(), "o");
        check("palette");
    }

    void help() {
        tellStory();
        make(MainWindow::Colours::Dark);
        QTest::keyClick(m_window.get(), Qt::Key_Question);
        check("help");
    }

    void replay() {
        FakeReplay recording;
        m_session->recording = &recording;
        tellStory();
        make(MainWindow::Colours::Light);
        check("replay");
        m_window.reset();
    }

private:
    static void placesElsewhere(const QString& state) {
        QTest::addColumn<int>("page");
        QTest::addColumn<QString>("name");
        QTest::newRow("workloads") << static_cast<int>(MainWindow::WorkloadsPlace) << "workloads-" + state;
        QTest::newRow("events") << static_cast<int>(MainWindow::EventsPlace) << "events-" + state;
        QTest::newRow("policies") << static_cast<int>(MainWindow::PoliciesPlace) << "policies-" + state;
    }
    void tellLongNames() {
        client::FleetChanges all = testing::storyFleet(m_session->source.now());
        client::Cluster& lost = all.clusters[2];
        lost.name = "production-europe-west-3-frankfurt-tenant-4711-blue-green-canary.example.internal";
        lost.message =
            "the name \"production-europe-west-3-frankfurt-tenant-4711-blue-green-canary.example."
            "internal\" does not resolve (3 of 3 probes)";
        for (client::Activity& activity : all.activities)
            if (activity.cluster == lost.number)
                activity.message = lost.name + " is Unreachable: " + lost.message;
        for (client::Cluster& cluster : all.clusters)
            cluster.labels.emplace("example.com/a-label-with-a-long-name", "and-a-value-that-does-not-end");
        for (std::size_t i = 3; i < all.objects.size(); i += 15) {
            client::Object& object = all.objects[i];
            object.id.name = "checkout-frontend-with-a-name-as-long-as-names-may-be-0123456789";
            object.id.ns = "team-with-a-long-name-production-" + std::to_string(i);
            object.policy = object.id.ns + "/only-in-regions-where-the-law-allows-it";
        }
        tell(std::move(all));
    }

    // Of the worst object.
    void why() {
        m_window->open(MainWindow::WorkloadsPlace);
        QTest::keyClick(m_window.get(), Qt::Key_W);
    }

    void make(MainWindow::Colours colours) {
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->setColours(colours);
        m_window->resize(1280, 800);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

    void check(const QString& name) {
        QCoreApplication::processEvents();
        // A blinking cursor is no part of a picture.
        if (auto* line = qobject_cast<QLineEdit*>(QApplication::focusWidget()))
            line->setReadOnly(true);
        const QString difference = comparePicture(*m_window, name);
        QVERIFY2(difference.isEmpty(), qPrintable(difference));
    }
};

QTEST_MAIN(PicturesTest)
#include "pictures_test.moc"

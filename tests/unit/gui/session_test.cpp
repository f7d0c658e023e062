// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSlider>
#include <QtWidgets/QStyleOptionSlider>

#include "kubefed/kube/kubeconfig.h"
#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_session.h"

#include "gui/app/app_session.h"
#include "gui/app/caller.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/list_pages.h"
#include "gui/view/main_window.h"
#include "gui/view/replay_bar.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/notice.h"
#include "gui/widget/tile.h"

using namespace kubefed;
using namespace kubefed::gui;

// The session as the program has it, over kubeconfigs whose federations refuse connections.
class SessionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_config = m_folder->filePath("kubeconfig").toStdString();
        for (const char* name : {"prod", "staging"})
            QVERIFY(kube::addContext(m_config, {.name = name,
                                                .server = "https://127.0.0.1:1",
                                                .identity = {.bearerToken = "t"},
                                                .federation = name})
                        .has_value());
        m_settings = std::make_unique<QSettings>(m_folder->filePath("gui.ini"), QSettings::IniFormat);
    }

    void cleanup() {
        m_window.reset();
        m_session.reset();
    }

    void aContextThatCannotBeResolvedSaysSoAndCanBeTriedAgain() {
        make({});
        QCOMPARE(m_session->context(), QString("prod"));
        const std::string good = *readFile(m_config);
        // The user that a context names is gone from the file.
        breakUserOf("staging");
        m_session->choose("staging");
        QVERIFY(m_session->problem() == Session::Problem::BadConfiguration);
        QCOMPARE(notice().content().title, QString("The kubeconfig cannot be used"));
        auto* button = notice().findChildren<QPushButton*>().last();
        QVERIFY(button->isVisible());
        // Still broken: it says so again. Mended: it connects.
        button->click();
        QVERIFY(m_session->problem() == Session::Problem::BadConfiguration);
        QVERIFY(writeFile(m_config, good).has_value());
        button->click();
        QVERIFY(m_session->problem() == Session::Problem::None);
        QCOMPARE(m_session->title(), QString("staging"));
        QTRY_VERIFY(m_session->store().state() == client::ConnectionState::Disconnected);
        QTRY_COMPARE(notice().content().title, QString("staging does not answer"));
    }

    void commandsNameTheFederationAndWhoAsks() {
        const auto ca = net::makeCa("test", std::chrono::hours(1));
        QVERIFY(ca.has_value());
        const auto pair = net::makeCertificate(*ca, {.commonName = "jane"});
        QVERIFY(pair.has_value());
        QCOMPARE(callerOf({.clientCertPem = pair->certPem, .clientKeyPem = pair->keyPem}), QString("jane"));
        const auto token = [](const QByteArray& claims) {
            return "e30." + claims.toBase64(QByteArray::Base64UrlEncoding).toStdString() + ".c2ln";
        };
        QCOMPARE(callerOf({.bearerToken = token(R"({"sub":"system:serviceaccount:shop:watcher"})")}),
                 QString("system:serviceaccount:shop:watcher"));
        QCOMPARE(callerOf({.bearerToken = token(R"({"sub":"4711"})")}), QString());
        QCOMPARE(callerOf({.bearerToken = "opaque"}), QString());
        QCOMPARE(callerOf({.clientCertPem = pair->certPem,
                           .clientKeyPem = pair->keyPem,
                           .bearerToken = token(R"({"sub":"system:serviceaccount:shop:watcher"})")}),
                 QString("jane"));  // as servers take it
        QCOMPARE(callerOf({}), QString());

        QVERIFY(kube::addContext(m_config,
                                 {.name = "my-prod",
                                  .server = "https://127.0.0.1:1",
                                  .identity = {.clientCertPem = pair->certPem, .clientKeyPem = pair->keyPem},
                                  .federation = "prod-eu"})
                    .has_value());
        make({.context = "my-prod"});
        QCOMPARE(m_session->commands().start(), QString("kubefed up prod-eu"));
        QVERIFY(m_session->commands().allowWatching().startsWith("kubectl --context my-prod "));
        QVERIFY(m_session->commands().allowWatching().endsWith("--user=jane"));
    }

    // Not of who was in the file before, nor of the federation before.
    void commandsAreOfTheContextAsItIsNow() {
        const auto named = [](const std::string& name) {
            const std::string claims = R"({"sub":"system:serviceaccount:shop:NAME"})";
            return "e30." +
                   QByteArray::fromStdString(claims)
                       .replace("NAME", name.c_str())
                       .toBase64(QByteArray::Base64UrlEncoding)
                       .toStdString() +
                   ".c2ln";
        };
        const auto write = [&](const std::string& name) {
            return kube::addContext(m_config, {.name = "prod",
                                               .server = "https://127.0.0.1:1",
                                               .identity = {.bearerToken = named(name)},
                                               .federation = "prod"})
                .has_value();
        };
        QVERIFY(write("jane"));
        make({.context = "prod"});
        QCOMPARE(m_session->caller(), QString("system:serviceaccount:shop:jane"));
        QVERIFY(write("joe"));
        m_session->reconnect();
        QCOMPARE(m_session->caller(), QString("system:serviceaccount:shop:joe"));
        QCOMPARE(m_session->federation(), QString("prod"));
        breakUserOf("staging");
        m_session->choose("staging");
        QVERIFY(m_session->problem() == Session::Problem::BadConfiguration);
        QVERIFY(m_session->commands().allowWatching().endsWith("--user=USER"));
        QCOMPARE(m_session->commands().start(), QString("kubefed up staging"));
    }

    void anotherFederationCanBeChosenInsteadOfABrokenOne() {
        make({});
        breakUserOf("staging");
        m_session->choose("staging");
        m_session->choose("prod");
        QVERIFY(m_session->problem() == Session::Problem::None);
        QTRY_COMPARE(notice().content().title, QString("prod does not answer"));
    }

    void eachFederationHasARecordingOfItsOwn() {
        const std::filesystem::path folder(m_folder->path().toStdString());
        // Somebody's, of another day.
        QVERIFY(writeFile(folder / "run-2.kfr", "precious").has_value());
        make({.record = (folder / "run.kfr").string()});
        QTRY_VERIFY(m_session->store().state() == client::ConnectionState::Disconnected);
        m_session->choose("staging");
        const auto first = client::ReplaySource::make(folder / "run.kfr", m_clock);
        QVERIFY2(first.has_value(), first ? "" : first.error().text().c_str());
        QTRY_VERIFY(m_session->store().state() == client::ConnectionState::Disconnected);
        m_session->choose("prod");
        QCOMPARE(*readFile(folder / "run-2.kfr"), std::string("precious"));
        QVERIFY(client::ReplaySource::make(folder / "run-3.kfr", m_clock).has_value());
        QVERIFY(client::ReplaySource::make(folder / "run.kfr", m_clock).has_value());
        QVERIFY(std::filesystem::exists(folder / "run-4.kfr"));
    }

    void aRecordingThatCannotBeWrittenIsNotCalledAKubeconfig() {
        const std::filesystem::path folder(m_folder->path().toStdString());
        std::filesystem::create_directory(folder / "there");
        make({.record = (folder / "there/run.kfr").string()});
        std::filesystem::remove_all(folder / "there");
        m_session->choose("staging");
        QVERIFY(m_session->problem() == Session::Problem::BadRecording);
        QCOMPARE(notice().content().title, QString("It cannot be recorded"));
    }

    void historyIsOfTheFleetThatIsShown() {
        FakeSession session;
        m_window = std::make_unique<MainWindow>(session, *m_settings);
        const auto tiles = m_window->findChildren<Tile*>();
        const auto history = [&] {
            const auto it = std::ranges::find(tiles, "Propagation p99, 5 min", &Tile::accessibleName);
            return (*it)->content().spark;
        };
        session.tell({.totals = client::Totals{.propagationP99 = 0.04}});
        session.source.sink()->changed({.totals = client::Totals{.propagationP99 = 0.05}});
        session.clock.advance(Duration{200});
        QCOMPARE(history(), std::vector<double>({0.04, 0.05}));
        session.fleet.detach();
        QCOMPARE(history(), std::vector<double>());
        session.fleet.attach(session.source);
        session.tell({.totals = client::Totals{.propagationP99 = 7}});
        QCOMPARE(history(), std::vector<double>({7.0}));
        m_window.reset();
    }

    // The shipped recording, in the window: with its plugins, and why things are where they are.
    void aRecordingAnswersAsTheControllerDid() {
        make({.replay = qEnvironmentVariable("KUBEFED_SOURCE_DIR").toStdString() +
                        "/examples/recordings/freeze-and-heal.kfr"});
        QTRY_COMPARE(m_session->store().fleet().objects().size(), std::size_t{8});
        auto& workloads = *m_window->findChild<WorkloadsPage*>();
        m_window->openObject("default/rc/frontend");
        workloads.explainCurrent();
        const auto* why = workloads.explanation().panel().table().model();
        QTRY_COMPARE(why->rowCount(), 3);
        QCOMPARE(why->index(0, 1).data().toString(), QString("Chosen"));
        m_window->open(MainWindow::PoliciesPlace);
        const auto* plugins = m_window->findChild<PoliciesPage*>()->panel().table().model();
        QTRY_VERIFY(plugins->rowCount() >= 4);
    }

    // Tokyo froze eight seconds in; 33 s after its last probe that is known.
    void theSliderLeadsToItsMoment() {
        m_session = std::make_unique<AppSession>(
            Options{.replay = qEnvironmentVariable("KUBEFED_SOURCE_DIR").toStdString() +
                              "/examples/recordings/freeze-and-heal.kfr"},
            *m_settings, m_still);
        QVERIFY(m_session->open().has_value());
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->resize(1280, 800);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        m_still.advance(Duration{1'000});
        auto* bar = m_window->findChild<ReplayBar*>();
        auto* slider = bar->findChild<QSlider*>();
        const auto place = [&] { return m_session->replay()->now() - m_session->replay()->begin(); };
        const auto shown = [&] {
            const auto labels = bar->findChildren<QLabel*>();
            const auto time = std::ranges::find_if(
                labels, [](const QLabel* label) { return label->text().contains(" of "); });
            return time == labels.end() ? QString() : (*time)->text().section(" of ", 0, 0);
        };
        const auto tokyo = [&] {
            m_still.advance(Duration{200});
            const QAbstractItemModel& clusters = *m_window->findChild<FleetPage*>()->panel().table().model();
            const QModelIndex row = clusters.match(clusters.index(0, 0), Qt::DisplayRole, "tokyo").value(0);
            return row.siblingAtColumn(ClusterTableModel::Status).data().toString();
        };
        const auto handle = [&] {
            QStyleOptionSlider option;
            option.initFrom(slider);
            option.orientation = Qt::Horizontal;
            option.minimum = slider->minimum();
            option.maximum = slider->maximum();
            option.sliderPosition = option.sliderValue = slider->value();
            return slider->style()->subControlRect(QStyle::CC_Slider, &option, QStyle::SC_SliderHandle,
                                                   slider);
        };
        QCOMPARE(tokyo(), QString("Ready"));
        // Taken by the mouse and held: the fleet is that of the place under it.
        const QPoint from = handle().center();
        const QPoint to(slider->width() / 2, from.y());
        QTest::mousePress(slider, Qt::LeftButton, {}, from);
        QTest::mouseMove(slider, to);
        QVERIFY2(std::abs(place() - slider->maximum() / 2) < 2'000, qPrintable(QString::number(place())));
        QCOMPARE(shown(), QString("0:%1").arg(place() / 1'000));
        QCOMPARE(tokyo(), QString("Unreachable"));
        QTest::mouseMove(slider, from);
        QCOMPARE(tokyo(), QString("Ready"));
        QTest::mouseMove(slider, to);
        QTest::mouseRelease(slider, Qt::LeftButton, {}, to);
        QCOMPARE(tokyo(), QString("Unreachable"));
        // By keys: a second, ten, the whole.
        slider->setFocus();
        QTest::keyClick(slider, Qt::Key_Home);
        QCOMPARE(place(), client::TimeMs{0});
        QCOMPARE(shown(), QString("0:00"));
        QCOMPARE(tokyo(), QString("Ready"));
        QTest::keyClick(slider, Qt::Key_Home);
        for (int i = 0; i < 5; ++i)
            QTest::keyClick(slider, Qt::Key_PageUp);
        QTest::keyClick(slider, Qt::Key_Right);
        QCOMPARE(place(), client::TimeMs{51'000});
        QCOMPARE(shown(), QString("0:51"));
        QCOMPARE(tokyo(), QString("Unreachable"));
        QTest::keyClick(slider, Qt::Key_End);
        QCOMPARE(place(), client::TimeMs{slider->maximum()});
        QCOMPARE(tokyo(), QString("Ready"));
    }

private:
    void make(Options options) {
        options.kubeconfig = m_config.string();
        m_session = std::make_unique<AppSession>(std::move(options), *m_settings, m_clock);
        QVERIFY(m_session->open().has_value());
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->show();
    }
    void breakUserOf(const std::string& context) {
        std::string config = *readFile(m_config);
        const auto at = config.find("user: " + context);
        QVERIFY2(at != std::string::npos, config.c_str());
        config.replace(at, 6 + context.size(), "user: nobody");
        QVERIFY(writeFile(m_config, config).has_value());
    }
    const Notice& notice() {
        const auto all = m_window->findChildren<Notice*>();
        return **std::ranges::find_if(all, &QWidget::isVisible);
    }

    QtClock m_clock;
    FakeClock m_still;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_config;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<AppSession> m_session;
    std::unique_ptr<MainWindow> m_window;
};

QTEST_MAIN(SessionTest)
#include "session_test.moc"

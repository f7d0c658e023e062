// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <QtCore/QDir>
#include <QtCore/QElapsedTimer>
#include <QtCore/QProcess>
#include <QtCore/QSettings>
#include <QtGui/QCursor>
#include <QtGui/QScreen>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLabel>

#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"
#include "tests/e2e/hidden_display.h"

#include "gui/app/app_session.h"
#include "gui/model/commands.h"
#include "gui/view/banner.h"
#include "gui/view/cluster_detail.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/main_window.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"

using namespace kubefed;
using namespace kubefed::gui;

// The window as it is shipped, on a real federation with simulated members, in private folders.
class GuiEndToEnd : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        qputenv("KUBECONFIG", QDir::current().filePath("kubeconfig").toUtf8());
        qputenv("KUBEFED_CONTEXT", "window");
        tearDown();
        QVERIFY(kubefed({"init", "window"}));
        QVERIFY(kubefed({"sandbox", "up", "--clusters", "3"}));
        for (const char* name : {"tokyo", "osaka", "oregon"})
            QVERIFY(kubefed({"join", name, "--cluster-context", name}));
        QVERIFY(kubefed({"apply", "-f", qEnvironmentVariable("KUBEFED_SOURCE_DIR") + "/examples/guestbook"}));
        m_settings = std::make_unique<QSettings>(QDir::current().filePath("gui.ini"), QSettings::IniFormat);
        m_session = std::make_unique<AppSession>(Options{.context = "window"}, *m_settings, m_clock);
        QVERIFY(m_session->open().has_value());
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->show();
        QTRY_VERIFY_WITH_TIMEOUT(areAllReady(), 20'000);
    }

    void cleanupTestCase() {
        m_window.reset();
        m_session.reset();
        tearDown();
    }

    void showsWhatIsPlacedAndWhy() {
        auto& workloads = *m_window->findChild<WorkloadsPage*>();
        QTRY_VERIFY_WITH_TIMEOUT(workloads.panel().table().model()->rowCount() >= 3, 15'000);
        workloads.openObject("default/rc/frontend");
        QVERIFY(workloads.currentObject() != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(workloads.currentObject()->health == client::ObjectHealth::Healthy, 20'000);
        workloads.explainCurrent();
        const auto* verdicts = workloads.explanation().findChild<TablePanel*>()->table().model();
        QTRY_COMPARE_WITH_TIMEOUT(verdicts->rowCount(), 3, 10'000);
        // One replica: who gets none has no figures.
        workloads.openObject("default/rc/redis-master");
        workloads.explainCurrent();
        const auto saying = [&](int column, const QString& what) {
            int rows = 0;
            for (int row = 0; row < verdicts->rowCount(); ++row)
                rows += verdicts->index(row, column).data().toString() == what ? 1 : 0;
            return rows;
        };
        QTRY_COMPARE_WITH_TIMEOUT(saying(ExplanationModel::Decision, "Not chosen"), 2, 10'000);
        QCOMPARE(saying(ExplanationModel::Replicas, "–"), 2);
        workloads.leaveExplanation();
    }

    // Of the simulated members' two nodes each.
    void theCardSaysWhatTheNodesCanTake() {
        m_window->openCluster("osaka");
        const auto said = [this] {
            QStringList all;
            for (const QLabel* label : m_window->findChild<ClusterDetail*>()->findChildren<QLabel*>())
                if (label->isVisible())
                    all += label->text();
            return all;
        };
        const auto at = [&] { return said().indexOf("Allocatable on its ready nodes"); };
        QTRY_VERIFY_WITH_TIMEOUT(at() >= 0, 10'000);
        QCOMPARE(said().mid(at() + 1, 6), QStringList({"CPU", "8", "Memory", "32 Gi", "Pods", "220"}));
    }

    // What is shown is the controller's word: no connection of the window's process leads to a member.
    void nothingInTheWindowContactsMembers() {
        const auto config = kube::Kubeconfig::load(std::nullopt);
        QVERIFY(config.has_value());
        const auto portOf = [&](const char* context) { return int{config->resolve(context)->endpoint.port}; };
        auto& workloads = *m_window->findChild<WorkloadsPage*>();
        workloads.openObject("default/rc/frontend");
        workloads.explainCurrent();
        const client::TimeMs begun = m_session->store().now();
        std::set<int> peers;
        QVERIFY(QTest::qWaitFor(
            [&] {
                peers.merge(peerPorts());
                return m_session->store().now() >= begun + 3'000;  // some of its rounds of asking
            },
            20'000));
        workloads.leaveExplanation();
        QVERIFY(!peers.empty());  // the stream's, at least: they are found
        for (const char* member : {"tokyo", "osaka", "oregon"})
            QVERIFY2(!peers.contains(portOf(member)), member);
    }

    // A token that is renewed in its file, and the role that the window names when somebody may not watch.
    void aViewerIsLetInByTheRoleThatTheWindowNames() {
        const auto file = QDir::current().filePath("viewer").toStdString();
        const auto admin = kube::Kubeconfig::load(std::nullopt);
        auto context = admin ? admin->resolve("window") : std::unexpected(admin.error());
        QVERIFY(context.has_value());
        net::ConnectionCache connections(m_clock);
        kube::Client api(connections.transport(context->endpoint, context->identity), "test");
        const kube::Gvr accounts{"", "v1", "serviceaccounts"};
        QVERIFY(create(api, accounts, kube::Object::make({"", "v1", "ServiceAccount"}, "default", "watcher"))
                    .has_value());
        kube::Object request =
            kube::Object::make({"authentication.k8s.io", "v1", "TokenRequest"}, "default", "watcher");
        request.document()["spec"] = kube::JsonObject{{"expirationSeconds", 3600}};
        const auto token = create(api, accounts, request, "token");
        QVERIFY(token.has_value());

        std::filesystem::remove(file);
        QVERIFY(kube::addContext(file, {.name = "viewer",
                                        .server = context->endpoint.url(),
                                        .identity = {.caPem = context->identity.caPem, .bearerToken = "none"},
                                        .federation = "window"})
                    .has_value());
        std::string config = *readFile(file);
        const auto at = config.find("token: none");
        QVERIFY2(at != std::string::npos, config.c_str());
        QVERIFY(writeFile(file, config.replace(at, 11, "tokenFile: " + file + ".token")).has_value());
        QVERIFY(writeFile(file + ".token", "of-yesterday").has_value());

        QSettings settings(QDir::current().filePath("viewer.ini"), QSettings::IniFormat);
        AppSession session(Options{.kubeconfig = file, .context = "viewer"}, settings, m_clock);
        QVERIFY(session.open().has_value());
        using client::ConnectionState;
        QTRY_VERIFY_WITH_TIMEOUT(session.store().state() == ConnectionState::Forbidden, 15'000);
        QVERIFY(session.store().error().message.find("fleets") == std::string::npos);
        QVERIFY(
            writeFile(file + ".token", kube::stringAt(token->document(), {"status", "token"})).has_value());
        // Known now, but nothing is allowed yet.
        QTRY_VERIFY_WITH_TIMEOUT(session.store().error().message.find("fleets") != std::string::npos, 30'000);
        QVERIFY(session.store().state() == ConnectionState::Forbidden);
        const QString remedy = Commands("window").allowWatching();
        QVERIFY(remedy.contains("--clusterrole=kubefed-fleet-viewer "));
        kube::Object binding =
            kube::Object::make({"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"}, {}, "watchers");
        binding.document()["roleRef"] = kube::JsonObject{{"apiGroup", "rbac.authorization.k8s.io"},
                                                         {"kind", "ClusterRole"},
                                                         {"name", "kubefed-fleet-viewer"}};
        binding.document()["subjects"] = kube::JsonArray{
            kube::JsonObject{{"kind", "ServiceAccount"}, {"namespace", "default"}, {"name", "watcher"}}};
        QVERIFY(create(api, {"rbac.authorization.k8s.io", "v1", "clusterrolebindings"}, binding).has_value());
        // What the controller knows of rights is at most ten seconds old.
        for (int i = 0; i < 15 && !session.store().hasSnapshot(); ++i) {
            session.reconnect();
            (void)QTest::qWaitFor([&] { return session.store().hasSnapshot(); }, 2'000);
        }
        QVERIFY(session.store().hasSnapshot());
        QVERIFY(session.store().fleet().info().seesClusters);
        QVERIFY(session.store().fleet().info().seesAllNamespaces);
        QCOMPARE(session.store().fleet().clusters().size(), std::size_t{3});
        QVERIFY(session.store().fleet().cluster("tokyo")->nodes.has_value());
        std::optional<Result<std::vector<client::PolicyPlugin>>> plugins;
        const Request list =
            session.store().source()->listPolicies([&](auto answer) { plugins = std::move(answer); });
        QTRY_VERIFY_WITH_TIMEOUT(plugins.has_value(), 10'000);
        QVERIFY(plugins->has_value());
    }

    void aFrozenMemberGreysThenIsUnreachableThenHeals_data() {
        QTest::addColumn<QString>("fault");
        QTest::newRow("freeze") << "freeze";
        QTest::newRow("kill") << "kill";
    }
    void aFrozenMemberGreysThenIsUnreachableThenHeals() {
        QFETCH(const QString, fault);
        QTRY_VERIFY_WITH_TIMEOUT(areAllReady(), 30'000);
        QVERIFY(kubefed({"sandbox", "fault", "tokyo", fault}));
        if (fault == "freeze") {
            // Not answering is noticed by age alone: grey before it is called unreachable.
            QTRY_VERIFY_WITH_TIMEOUT(cell(0).data(OldRole).toBool(), 25'000);
            QVERIFY(tokyo().phase != client::Phase::Unreachable);
            QVERIFY(m_session->store().now() - tokyo().lastContact > 13'000);
        }
        QTRY_VERIFY_WITH_TIMEOUT(tokyo().phase == client::Phase::Unreachable, 40'000);
        // Both are the controller's times: how late they are seen here makes no difference.
        const client::FleetInfo& info = m_session->store().fleet().info();
        const client::TimeMs took = tokyo().phaseSince - tokyo().lastContact;
        QVERIFY2(took <= 3 * info.probePeriod + info.probeTimeout + kTimersLate,
                 qPrintable(QString("after %1 ms").arg(took)));
        // Not before the third failed probe: two whole periods lie between the first and that.
        QVERIFY2(took >= 2 * info.probePeriod - kTimersLate, qPrintable(QString("after %1 ms").arg(took)));
        QTRY_VERIFY(failedLately() >= 3);
        QTRY_COMPARE(cell(ClusterTableWhere::Status).data().toString(), QString("Unreachable"));
        QCOMPARE(cell(0).row(), 0);  // the worst is on top
        QCOMPARE(tokyo().latencies.empty() ? -1 : tokyo().latencies.back(), -1);
        QVERIFY(kubefed({"sandbox", "fault", "tokyo", "heal"}));
        QTRY_VERIFY_WITH_TIMEOUT(areAllReady(), 30'000);
        QTRY_VERIFY(!cell(0).data(OldRole).toBool());
    }

    void aLostControllerGreysEverythingAndComesBack() {
        QTRY_VERIFY_WITH_TIMEOUT(areAllReady(), 30'000);
        const auto* banner = m_window->findChild<Banner*>();
        QVERIFY(banner->isHidden());
        QVERIFY(kubefed({"down", "window"}));
        QTRY_VERIFY_WITH_TIMEOUT(banner->isVisible(), 10'000);
        const auto* table = m_window->findChild<FleetPage*>()->panel().table().model();
        QCOMPARE(table->rowCount(), 3);  // what was known is still shown
        for (int row = 0; row < 3; ++row)
            QCOMPARE(table->index(row, 0).data(OldRole).toInt(), 2);
        QVERIFY(kubefed({"up", "window"}));
        QTRY_VERIFY_WITH_TIMEOUT(banner->isHidden(), 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(areAllReady(), 30'000);
        QCOMPARE(table->rowCount(), 3);
    }

private:
    // The controller's timers are milliseconds late where the machine is busy; a second would be a bug.
    static constexpr client::TimeMs kTimersLate = 250;

    struct ClusterTableWhere {
        static constexpr int Status = 1;
    };

    bool kubefed(const QStringList& arguments) {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(qEnvironmentVariable("KUBEFED_BIN_DIR") + "/kubefed", arguments);
        const bool isEnded = QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 60'000);
        if (isEnded && process.exitCode() == 0)
            return true;
        qWarning("kubefed %s: %s", qPrintable(arguments.join(' ')), process.readAll().constData());
        return false;
    }
    // Of this process's TCP connections: where they lead to.
    static std::set<int> peerPorts() {
        std::set<std::string> ours;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            ours.insert(std::filesystem::read_symlink(entry, error).string());
        std::set<int> ports;
        for (const char* file : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
            std::ifstream table(file);
            std::string line;
            std::getline(table, line);  // its heads
            while (std::getline(table, line)) {
                std::istringstream fields(line);
                const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
                if (words.size() > 9 && ours.contains("socket:[" + words[9] + "]"))
                    ports.insert(std::stoi(words[2].substr(words[2].rfind(':') + 1), nullptr, 16));
            }
        }
        return ports;
    }
    void tearDown() {
        QProcess process;
        for (const QStringList& arguments :
             {QStringList{"sandbox", "down"}, QStringList{"deinit", "window", "--yes"}}) {
            process.start(qEnvironmentVariable("KUBEFED_BIN_DIR") + "/kubefed", arguments);
            (void)QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 60'000);
        }
    }
    static Result<kube::Object> create(kube::Client& api, const kube::Gvr& gvr, const kube::Object& object,
                                       const std::string& subresource = {}) {
        std::optional<Result<kube::Object>> answer;
        const Request request =
            api.create(gvr, object, {.subresource = subresource},
                       [&](Result<kube::Object> created) { answer = std::move(created); });
        if (!QTest::qWaitFor([&] { return answer.has_value(); }, 10'000))
            return fail(Code::DeadlineExceeded, "no answer");
        if (!*answer)
            qWarning("%s", answer->error().text().c_str());
        return std::move(*answer);
    }
    bool areAllReady() {
        const auto& clusters = m_session->store().fleet().clusters();
        return clusters.size() == 3 && std::ranges::all_of(clusters, [](const auto& entry) {
                   return entry.second.phase == client::Phase::Ready;
               });
    }
    std::ptrdiff_t failedLately() {
        const auto& probes = tokyo().latencies;
        return std::ranges::find_if(probes.rbegin(), probes.rend(), [](auto one) { return one >= 0; }) -
               probes.rbegin();
    }
    const client::Cluster& tokyo() { return *m_session->store().fleet().cluster("tokyo"); }
    QModelIndex cell(int column) {
        const auto* table = m_window->findChild<FleetPage*>()->panel().table().model();
        for (int row = 0; row < table->rowCount(); ++row)
            if (table->index(row, 0).data(KeyRole).toString() == "tokyo")
                return table->index(row, column);
        return {};
    }

    QtClock m_clock;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<AppSession> m_session;
    std::unique_ptr<MainWindow> m_window;
};

// Where the platform is xcb, on a display of its own; else offscreen.
int main(int argc, char** argv) {
    HiddenDisplay display(QDir::current().filePath("display"));
    if (qgetenv("QT_QPA_PLATFORM") == "xcb") {
        const QString missing = display.start();
        if (!missing.isEmpty())
            qFatal("%s", qPrintable(missing));
        qputenv("DISPLAY", display.name().toUtf8());
        qunsetenv("WAYLAND_DISPLAY");
    }
    QApplication application(argc, argv);
    // Rows keep their place under a pointer; this one is beside the window.
    if (display.name().size() > 0)
        QCursor::setPos(QGuiApplication::primaryScreen()->geometry().bottomRight());
    GuiEndToEnd test;
    return QTest::qExec(&test, argc, argv);
}

#include "gui_e2e_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <set>

#include <QtCore/QDir>
#include <QtCore/QProcess>
#include <QtGui/QImage>
#include <QtTest/QTest>

#include "kubefed/client/fleet_fold.h"
#include "kubefed/client/recording.h"
#include "tests/e2e/hidden_display.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;

namespace {

constexpr int kLongest = 90'000;

}  // namespace

// The program itself, started as a person starts it, on a display of its own: a recording played, a
// federation recorded, and the quickstart's window. In private folders.
class GuiProgram : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        m_display = std::make_unique<HiddenDisplay>(here("display"));
        const QString missing = m_display->start();
        QVERIFY2(missing.isEmpty(), qPrintable(missing));
        m_environment = QProcessEnvironment::systemEnvironment();
        m_environment.insert("KUBECONFIG", here("kubeconfig"));
        m_environment.insert("QT_QPA_PLATFORM", "xcb");
        m_environment.insert("DISPLAY", m_display->name());
        m_environment.remove("WAYLAND_DISPLAY");
        m_environment.remove("KUBEFED_CONTEXT");
        tearDown();
    }

    void cleanupTestCase() {
        tearDown();
        m_display.reset();
    }

    void saysWhatItTakesAndWhatIsWrong() {
        QCOMPARE(run(gui(), {"--version"}), 0);
        QCOMPARE(run(gui(), {"--help"}), 0);
        QVERIFY(m_output.contains("--replay"));
        QVERIFY(run(gui(), {"--replay", here("no-such-file")}) != 0);
        QFile bad(here("bad.kfr"));
        QVERIFY(bad.open(QIODevice::WriteOnly));
        bad.write("no recording");
        bad.close();
        QCOMPARE(run(gui(), {"--replay", here("bad.kfr")}), 1);
        QVERIFY2(m_output.contains("is not a recording"), m_output.constData());
    }

    void playsTheRecordingThatIsShipped_data() {
        QTest::addColumn<QString>("page");
        for (const char* page : {"fleet", "workloads", "matrix", "policies", "events"})
            QTest::newRow(page) << page;
    }
    void playsTheRecordingThatIsShipped() {
        QFETCH(const QString, page);
        const QString picture = here("replay-" + page + ".png");
        QCOMPARE(run(gui(), {"--replay", source("examples/recordings/freeze-and-heal.kfr"), "--page", page,
                             "--colours", "light", "--screenshot", picture}),
                 0);
        verifyPicture(picture);
    }

    void recordsAFederationAndPlaysItAgain() {
        QVERIFY2(run(kubefed(), {"init", "window"}) == 0, m_output.constData());
        m_environment.insert("KUBEFED_CONTEXT", "window");
        QVERIFY2(run(kubefed(), {"sandbox", "up", "--clusters", "2"}) == 0, m_output.constData());
        for (const char* name : {"tokyo", "osaka"})
            QVERIFY2(run(kubefed(), {"join", name, "--cluster-context", name}) == 0, m_output.constData());
        QVERIFY2(run(kubefed(), {"apply", "-f", source("examples/guestbook")}) == 0, m_output.constData());
        const QString recording = here("window.kfr");
        QCOMPARE(run(gui(), {"--record", recording, "--page", "workloads", "--screenshot", here("live.png")}),
                 0);
        verifyPicture(here("live.png"));

        FakeClock clock;
        auto played = client::ReplaySource::make(recording.toStdString(), clock);
        QVERIFY2(played.has_value(), played ? "" : played.error().text().c_str());
        (*played)->seek((*played)->end());
        class Sink final : public client::FleetSink {
        public:
            void stateChanged(client::ConnectionState, const Error&) override {}
            void reset(const client::FleetInfo& info, client::FleetChanges all) override {
                fold.reset(info, std::move(all));
            }
            void changed(client::FleetChanges changes) override { fold.apply(std::move(changes)); }
            client::FleetFold fold;
        } sink;
        (*played)->start(sink);
        clock.advance(Duration{1});
        QCOMPARE(sink.fold.clusters().size(), std::size_t{2});
        QVERIFY(!sink.fold.objects().empty());
        // It answers as the controller did, without anybody having asked while it was recorded.
        int explained = 0;
        std::vector<Request> requests;
        for (const auto& [id, object] : sink.fold.objects())
            requests.push_back(
                (*played)->explain(id, [&](const auto& answer) { explained += answer ? 1 : 0; }));
        bool hasPolicies = false;
        requests.push_back((*played)->listPolicies(
            [&](const auto& answer) { hasPolicies = answer.has_value() && !answer->empty(); }));
        clock.advance(Duration{1});
        QVERIFY(explained > 0);
        QVERIFY(hasPolicies);

        QCOMPARE(run(gui(), {"--replay", recording, "--screenshot", here("again.png")}), 0);
        verifyPicture(here("again.png"));
        tearDown();
    }

    // The README's first command where there is a display: with the window, and left running.
    void quickstartOpensTheWindow() {
        const std::size_t before = m_display->colours();
        const QString quickstart = source("tools/quickstart");
        QVERIFY2(run(quickstart, {"--bin", binaries()}) == 0, m_output.constData());
        QVERIFY(m_output.contains("Opening the window"));
        QTRY_VERIFY_WITH_TIMEOUT(!windows().isEmpty(), kLongest);
        QTRY_VERIFY_WITH_TIMEOUT(m_display->colours() > before + 50, kLongest);
        QVERIFY2(run(quickstart, {"--down", "--bin", binaries()}) == 0, m_output.constData());
        // A window is its person's: it stays and says that the federation is gone, until its display goes.
        QCOMPARE(windows().size(), 1);
        m_display->end();
        QTRY_VERIFY_WITH_TIMEOUT(windows().isEmpty(), kLongest);
    }

private:
    static QString here(const QString& name) { return QDir::current().filePath(name); }
    static QString source(const QString& name) {
        return qEnvironmentVariable("KUBEFED_SOURCE_DIR") + '/' + name;
    }
    static QString binaries() { return qEnvironmentVariable("KUBEFED_BIN_DIR"); }
    static QString gui() { return binaries() + "/kubefed-gui"; }
    static QString kubefed() { return binaries() + "/kubefed"; }

    int run(const QString& program, const QStringList& arguments) {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.setProcessEnvironment(m_environment);
        m_output.clear();
        process.start(program, arguments);
        const bool isEnded = QTest::qWaitFor(
            [&] {
                m_output += process.readAll();
                return process.state() == QProcess::NotRunning;
            },
            kLongest);
        if (!isEnded) {
            process.kill();
            process.waitForFinished();
            return -1;
        }
        m_output += process.readAll();
        return process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
    }

    static void verifyPicture(const QString& file) {
        const QImage picture = QImage(file).convertToFormat(QImage::Format_RGB32);
        QVERIFY2(!picture.isNull(), qPrintable(file));
        QVERIFY(picture.width() >= 960 && picture.height() >= 600);
        std::set<QRgb> colours;
        for (int y = 0; y < picture.height(); ++y) {
            const auto* line = reinterpret_cast<const QRgb*>(picture.constScanLine(y));
            colours.insert(line, line + picture.width());
        }
        // Letters alone have some dozens.
        QVERIFY2(colours.size() > 100, qPrintable(QString::number(colours.size())));
    }

    // Processes that are our window on the quickstart's federation.
    static QStringList windows() {
        QStringList found;
        for (const QString& process : QDir("/proc").entryList({"[0-9]*"}, QDir::Dirs)) {
            QFile line("/proc/" + process + "/cmdline");
            if (!line.open(QIODevice::ReadOnly))
                continue;
            const QList<QByteArray> words = line.readAll().split('\0');
            if (words.front() == gui().toUtf8() && words.contains("quickstart"))
                found += process;
        }
        return found;
    }

    void tearDown() {
        (void)run(kubefed(), {"sandbox", "down"});
        for (const char* name : {"window", "quickstart"})
            (void)run(kubefed(), {"deinit", name, "--yes"});
        m_environment.remove("KUBEFED_CONTEXT");
    }

    QProcessEnvironment m_environment;
    std::unique_ptr<HiddenDisplay> m_display;
    QByteArray m_output;
};

QTEST_GUILESS_MAIN(GuiProgram)
#include "gui_program_test.moc"

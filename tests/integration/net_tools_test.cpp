// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/net_fixture.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

// Our server as curl and nghttp2's own programs see it.
class NetToolsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        write("ca.pem", m_pki.ca.certPem);
        write("alice.pem", m_pki.alice.certPem);
        write("alice.key", m_pki.alice.keyPem);
        const TestPki other;
        write("mallory.pem", other.alice.certPem);
        write("mallory.key", other.alice.keyPem);
        m_url = QStringLiteral("https://127.0.0.1:%1/path?query").arg(m_server.listen().value());
    }

    void curlOverBothProtocols_data() {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QString>("answer");
        const QStringList alice{QStringLiteral("--cert"), path("alice.pem"), QStringLiteral("--key"),
                                path("alice.key")};
        const QStringList mallory{QStringLiteral("--cert"), path("mallory.pem"), QStringLiteral("--key"),
                                  path("mallory.key")};
        for (const auto* version : {"--http2", "--http1.1", "--http1.0"}) {
            const QString option = QString::fromLatin1(version);
            QTest::addRow("%s", version) << QStringList{option} << QStringLiteral("GET /path nobody 0");
            QTest::addRow("%s alice", version)
                << QStringList{option} + alice << QStringLiteral("GET /path alice 0");
            QTest::addRow("%s mallory", version)
                << QStringList{option} + mallory << QStringLiteral("GET /path rejected 0");
            QTest::addRow("%s upload", version) << QStringList{option,
                                                               QStringLiteral("-H"),
                                                               QStringLiteral("Expect: 100-continue"),
                                                               QStringLiteral("-H"),
                                                               QStringLiteral("Authorization: Bearer t"),
                                                               QStringLiteral("--data-binary"),
                                                               QStringLiteral("@") + big()}
                                                << QStringLiteral("POST /path nobody 2000000");
        }
    }
    void curlOverBothProtocols() {
        QFETCH(QStringList, options);
        QFETCH(QString, answer);
        const QStringList common{QStringLiteral("-sS"), QStringLiteral("--cacert"), path("ca.pem"), m_url};
        run(QStringLiteral("curl"), options + common);
        QCOMPARE(m_output, answer);
    }

    void nghttpStreams() {
        run(QStringLiteral("nghttp"), {QStringLiteral("-nv"), m_url + QStringLiteral("&stream")});
        QVERIFY2(m_output.contains(QStringLiteral(":status: 200")), qPrintable(m_output));
        QVERIFY(m_output.contains(QStringLiteral("END_STREAM")));
    }

    void h2loadSucceedsEveryTime() {
        run(QStringLiteral("h2load"),
            {QStringLiteral("-n2000"), QStringLiteral("-c4"), QStringLiteral("-m50"), m_url});
        QVERIFY2(m_output.contains(QStringLiteral("2000 succeeded, 0 failed, 0 errored")),
                 qPrintable(m_output));
    }

private:
    void run(const QString& program, const QStringList& arguments) {
        m_output.clear();
        if (QStandardPaths::findExecutable(program).isEmpty())
            QSKIP(qPrintable(program + QStringLiteral(" is not installed")));
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(program, arguments);
        const bool ended = QTest::qWaitFor(
            [&process] {
                return process.state() == QProcess::NotRunning && process.error() != QProcess::FailedToStart;
            },
            30'000);
        m_output = QString::fromUtf8(process.readAll());
        QVERIFY2(ended && process.exitCode() == 0, qPrintable(m_output));
    }
    [[nodiscard]] QString path(const char* name) const {
        return m_directory.filePath(QString::fromLatin1(name));
    }
    void write(const char* name, const std::string& text) const {
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text.data(), static_cast<qint64>(text.size()));
    }
    QString big() const {
        write("big", std::string(2'000'000, 'x'));
        return path("big");
    }

    TestPki m_pki;
    QtClock m_clock;
    QTemporaryDir m_directory;
    QString m_url;
    QString m_output;
    FunctionHandler m_handler{[](const ServerRequest& r, const std::shared_ptr<ResponseWriter>& w) {
        const std::string who = r.peer ? r.peer->subjectCommonName : r.peerRejected ? "rejected" : "nobody";
        if (r.query != "query&stream") {
            w->respond(200, {}, r.method + " " + r.path + " " + who + " " + std::to_string(r.body.size()));
            return;
        }
        w->begin(200, {});
        w->write("a");
        w->write("b");
        w->finish();
    }};
    HttpServer m_server{m_pki.serverConfig(), m_handler, m_clock};
};

}  // namespace

QTEST_GUILESS_MAIN(NetToolsTest)
#include "net_tools_test.moc"

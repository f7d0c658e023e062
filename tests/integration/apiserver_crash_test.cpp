// SPDX-License-Identifier: Apache-2.0
//
// kill -9 in the middle of writing, 50 times on one store: whatever was acknowledged is there afterwards, and
// resourceVersions go on growing.
#include <csignal>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/apiserver/server.h"
#include "kubefed/net/tls.h"
#include "kubefed/util/qt_clock.h"

using namespace kubefed;

namespace {

// A writer takes seconds to start under a sanitizer; what is looked for there shows with fewer rounds.
#ifdef KUBEFED_SANITIZED
constexpr int kRounds = 10;
#else
constexpr int kRounds = 50;
#endif

}  // namespace

class ApiServerCrashTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingAcknowledgedIsLost() {
        QTemporaryDir dir;
        const std::string store = dir.filePath(QStringLiteral("store.db")).toStdString();
        const std::string keyFile = dir.filePath(QStringLiteral("key.pem")).toStdString();
        const net::KeyPair key = net::makeSigningKey().value();
        std::ofstream(keyFile) << key.keyPem;
        std::mt19937 random(20261123);
        std::uniform_int_distribution<int> lines(1, 300);
        std::vector<std::string> acknowledged;
        std::int64_t newest = 0;
        for (int round = 0; round < kRounds; ++round) {
            QProcess writer;
            const QString program = QString::fromLocal8Bit(qgetenv("KUBEFED_BIN_DIR")) +
                                    QStringLiteral("/kubefed-apiserver-writer");
            writer.start(program, {QString::fromStdString(store), QStringLiteral("r%1-").arg(round),
                                   QString::fromStdString(keyFile)});
            QByteArray output;
            const int wanted = lines(random);
            QTRY_VERIFY2_WITH_TIMEOUT((output += writer.readAllStandardOutput()).count('\n') >= wanted,
                                      writer.readAllStandardError().constData(), 20'000);
            ::kill(static_cast<pid_t>(writer.processId()), SIGKILL);
            QTRY_COMPARE(writer.state(), QProcess::NotRunning);
            output += writer.readAllStandardOutput();
            const QList<QByteArray> names = output.left(output.lastIndexOf('\n')).split('\n');
            for (const QByteArray& name : names)
                acknowledged.push_back(name.toStdString());
            std::int64_t seen = 0;
            verify(store, key.keyPem, acknowledged, seen);
            if (QTest::currentTestFailed())
                return;
            QVERIFY(seen > newest);
            newest = seen;
        }
    }

private:
    static void verify(const std::string& store, const std::string& key,
                       const std::vector<std::string>& names, std::int64_t& newest) {
        QtClock clock;
        const auto server = apiserver::ApiServer::open({.database = store, .signingKeyPem = key}, clock);
        QVERIFY2(server.has_value(), server ? "" : server.error().text().c_str());
        for (const std::string& name : names) {
            const kube::ObjectPtr object =
                (*server)->objects().get({"", "v1", "configmaps"}, {"default", name});
            QVERIFY2(object != nullptr, name.c_str());
            QCOMPARE(std::string(kube::stringAt(object->document(), {"data", "k"})), name);
            newest = std::max<std::int64_t>(newest, std::stoll(std::string(object->resourceVersion())));
        }
    }
};

QTEST_GUILESS_MAIN(ApiServerCrashTest)
#include "apiserver_crash_test.moc"

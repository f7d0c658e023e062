// SPDX-License-Identifier: Apache-2.0
//
// kill -9 in the middle of writing, 50 times on one store: whatever creation, update, status or deletion was
// acknowledged stands afterwards, and resourceVersions go on growing.
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/apiserver/server.h"
#include "kubefed/net/tls.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_response.h"
#include "tests/integration/crash_load.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kubefed;

namespace {

// A writer takes seconds to start under a sanitizer; what is looked for there shows with fewer rounds.
#ifdef KUBEFED_SANITIZED
constexpr int kRounds = 10;
#else
constexpr int kRounds = 50;
#endif

// A running kubefed-apiserver-writer. Not a QProcess: Qt's clone() shares memory, after which the thread
// sanitizer takes this process for its own child.
class Writer {
public:
    explicit Writer(std::vector<std::string> arguments) {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) != 0)
            return;
        m_out = ends[0];
        ::fcntl(m_out, F_SETFL, O_NONBLOCK);
        arguments.insert(arguments.begin(),
                         qgetenv("KUBEFED_BIN_DIR").toStdString() + "/kubefed-apiserver-writer");
        std::vector<char*> argv;
        for (std::string& argument : arguments)
            argv.push_back(argument.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (::posix_spawn(&m_pid, argv[0], &actions, nullptr, argv.data(), environ) != 0)
            m_pid = -1;
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
    }
    ~Writer() {
        kill();
        ::close(m_out);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // All that was printed so far.
    const QByteArray& output() {
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(m_out, buffer, sizeof buffer)) > 0;)
            m_output.append(buffer, n);
        return m_output;
    }
    // What it printed before stays readable.
    void kill() {
        if (m_pid <= 0)
            return;
        ::kill(m_pid, SIGKILL);
        ::waitpid(m_pid, nullptr, 0);
        m_pid = -1;
    }

private:
    pid_t m_pid = -1;
    int m_out = -1;
    QByteArray m_output;
};

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
        std::map<std::string, Reached> acknowledged;
        std::int64_t newest = 0;
        for (int round = 0; round < kRounds; ++round) {
            Writer writer({store, "r" + std::to_string(round) + "-", keyFile});
            const int wanted = lines(random);
            QTRY_VERIFY_WITH_TIMEOUT(writer.output().count('\n') >= wanted, 20'000);
            writer.kill();
            const QByteArray output = writer.output();
            for (const QByteArray& line : output.left(output.lastIndexOf('\n')).split('\n')) {
                const QList<QByteArray> words = line.split(' ');
                QCOMPARE(words.size(), 3);
                acknowledged[words[1].toStdString()] = {static_cast<test::CrashType>(words[0].toInt()),
                                                        words[2].toInt()};
            }
            std::int64_t seen = 0;
            verify(store, key.keyPem, acknowledged, seen);
            if (QTest::currentTestFailed())
                return;
            QVERIFY(seen > newest);
            newest = seen;
        }
    }

private:
    struct Reached {
        test::CrashType type = test::CrashType::ConfigMap;
        int step = 0;
    };

    // Each object is as after its last acknowledged step, or as after the next one, which nobody heard of.
    static void verify(const std::string& store, const std::string& key,
                       const std::map<std::string, Reached>& objects, std::int64_t& newest) {
        QtClock clock;
        const auto server = apiserver::ApiServer::open({.database = store, .signingKeyPem = key}, clock);
        QVERIFY2(server.has_value(), server ? "" : server.error().text().c_str());
        for (const auto& [name, reached] : objects) {
            const kube::ObjectPtr object =
                (*server)->objects().get(test::crashResource(reached.type), {"default", name});
            QVERIFY2(test::isAtStep(reached.type, object.get(), reached.step) ||
                         test::isAtStep(reached.type, object.get(), reached.step + 1),
                     (name + " after step " + std::to_string(reached.step) + ": " +
                      (object ? object->text() : "absent"))
                         .c_str());
        }
        const auto list = net::FakeCaller().ask(**server, "GET", "/api/v1/namespaces");
        newest = std::stoll(std::string(
            kube::stringAt(kube::parseJson(list->body())->as_object(), {"metadata", "resourceVersion"})));
    }
};

QTEST_GUILESS_MAIN(ApiServerCrashTest)
#include "apiserver_crash_test.moc"

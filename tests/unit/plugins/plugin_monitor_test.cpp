// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "plugins/host/call_monitor.h"
#include "plugins/host/registry.h"
#include "tests/unit/fed/fleet_builders.h"

#include <sys/wait.h>
#include <unistd.h>

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;
using namespace kubefed::plugins;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class PluginMonitorTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;

    [[nodiscard]] fs::path in(const std::string& name) const {
        return fs::path(m_dir.path().toStdString()) / name;
    }
    [[nodiscard]] std::optional<CallMonitor::Suspect> suspect() const {
        auto monitor = CallMonitor::open({.file = in("calls"), .hung = {}});
        return monitor ? (*monitor)->suspect() : std::nullopt;
    }
    // A process like a controller: built-in policies, one bad plugin, one decision.
    [[noreturn]] void decideWith(const std::string& name,
                                 std::function<void(const CallMonitor::Suspect*)> hung) const {
        auto monitor = CallMonitor::open(
            {.file = in("calls"), .limit = 100ms, .notesSignals = true, .hung = std::move(hung)});
        PolicyRegistry registry(in("cache"), monitor->get());
        const auto builtins = fs::path(qgetenv("KUBEFED_BIN_DIR").toStdString()) / "policies";
        if (registry.loadFolder(builtins).loaded.size() != 4 ||
            !registry.load(fs::path(KUBEFED_BAD_PLUGINS) / (name + ".so")))
            ::_exit(3);
        Policy p = policy();
        p.plugins.push_back({.name = "bad", .config = {}});
        auto round = registry.open(p);
        (void)decide(fleet({cluster("tokyo")}), replicated(4), p, **round);
        ::_exit(0);
    }
    // A process that ends as `run` says; its status.
    int inChild(const std::function<void(CallMonitor&)>& run) const {
        const pid_t child = ::fork();
        if (child == 0) {
            auto monitor = CallMonitor::open({.file = in("calls"), .notesSignals = true, .hung = {}});
            run(**monitor);
            ::_exit(3);
        }
        return waitFor(child);
    }
    static int waitFor(pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }

private Q_SLOTS:
    void init() { m_dir = QTemporaryDir(); }

    void whoeverCrashesIsKnownAfterwards_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("says");
        QTest::newRow("crash") << "worse/Crashes" << "crashed in filter (Segmentation fault)";
        QTest::newRow("abort") << "worse/Aborts" << "crashed in filter (Aborted)";
#ifndef KUBEFED_SANITIZED
        QTest::newRow("stack overflow") << "worse/Overflows" << "crashed in filter (Segmentation fault)";
        QTest::newRow("static") << "worse/CrashesInStatic" << "crashed in loading (Illegal instruction)";
#endif
    }
    void whoeverCrashesIsKnownAfterwards() {
        QFETCH(QString, file);
        QFETCH(QString, says);
        const pid_t child = ::fork();
        if (child == 0)
            decideWith(file.toStdString(), {});
        const int status = waitFor(child);
        QVERIFY(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
        auto found = suspect();
        QVERIFY(found);
        QCOMPARE(QString::fromStdString(found->text()), says);
        QCOMPARE(found->sha256.size(), std::size_t{64});
        if (QTest::currentDataTag() != std::string("static"))
            QCOMPARE(found->plugin, std::string("bad"));
        // Known until it is forgotten, however often we start.
        QVERIFY(suspect());
        {
            auto monitor = CallMonitor::open({.file = in("calls"), .hung = {}});
            (*monitor)->forgetSuspect();
        }
        QVERIFY(!suspect());
    }

#ifndef KUBEFED_SANITIZED
    // It needs a stack of its own for the signal, and that belongs to a thread.
    void aStackOverflowOnAnotherThreadIsKnownToo() {
        const pid_t child = ::fork();
        if (child == 0)
            std::thread([this] { decideWith("worse/Overflows", {}); }).join();
        QVERIFY(WIFSIGNALED(waitFor(child)));
        const auto found = suspect();
        QVERIFY(found);
        QCOMPARE(found->text(), std::string("crashed in filter (Segmentation fault)"));
    }
#endif

    // One that is killed, leaves without a word or is brought down by another thread says nothing of itself.
    void whoeverEndsSoTwiceIsKnown_data() {
        QTest::addColumn<int>("how");
        QTest::newRow("killed") << 0;
        QTest::newRow("_exit") << 1;
        QTest::newRow("crash on another thread") << 2;
    }
    void whoeverEndsSoTwiceIsKnown() {
        QFETCH(int, how);
        const auto endsIn = [&](const std::string& sha256) {
            inChild([&](CallMonitor& monitor) {
                const CallMonitor::Call running(&monitor, monitor.nameOf("odd", sha256), Doing::Score);
                if (how == 0)
                    ::kill(::getpid(), SIGKILL);
                else if (how == 1)
                    ::_exit(0);
                else
                    std::thread([] { std::abort(); }).join();
            });
        };
        endsIn("1");
        QVERIFY(!suspect());
        QVERIFY(!suspect());  // starts in which it was not even loaded say nothing
        endsIn("2");          // another version is another one
        QVERIFY(!suspect());
        endsIn("1");
        const auto found = suspect();
        QVERIFY(found);
        QCOMPARE(found->plugin, std::string("odd"));
        QCOMPARE(found->sha256, std::string("1"));
        QVERIFY(found->text().starts_with("was in score when the process ended, twice"));
        {
            auto monitor = CallMonitor::open({.file = in("calls"), .hung = {}});
            const std::vector<CallMonitor::Suspect> doubts = (*monitor)->doubts();
            QCOMPARE(doubts.size(), std::size_t{1});
            QCOMPARE(doubts.front().sha256, std::string("2"));
        }
    }

    void anOrderlyEndClearsTheDoubt() {
        const auto isKilled = [&] {
            inChild([](CallMonitor& monitor) {
                const CallMonitor::Call running(&monitor, monitor.nameOf("good", "1"), Doing::Score);
                ::kill(::getpid(), SIGKILL);
            });
        };
        isKilled();
        {
            auto monitor = CallMonitor::open({.file = in("calls"), .hung = {}});
            QCOMPARE((*monitor)->doubts().size(), std::size_t{1});
            std::ignore = (*monitor)->nameOf("good", "1");
        }
        isKilled();
        QVERIFY(!suspect());
        // Who is asked to end while a call lasts has no doubt of it, the second time neither.
        inChild([](CallMonitor& monitor) {
            const CallMonitor::Call running(&monitor, monitor.nameOf("good", "1"), Doing::Score);
            monitor.endsInOrder();
            ::_exit(0);
        });
        QVERIFY(!suspect());
    }

    void whoeverCallsExitIsKnownAtOnce_data() {
        QTest::addColumn<bool>("quick");
        QTest::newRow("exit") << false;
        QTest::newRow("quick_exit") << true;
    }
    void whoeverCallsExitIsKnownAtOnce() {
        QFETCH(bool, quick);
        const int status = inChild([&](CallMonitor& monitor) {
            const CallMonitor::Call running(&monitor, monitor.nameOf("leaves", "1"), Doing::Score);
            quick ? std::quick_exit(0) : std::exit(0);
        });
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), EXIT_FAILURE);
        const auto found = suspect();
        QVERIFY(found);
        QCOMPARE(found->text(), std::string("ended the process in score (exit)"));
    }

    void aCrashElsewhereAccusesNobody() {
        const pid_t child = ::fork();
        if (child == 0) {
            auto monitor = CallMonitor::open({.file = in("calls"), .notesSignals = true, .hung = {}});
            {
                const CallMonitor::Call over(monitor->get(), (*monitor)->nameOf("good", "1"), Doing::Score);
            }
            std::abort();
        }
        QVERIFY(WIFSIGNALED(waitFor(child)));
        QVERIFY(!suspect());
    }

    void aHangIsNamedAndRememberedWhenItIsKilled() {
        int told[2];
        QCOMPARE(::pipe(told), 0);
        const pid_t child = ::fork();
        if (child == 0)
            decideWith("worse/Hangs", [&](const CallMonitor::Suspect* who) {
                const std::string text = who->plugin + " " + who->text();
                if (::write(told[1], text.data(), text.size()) < 0)
                    ::_exit(3);
            });
        std::string text(200, '\0');
        const ssize_t size = ::read(told[0], text.data(), text.size());
        ::kill(child, SIGKILL);
        QVERIFY(WIFSIGNALED(waitFor(child)));
        QVERIFY(size > 0);
        text.resize(static_cast<std::size_t>(size));
        QCOMPARE(text, std::string("bad did not come back from filter"));
        const auto found = suspect();
        QVERIFY(found);
        QCOMPARE(found->plugin, std::string("bad"));
        QCOMPARE(found->ending, Ending::StoodStill);
        ::close(told[0]);
        ::close(told[1]);
    }

    void aLongCallThatComesBackIsForgiven() {
        std::atomic<int> hung{0};
        std::atomic<int> back{0};
        {
            auto monitor = CallMonitor::open(
                {.file = in("calls"), .limit = 30ms, .hung = [&](const CallMonitor::Suspect* who) {
                     ++(who != nullptr ? hung : back);
                 }});
            QVERIFY(monitor);
            const std::uint32_t name = (*monitor)->nameOf("slow", "1");
            QCOMPARE((*monitor)->nameOf("slow", "1"), name);
            {
                const CallMonitor::Call running(monitor->get(), name, Doing::Divide);
                QTRY_COMPARE(hung.load(), 1);
                QCOMPARE(back.load(), 0);
            }
            QTRY_COMPARE(back.load(), 1);
            // Many short ones are no long one.
            for (int i = 0; i < 3000; ++i)
                const CallMonitor::Call running(monitor->get(), name, Doing::Score);
            QCOMPARE(hung.load(), 1);
        }
        QVERIFY(!suspect());
    }

    void aDoubtFadesWhileTheProcessRunsOn() {
        const auto isKilled = [&](const char* name) {
            inChild([=](CallMonitor& monitor) {
                const CallMonitor::Call running(&monitor, monitor.nameOf(name, "1"), Doing::Score);
                ::kill(::getpid(), SIGKILL);
            });
        };
        isKilled("used");
        isKilled("idle");
        {
            auto monitor = CallMonitor::open(
                {.file = in("calls"), .limit = 30ms, .trust = 30ms, .hung = [](const auto*) {}});
            std::ignore = (*monitor)->nameOf("idle", "1");
            {
                const CallMonitor::Call over(monitor->get(), (*monitor)->nameOf("used", "1"), Doing::Score);
            }
            QTRY_COMPARE((*monitor)->doubts().size(), std::size_t{1});
            QCOMPARE((*monitor)->doubts().front().plugin, std::string("idle"));
        }
        isKilled("used");
        QVERIFY(!suspect());
    }

    void whoeverHangsNextIsToldToo() {
        std::mutex mutex;
        std::vector<std::string> told;
        const auto last = [&] {
            const std::scoped_lock lock(mutex);
            return told.empty() ? std::string() : told.back();
        };
        auto monitor = CallMonitor::open(
            {.file = in("calls"), .limit = 30ms, .hung = [&](const CallMonitor::Suspect* who) {
                 const std::scoped_lock lock(mutex);
                 told.push_back(who != nullptr ? who->plugin : "nobody");
             }});
        QVERIFY(monitor);
        std::optional<CallMonitor::Call> first(std::in_place, monitor->get(),
                                               (*monitor)->nameOf("first", "1"), Doing::Divide);
        QTRY_COMPARE(last(), std::string("first"));
        std::atomic<bool> isEnough{false};
        std::thread other([&] {
            const CallMonitor::Call second(monitor->get(), (*monitor)->nameOf("second", "2"), Doing::Filter);
            while (!isEnough)
                std::this_thread::yield();
        });
        QTest::qWait(100);  // both hang by now, and the one that was told stays
        const std::string both = last();
        first.reset();
        const bool isTold = QTest::qWaitFor([&] { return last() == "second"; });
        isEnough = true;
        other.join();
        QCOMPARE(both, std::string("first"));
        QVERIFY(isTold);
        QTRY_COMPARE(last(), std::string("nobody"));
    }

    void aFileOfSomethingElseIsBegunAnew() {
        QFile file(m_dir.filePath("calls"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(300'000, 'x'));
        file.close();
        QVERIFY(!suspect());
        QVERIFY(!CallMonitor::open({.file = in("none/calls"), .hung = {}}));
    }
};

QTEST_GUILESS_MAIN(PluginMonitorTest)
#include "plugin_monitor_test.moc"

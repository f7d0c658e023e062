// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/system.h"

#include <filesystem>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include <fcntl.h>
#include <unistd.h>

using namespace kubefed;
using namespace kubefed::cli;
namespace fs = std::filesystem;

// Programs that are really started. Each stops itself at once, so that it neither ends nor costs anything.
class SystemTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    SystemProcesses m_processes;

    fs::path folder() const { return m_folder.path().toStdString(); }
    fs::path program() const { return folder() / "program"; }
    fs::path data() const { return folder() / "data"; }
    fs::path log() const { return folder() / "log"; }

    // What is mapped next comes from the disk again, as for a program that was just installed.
    void forgetPages() const {
        const int file = ::open(program().c_str(), O_RDONLY | O_CLOEXEC);
        QVERIFY(file >= 0);
        ::fdatasync(file);
        ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        ::close(file);
    }
    Result<pid_t> start() {
        return m_processes.start(program(), {"-c", "kill -STOP $$", "sh", "--data", data().string()}, log(),
                                 log());
    }

private Q_SLOTS:
    void initTestCase() { fs::copy_file(fs::canonical("/bin/sh"), program()); }
    void knowsItsOwnFromTheFirstMoment();
    void meansOnlyTheOneOfTheFolder();
    void saysWhatCannotBeStarted();
};

void SystemTest::knowsItsOwnFromTheFirstMoment() {
    for (int i = 0; i < 50; ++i) {
        forgetPages();
        const auto pid = start();
        QVERIFY2(pid.has_value(), pid ? "" : pid.error().message.c_str());
        const bool running = m_processes.isRunning(*pid, data());
        m_processes.kill(*pid);
        QVERIFY2(running, std::to_string(i).c_str());
        QTRY_VERIFY(!m_processes.isRunning(*pid, data()));
    }
}

void SystemTest::meansOnlyTheOneOfTheFolder() {
    const auto pid = start();
    QVERIFY(pid.has_value());
    // The command line is there once the kernel has mapped the program.
    QTRY_VERIFY(!m_processes.isRunning(*pid, folder()));
    QVERIFY(m_processes.isRunning(*pid, data()));
    QVERIFY(!m_processes.isRunning(*pid, data() / "other"));
    QVERIFY(!m_processes.isRunning(::getpid(), data()));
    m_processes.kill(*pid);
    QTRY_VERIFY(!m_processes.isRunning(*pid, data()));
}

void SystemTest::saysWhatCannotBeStarted() {
    const auto pid = m_processes.start(folder() / "missing", {}, log(), log());
    QVERIFY(!pid.has_value());
    QVERIFY2(pid.error().message.find("missing") != std::string::npos, pid.error().message.c_str());
}

QTEST_GUILESS_MAIN(SystemTest)
#include "system_test.moc"

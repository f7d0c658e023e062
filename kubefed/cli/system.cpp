// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/system.h"

#include <cstdlib>

#include <QProcess>
#include <QSocketNotifier>
#include <QStringList>

#include "kubefed/util/file.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace kubefed::cli {

TlsConnector::TlsConnector(Clock& clock) : m_clock(clock), m_connections(clock) {}

std::shared_ptr<net::HttpTransport> TlsConnector::connect(const net::Endpoint& endpoint,
                                                          const net::Identity& identity) {
    return m_connections.transport(endpoint, identity);
}

Request TlsConnector::probe(const net::Endpoint& endpoint, const net::Identity& identity, Duration timeout,
                            Callback<net::ServerProbe> done) {
    return net::probeServer(endpoint, identity, m_clock, timeout, std::move(done));
}

std::unique_ptr<client::FleetSource> TlsConnector::controller(client::FederationEndpoint endpoint) {
    return std::make_unique<client::FederationClient>(std::move(endpoint), m_clock,
                                                      client::WatchScope::Clusters);
}

Result<pid_t> SystemProcesses::start(const std::filesystem::path& program,
                                     const std::vector<std::string>& arguments,
                                     const std::filesystem::path& output, const std::filesystem::path& log) {
    QProcess process;
    process.setProgram(QString::fromStdString(program.string()));
    QStringList list;
    for (const std::string& argument : arguments)
        list << QString::fromStdString(argument);
    process.setArguments(list);
    process.setStandardInputFile(QProcess::nullDevice());
    process.setStandardOutputFile(QString::fromStdString(output.string()), QIODevice::Append);
    process.setStandardErrorFile(QString::fromStdString(log.string()), QIODevice::Append);
    process.setWorkingDirectory(QStringLiteral("/"));
    // The signals that we take from a descriptor are to reach the program in the usual way.
    process.setChildProcessModifier([] {
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
    });
    qint64 pid = 0;
    if (!process.startDetached(&pid))
        return fail(Code::Unavailable,
                    "cannot start \"" + program.string() + "\": " + process.errorString().toStdString());
    return static_cast<pid_t>(pid);
}

// Process ids are used again: only one whose command line names the folder is meant. While the kernel still
// maps a program that was just started (from a slow disk that takes a while), the command line is empty but
// the program is known; of one that has ended, and of the kernel's own, neither is.
bool SystemProcesses::isRunning(pid_t pid, const std::filesystem::path& data) const {
    const std::filesystem::path process = "/proc/" + std::to_string(pid);
    const auto commandLine = readFile(process / "cmdline");
    if (!commandLine)
        return false;
    std::error_code none;
    if (commandLine->empty())
        return !std::filesystem::read_symlink(process / "exe", none).empty();
    const std::string wanted = std::string("--data") + '\0' + data.string() + '\0';
    return commandLine->find(wanted) != std::string::npos;
}

void SystemProcesses::terminate(pid_t pid) {
    ::kill(pid, SIGTERM);
}
void SystemProcesses::kill(pid_t pid) {
    ::kill(pid, SIGKILL);
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::filesystem::path dataHome() {
    const std::string set = variable("XDG_DATA_HOME");
    return set.empty() ? std::filesystem::path(variable("HOME")) / ".local" / "share"
                       : std::filesystem::path(set);
}

class Interrupts::Impl {
public:
    explicit Impl(std::function<void()> interrupted)
        : m_fd(blockedSignals()), m_notifier(m_fd, QSocketNotifier::Read) {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier,
                         [this, interrupted = std::move(interrupted)] {
                             signalfd_siginfo info{};
                             if (::read(m_fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info))
                                 return;
                             if (m_seen)
                                 std::_Exit(kInterrupted);
                             m_seen = true;
                             interrupted();
                         });
    }
    ~Impl() {
        m_notifier.setEnabled(false);
        ::close(m_fd);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

private:
    // But those that whoever started this program has it ignore: blocked ones would arrive all the same.
    static int blockedSignals() {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM}) {
            struct sigaction inherited{};
            if (::sigaction(signal, nullptr, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
                sigaddset(&set, signal);
        }
        ::sigprocmask(SIG_BLOCK, &set, nullptr);
        return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    }

    int m_fd;
    bool m_seen = false;
    QSocketNotifier m_notifier;
};

Interrupts::Interrupts(std::function<void()> interrupted)
    : m_impl(std::make_unique<Impl>(std::move(interrupted))) {}
Interrupts::~Interrupts() = default;

}  // namespace kubefed::cli

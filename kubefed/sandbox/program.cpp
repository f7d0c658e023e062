// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/program.h"

#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>
#include <QtCore/QCoreApplication>
#include <QtCore/QSocketNotifier>

#include <sys/signalfd.h>
#include <unistd.h>

namespace kubefed::sandbox {

namespace {
constexpr int kReplaceAttempts = 100;
constexpr Duration kReplaceEvery{100};
}  // namespace

Program::Program(Clock& clock) : m_clock(clock) {}
Program::~Program() = default;

void Program::takeSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    m_signals = std::make_unique<QSocketNotifier>(descriptor, QSocketNotifier::Read);
    QObject::connect(m_signals.get(), &QSocketNotifier::activated, m_signals.get(), [] { end(0); });
}

int Program::run(int argc, char** argv) {
    std::string clusters = "tokyo:jp,osaka:jp,oregon:us";
    int nodes = 2;
    int podDelay = 200;
    CLI::App app("Simulated Kubernetes clusters in one process, for trying kubefed out");
    app.add_option("--data", m_options.data, "Folder for the kubeconfig and the control socket")->required();
    app.add_option("--clusters", clusters, "Names, each with its region after a colon")
        ->capture_default_str();
    app.add_option("--nodes", nodes, "Nodes per cluster")->check(CLI::Range(0, 1000))->capture_default_str();
    app.add_option("--pod-delay", podDelay, "Milliseconds until a pod is Ready")
        ->check(CLI::Range(0, 600000))
        ->capture_default_str();
    app.add_flag("--replace", m_options.replace, "End a sandbox that runs on the same folder");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    Result<std::vector<MemberSpec>> members = parseMembers(clusters, nodes, Duration{podDelay});
    if (!members) {
        std::cerr << "kubefed-sandbox: " << members.error().text() << '\n';
        return 2;
    }
    m_options.members = std::move(*members);
    std::error_code failed;
    std::filesystem::create_directories(m_options.data, failed);
    m_timer = m_clock.after(Duration{0}, [this] { waitForFolder(0); });
    const int code = QCoreApplication::exec();
    m_timer = {};
    m_control.reset();
    m_sandbox.reset();
    return code;
}

void Program::waitForFolder(int attempts) {
    m_timer = {};
    const bool taken =
        ControlSocket::tell(m_options.data / "control.sock", m_options.replace ? "stop\n" : "status\n");
    if (taken && m_options.replace && attempts < kReplaceAttempts) {
        m_timer = m_clock.after(kReplaceEvery, [this, attempts] { waitForFolder(attempts + 1); });
        return;
    }
    if (taken) {
        std::cerr << "kubefed-sandbox: another sandbox runs on \"" << m_options.data.string()
                  << "\": end it, or use --replace\n";

        return end(1);
    }
    begin();
}

void Program::begin() {
    m_sandbox = std::make_unique<Sandbox>(m_options);
    m_sandbox->setStop([] { end(0); });
    m_control = std::make_unique<ControlSocket>(*m_sandbox, m_options.data / "control.sock");
    if (const Result<void> listening = m_control->listen(); !listening)
        return report(listening);
    m_sandbox->start([this](Result<void> started) { report(std::move(started)); });
}

void Program::report(Result<void> started) {
    if (!started) {
        std::cerr << "kubefed-sandbox: " << started.error().text() << '\n';
        return end(1);
    }
    const std::string kubeconfig = (m_options.data / "kubeconfig").string();
    for (const MemberAccess& member : m_sandbox->members())
        std::cout << kube::printJson(kube::JsonObject{{"name", member.name},
                                                      {"region", member.region},
                                                      {"server", member.server},
                                                      {"kubeconfig", kubeconfig}})
                  << '\n';
    std::cout << R"({"ready":true})" << std::endl;
}

void Program::end(int code) {
    QCoreApplication::exit(code);
}

}  // namespace kubefed::sandbox

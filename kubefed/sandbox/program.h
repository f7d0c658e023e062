// SPDX-License-Identifier: Apache-2.0
//
// The program kubefed-sandbox: command line, signals, output. SIGTERM, SIGINT and the command "stop" end it
// in order. Exit codes: 0 ended as asked, 1 a member did not start or the folder is in use, 2 usage.
#pragma once

#include <memory>

#include "kubefed/sandbox/control_socket.h"
#include "kubefed/sandbox/sandbox.h"
#include "kubefed/util/clock.h"

class QSocketNotifier;

namespace kubefed::sandbox {

class Program {
public:
    explicit Program(Clock& clock);
    ~Program();
    // SIGTERM and SIGINT go to a descriptor from now on: before any thread starts.
    void takeSignals();
    [[nodiscard]] int run(int argc, char** argv);

private:
    void waitForFolder(int attempts);
    void begin();
    void report(Result<void> started);
    static void end(int code);

    Clock& m_clock;
    SandboxOptions m_options;
    Request m_timer;
    std::unique_ptr<QSocketNotifier> m_signals;
    std::unique_ptr<Sandbox> m_sandbox;
    std::unique_ptr<ControlSocket> m_control;
};

}  // namespace kubefed::sandbox

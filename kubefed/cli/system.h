// SPDX-License-Identifier: Apache-2.0
//
// The real Connector and Processes of the command line: TLS connections of this thread's event loop, and
// detached programs. Main thread.
#pragma once

#include "kubefed/cli/environment.h"

namespace kubefed::cli {

class TlsConnector final : public Connector {
public:
    explicit TlsConnector(Clock& clock);
    [[nodiscard]] std::shared_ptr<net::HttpTransport> connect(const net::Endpoint& endpoint,
                                                              const net::Identity& identity) override;
    [[nodiscard]] Request probe(const net::Endpoint& endpoint, const net::Identity& identity,
                                Duration timeout, Callback<net::ServerProbe> done) override;
    [[nodiscard]] std::unique_ptr<client::FleetSource> controller(
        client::FederationEndpoint endpoint) override;

private:
    Clock& m_clock;
    net::ConnectionCache m_connections;
};

class SystemProcesses final : public Processes {
public:
    [[nodiscard]] Result<pid_t> start(const std::filesystem::path& program,
                                      const std::vector<std::string>& arguments,
                                      const std::filesystem::path& output,
                                      const std::filesystem::path& log) override;
    [[nodiscard]] bool isRunning(pid_t pid, const std::filesystem::path& data) const override;
    void terminate(pid_t pid) override;
    void kill(pid_t pid) override;
};

// Of the process's environment; empty where it is not set.
[[nodiscard]] std::string variable(const char* name);

// Where the data of this user's programs is kept: $XDG_DATA_HOME, or ~/.local/share.
[[nodiscard]] std::filesystem::path dataHome();

// Ctrl-C and SIGTERM as calls from the event loop; the second one ends the program at once. One that the
// program was started to ignore stays ignored.
class Interrupts {
public:
    explicit Interrupts(std::function<void()> interrupted);
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::cli

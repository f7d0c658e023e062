// SPDX-License-Identifier: Apache-2.0
//
// Everything outside the program that a command touches, injected so that tests own it: servers, processes,
// streams, folders, time. Built once by main() and outliving every Verb; main thread.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/cli/report.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/net/https_transport.h"

#include <sys/types.h>

namespace kubefed::cli {

// Makes transports and looks at servers' certificates.
class Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;
    [[nodiscard]] virtual std::shared_ptr<net::HttpTransport> connect(const net::Endpoint& endpoint,
                                                                      const net::Identity& identity) = 0;
    [[nodiscard]] virtual Request probe(const net::Endpoint& endpoint, const net::Identity& identity,
                                        Duration timeout, Callback<net::ServerProbe> done) = 0;
    // The live clusters (nothing else of the fleet) and explanations, by gRPC.
    [[nodiscard]] virtual std::unique_ptr<client::FleetSource> controller(
        client::FederationEndpoint endpoint) = 0;
};

// Programs that go on running after us.
class Processes {
public:
    Processes() = default;
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;
    virtual ~Processes() = default;
    // Detached, in its own session; its output is appended to the two files. The process id.
    [[nodiscard]] virtual Result<pid_t> start(const std::filesystem::path& program,
                                              const std::vector<std::string>& arguments,
                                              const std::filesystem::path& output,
                                              const std::filesystem::path& log) = 0;
    // True only for a living process that was started with exactly this data folder.
    [[nodiscard]] virtual bool isRunning(pid_t pid, const std::filesystem::path& data) const = 0;
    virtual void terminate(pid_t pid) = 0;
    virtual void kill(pid_t pid) = 0;
};

struct Environment {
    Clock& clock;
    Connector& connector;
    Processes& processes;
    Report& report;
    std::ostream& out;
    std::istream& in;
    bool interactive = false;        // a person can be asked
    std::filesystem::path dataHome;  // $XDG_DATA_HOME
    std::filesystem::path programs;  // where kubefed-controller and kubefed-sandbox stand
    std::string contextVariable;     // $KUBEFED_CONTEXT
};

}  // namespace kubefed::cli

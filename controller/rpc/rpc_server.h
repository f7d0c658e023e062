// SPDX-License-Identifier: Apache-2.0
//
// The gRPC server of kubefed.v1.Federation; with rpc_*.cpp the only place of the controller with gRPC in it.
// Its threads copy what a call brings and post it; the RpcHandler answers on the core thread. Made and
// destroyed on the core thread: the destructor ends streams and calls and returns when they have ended,
// after two seconds at most.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/rpc/access.h"
#include "controller/rpc/fleet_delta.h"
#include "controller/rpc/policy_intake.h"
#include "kubefed/net/tls.h"

namespace kubefed::controller {

// One subscriber's stream. Any thread; what is pushed after its end is dropped. What a slow reader does not
// take is dropped too, and it is told to ask for a snapshot (RpcHandler::resync).
class FleetStream {
public:
    FleetStream() = default;
    FleetStream(const FleetStream&) = delete;
    FleetStream& operator=(const FleetStream&) = delete;
    virtual ~FleetStream() = default;

    // Drops what waits: this is newer. It arrives whole, however slow the reader.
    virtual void snapshot(const client::FleetInfo& info, bool isResync, FleetDeltaPtr whole,
                          std::shared_ptr<const Visibility> visibility) = 0;
    virtual void push(FleetDeltaPtr delta) = 0;
    virtual void heartbeat() = 0;  // nothing if something else is on its way
    virtual void end(const Error& error) = 0;
    [[nodiscard]] virtual bool isEnded() const = 0;  // by end(), or by its reader
};
using FleetStreamPtr = std::shared_ptr<FleetStream>;

class RpcHandler {
public:
    RpcHandler() = default;
    RpcHandler(const RpcHandler&) = delete;
    RpcHandler& operator=(const RpcHandler&) = delete;
    virtual ~RpcHandler() = default;

    virtual void watch(Credentials credentials, std::vector<std::string> namespaces,
                       FleetStreamPtr stream) = 0;
    // It lost deltas and has room again.
    virtual void resync(const FleetStream* stream) = 0;
    virtual void gone(const FleetStream* stream) = 0;
    virtual void explain(Credentials credentials, client::ObjectId object,
                         Callback<client::Explanation> done) = 0;
    virtual void listPolicies(Credentials credentials, Callback<std::vector<client::PolicyPlugin>> done) = 0;
    // May it be installed by them, and into which folder does it go first?
    virtual void beginInstall(Credentials credentials, Callback<std::filesystem::path> done) = 0;
    // `call` stands for it until it has ended.
    virtual void install(const void* call, Credentials credentials, PolicyUpload upload,
                         Callback<client::PolicyInstalled> done) = 0;
    // Nobody waits for that installation any more. Comes once it has ended, too.
    virtual void giveUp(const void* call) = 0;
};

struct RpcConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any lasting one
    net::KeyPair certificate;
    std::string clientCaPem;
};

class RpcServer {
public:
    // Unavailable: the port is taken. `handler` outlives it.
    [[nodiscard]] static Result<std::unique_ptr<RpcServer>> make(const RpcConfig& config, RpcHandler& handler,
                                                                 std::function<client::TimeMs()> now);
    ~RpcServer();
    RpcServer(const RpcServer&) = delete;
    RpcServer& operator=(const RpcServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;

private:
    class Impl;
    explicit RpcServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::controller

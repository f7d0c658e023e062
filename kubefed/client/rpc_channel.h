// SPDX-License-Identifier: Apache-2.0
//
// A channel to a controller and the calls over it; the one place of the client with gRPC in it. Made, used
// and destroyed on one Qt thread: gRPC's threads convert and post here, and every callback comes on that
// thread. Destroying the channel cancels its calls and returns when gRPC has let go of them. Internal to
// kubefed/client.
#pragma once

#include <functional>
#include <memory>

#include "kubefed/client/federation_client.h"

namespace kubefed::client {

struct WatchCallbacks {
    // With every message, before what it brings; `isPart`: of a snapshot, which is handed over whole.
    std::function<void(TimeMs now, bool isPart)> heard;
    std::function<void(const FleetInfo&, FleetChanges)> reset;
    std::function<void(FleetChanges)> changed;
    std::function<void(Error)> ended;  // once; nothing afterwards
};

struct PolicyUpload {
    std::string bytes;
    std::string sha256;
    std::string fileName;
    bool trust = false;
};

class RpcChannel {
public:
    explicit RpcChannel(const FederationEndpoint& endpoint);
    ~RpcChannel();
    RpcChannel(const RpcChannel&) = delete;
    RpcChannel& operator=(const RpcChannel&) = delete;

    // The callbacks live as long as the handle.
    [[nodiscard]] Request watch(WatchScope scope, WatchCallbacks callbacks);
    [[nodiscard]] Request explain(const ObjectId& object, Callback<Explanation> done);
    [[nodiscard]] Request listPolicies(Callback<std::vector<PolicyPlugin>> done);
    [[nodiscard]] Request installPolicy(PolicyUpload upload, Callback<PolicyInstalled> done);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::client

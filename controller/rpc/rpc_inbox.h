// SPDX-License-Identifier: Apache-2.0
//
// Where gRPC's threads leave what a call asked for, until the core thread takes it; and what of a call tells
// who makes it. Internal to controller/rpc.
#pragma once

#include <functional>
#include <mutex>
#include <set>

#include "controller/rpc/rpc_server.h"
#include "kubefed/util/mailbox.h"

#include <grpcpp/grpcpp.h>

namespace kubefed::controller {

class RpcInbox {
public:
    using Task = std::move_only_function<void(RpcHandler&)>;

    explicit RpcInbox(RpcHandler& handler);

    // Any thread. False: too much waits already, or the server ends.
    [[nodiscard]] bool post(Task task);
    // Core thread. What waits is dropped, so its calls are answered Unavailable.
    void close();

    // Any thread.
    void add(const FleetStreamPtr& stream);
    [[nodiscard]] bool hasRoom() const;
    void remove(const FleetStream* stream);
    void endStreams(const Error& error);

private:
    mutable std::mutex m_mutex;
    std::unique_ptr<Mailbox<Task>> m_mailbox;
    std::map<const FleetStream*, std::weak_ptr<FleetStream>> m_streams;
};

[[nodiscard]] Credentials credentialsOf(const grpc::CallbackServerContext& context);
[[nodiscard]] grpc::Status statusOf(const Error& error);

}  // namespace kubefed::controller

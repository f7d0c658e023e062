// SPDX-License-Identifier: Apache-2.0
//
// Where gRPC's threads leave what a call asked for, until the core thread takes it; and what of a call tells
// who makes it. Internal to controller/rpc.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "controller/rpc/rpc_server.h"
#include "kubefed/util/mailbox.h"

#include <grpcpp/grpcpp.h>

namespace kubefed::controller {

// A call under way.
class RpcCall {
public:
    RpcCall() = default;
    RpcCall(const RpcCall&) = delete;
    RpcCall& operator=(const RpcCall&) = delete;
    virtual ~RpcCall() = default;
    virtual void end(const Error& error) = 0;  // any thread; nothing if it has ended
};

class RpcInbox {
public:
    using Task = std::move_only_function<void(RpcHandler&)>;

    explicit RpcInbox(RpcHandler& handler);

    // Any thread. False: too much waits already, or the server ends.
    [[nodiscard]] bool post(Task task);
    // Core thread. What waits is dropped, so its calls are answered Unavailable.
    void close();

    // Any thread, before anything is posted for it: close() and then endAll() leave no call open, whoever
    // keeps its answer. addStream() says false where there are too many.
    void add(const std::shared_ptr<RpcCall>& call);
    [[nodiscard]] bool addStream(const std::shared_ptr<RpcCall>& stream);
    void endAll(const Error& error);

private:
    using Calls = std::vector<std::weak_ptr<RpcCall>>;

    std::mutex m_mutex;
    std::unique_ptr<Mailbox<Task>> m_mailbox;
    Calls m_calls;
    Calls m_streams;
};

[[nodiscard]] Credentials credentialsOf(const grpc::CallbackServerContext& context);
[[nodiscard]] grpc::Status statusOf(const Error& error);

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/rpc_inbox.h"

#include <utility>

namespace kubefed::controller {
namespace {

constexpr std::size_t kMostWaiting = 4'096;
constexpr std::size_t kMostStreams = 256;
constexpr std::string_view kBearer = "Bearer ";

template <class Calls>
void forgetEnded(Calls& calls) {
    std::erase_if(calls, [](const auto& call) { return call.expired(); });
}

}  // namespace

RpcInbox::RpcInbox(RpcHandler& handler)
    : m_mailbox(std::make_unique<Mailbox<Task>>(kMostWaiting, [&handler](std::vector<Task> tasks) {
          for (Task& task : tasks)
              task(handler);
      })) {}

bool RpcInbox::post(Task task) {
    const std::scoped_lock lock(m_mutex);
    return m_mailbox && m_mailbox->push(std::move(task));
}

void RpcInbox::close() {
    std::unique_ptr<Mailbox<Task>> mailbox;  // dropped without the lock: answers go out from there
    const std::scoped_lock lock(m_mutex);
    mailbox = std::move(m_mailbox);
}

void RpcInbox::add(const std::shared_ptr<RpcCall>& call) {
    const std::scoped_lock lock(m_mutex);
    forgetEnded(m_calls);
    m_calls.push_back(call);
}

bool RpcInbox::addStream(const std::shared_ptr<RpcCall>& stream) {
    const std::scoped_lock lock(m_mutex);
    forgetEnded(m_streams);
    m_streams.push_back(stream);
    return m_streams.size() <= kMostStreams;
}

void RpcInbox::endAll(const Error& error) {
    std::vector<std::shared_ptr<RpcCall>> open;
    {
        const std::scoped_lock lock(m_mutex);
        for (const Calls* calls : {&m_calls, &m_streams})
            for (const auto& known : *calls)
                if (auto call = known.lock())
                    open.push_back(std::move(call));
    }
    for (const auto& call : open)
        call->end(error);
}

Credentials credentialsOf(const grpc::CallbackServerContext& context) {
    Credentials credentials;
    if (const auto peer = context.auth_context(); peer && peer->IsPeerAuthenticated())
        for (const grpc::string_ref& pem : peer->FindPropertyValues("x509_pem_cert"))
            credentials.certificatePem.assign(pem.data(), pem.size());
    const auto& metadata = context.client_metadata();
    if (const auto found = metadata.find("authorization"); found != metadata.end()) {
        const std::string_view value(found->second.data(), found->second.size());
        if (value.starts_with(kBearer))
            credentials.bearerToken = value.substr(kBearer.size());
    }
    return credentials;
}

grpc::Status statusOf(const Error& error) {
    return {static_cast<grpc::StatusCode>(error.code), error.message};
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/rpc_inbox.h"

#include <utility>

namespace kubefed::controller {
namespace {

constexpr std::size_t kMostWaiting = 4'096;
constexpr std::size_t kMostStreams = 256;
constexpr std::string_view kBearer = "Bearer ";

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

void RpcInbox::add(const FleetStreamPtr& stream) {
    const std::scoped_lock lock(m_mutex);
    m_streams.emplace(stream.get(), stream);
}

bool RpcInbox::hasRoom() const {
    const std::scoped_lock lock(m_mutex);
    return m_streams.size() < kMostStreams;
}

void RpcInbox::remove(const FleetStream* stream) {
    const std::scoped_lock lock(m_mutex);
    m_streams.erase(stream);
}

void RpcInbox::endStreams(const Error& error) {
    std::vector<FleetStreamPtr> open;
    {
        const std::scoped_lock lock(m_mutex);
        for (const auto& [key, weak] : m_streams)
            if (auto stream = weak.lock())
                open.push_back(std::move(stream));
    }
    for (const FleetStreamPtr& stream : open)
        stream->end(error);
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

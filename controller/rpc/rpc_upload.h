// SPDX-License-Identifier: Apache-2.0
//
// The reactor of one InstallPolicy call: asks for the right first, then takes the library into a private file
// and compares what came with what was announced, and hands it over. Lives until gRPC is done with the call
// and nobody has it to install; the file goes with it. The reply goes with the call, so it is written only by
// what ends that. Internal to controller/rpc.
#pragma once

#include <fstream>
#include <memory>
#include <mutex>

#include <QCryptographicHash>

#include "controller/rpc/rpc_inbox.h"
#include "kubefed/v1/federation.grpc.pb.h"

namespace kubefed::controller {

class RpcUpload final : public grpc::ServerReadReactor<v1::InstallPolicyRequest>,
                        public RpcCall,
                        public std::enable_shared_from_this<RpcUpload> {
public:
    RpcUpload(std::shared_ptr<RpcInbox> inbox, v1::InstallPolicyResponse* reply)
        : m_inbox(std::move(inbox)), m_reply(reply) {}
    ~RpcUpload() override;

    void start(Credentials credentials);

    void end(const Error& error) override { finish(error); }

    void OnReadDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override { const auto self = std::move(m_self); }

private:
    void allowed(Result<std::filesystem::path> folder);
    [[nodiscard]] Result<void> take();  // the message that came
    [[nodiscard]] Result<void> begin(const v1::InstallPolicyHeader& header);
    [[nodiscard]] Result<void> checkWhole();
    void install();
    void installed(const Result<client::PolicyInstalled>& result);
    void finish(const Error& error);
    [[nodiscard]] bool isEnded();

    const std::shared_ptr<RpcInbox> m_inbox;
    v1::InstallPolicyResponse* const m_reply;
    std::shared_ptr<RpcUpload> m_self;
    std::mutex m_mutex;  // of the reactor's end, and of the reply
    bool m_isEnded = false;
    v1::InstallPolicyRequest m_message;
    std::filesystem::path m_folder;
    std::ofstream m_file;
    QCryptographicHash m_hash{QCryptographicHash::Sha256};
    std::uint64_t m_size = 0;
    std::uint64_t m_taken = 0;
    Credentials m_credentials;
    PolicyUpload m_upload;
};

}  // namespace kubefed::controller

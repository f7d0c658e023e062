// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/rpc_upload.h"

#include "kubefed/client/convert.h"

#include <stdlib.h>
#include <unistd.h>

namespace kubefed::controller {
namespace {

constexpr std::uint64_t kMostBytes = 64U << 20U;

}  // namespace

RpcUpload::~RpcUpload() {
    if (!m_upload.file.empty())
        ::unlink(m_upload.file.c_str());
}

void RpcUpload::start(Credentials credentials) {
    m_self = shared_from_this();
    m_credentials = credentials;
    if (!m_inbox->post([self = m_self, credentials = std::move(credentials)](RpcHandler& handler) mutable {
            handler.beginInstall(std::move(credentials), [self](Result<std::filesystem::path> folder) {
                self->allowed(std::move(folder));
            });
        }))
        finish({.code = Code::ResourceExhausted, .message = "the controller has too many calls; try again"});
}

void RpcUpload::allowed(Result<std::filesystem::path> folder) {
    if (!folder)
        return finish(folder.error());
    m_folder = std::move(*folder);
    const std::scoped_lock lock(m_mutex);
    if (!m_isEnded)
        StartRead(&m_message);
}

void RpcUpload::OnReadDone(bool ok) {
    if (isEnded())
        return;
    const Result<void> done = ok ? take() : checkWhole();
    if (!done)
        return finish(done.error());
    if (!ok)
        return install();
    const std::scoped_lock lock(m_mutex);
    if (!m_isEnded)
        StartRead(&m_message);
}

Result<void> RpcUpload::take() {
    if (m_message.has_header())
        return begin(m_message.header());
    const std::string& chunk = m_message.chunk();
    if (!m_file.is_open())
        return fail(Code::InvalidArgument, "the first message must be the header");
    m_taken += chunk.size();
    if (m_taken > m_size)
        return fail(Code::InvalidArgument, "more bytes came than were announced");
    m_hash.addData(QByteArrayView(chunk.data(), static_cast<qsizetype>(chunk.size())));
    if (!m_file.write(chunk.data(), static_cast<std::streamsize>(chunk.size())))
        return fail(Code::ResourceExhausted, "the controller's disk is full");
    return {};
}

Result<void> RpcUpload::begin(const v1::InstallPolicyHeader& header) {
    if (m_file.is_open())
        return fail(Code::InvalidArgument, "there is one header, in the first message");
    if (header.size() == 0 || header.size() > kMostBytes)
        return fail(Code::InvalidArgument, "a library has at least one byte and at most 64 MiB");
    std::string name = (m_folder / "upload-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd < 0)
        return fail(Code::Internal, "the upload cannot be kept: " + m_folder.string() + " is not writable");
    ::close(fd);
    m_upload = {.file = name, .sha256 = header.sha256(), .trusted = header.trust()};
    m_file.open(m_upload.file, std::ios::binary | std::ios::trunc);
    m_size = header.size();
    return {};
}

Result<void> RpcUpload::checkWhole() {
    if (!m_file.is_open())
        return fail(Code::InvalidArgument, "the first message must be the header");
    m_file.close();
    if (!m_file)
        return fail(Code::ResourceExhausted, "the controller's disk is full");
    if (m_taken != m_size)
        return fail(Code::InvalidArgument, "the upload was cut off: " + std::to_string(m_taken) + " of " +
                                               std::to_string(m_size) + " bytes came");
    if (m_hash.result().toHex().toStdString() != m_upload.sha256)
        return fail(Code::DataLoss, "the library arrived damaged: its SHA-256 is another; try again");
    return {};
}

void RpcUpload::install() {
    if (!m_inbox->post([self = m_self](RpcHandler& handler) {
            if (self->isEnded())
                return;
            handler.install(
                self.get(), self->m_credentials, self->m_upload,
                [self](const Result<client::PolicyInstalled>& result) { self->installed(result); });
        }))
        finish({.code = Code::Unavailable, .message = "the controller stops"});
}

void RpcUpload::installed(const Result<client::PolicyInstalled>& result) {
    if (!result)
        return finish(result.error());
    const std::scoped_lock lock(m_mutex);
    if (std::exchange(m_isEnded, true))
        return;
    client::toMessage(result->plugin, *m_reply->mutable_plugin());
    m_reply->set_is_unchanged(result->isUnchanged);
    m_reply->set_replaced_sha256(result->replacedSha256);
    Finish(grpc::Status::OK);
}

void RpcUpload::OnCancel() {
    finish({.code = Code::Cancelled, .message = "cancelled"});
    std::ignore = m_inbox->post([self = m_self](RpcHandler& handler) { handler.giveUp(self.get()); });
}

void RpcUpload::finish(const Error& error) {
    const std::scoped_lock lock(m_mutex);
    if (!std::exchange(m_isEnded, true))
        Finish(statusOf(error));
}

bool RpcUpload::isEnded() {
    const std::scoped_lock lock(m_mutex);
    return m_isEnded;
}

}  // namespace kubefed::controller

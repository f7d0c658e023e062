// SPDX-License-Identifier: Apache-2.0
#include "fake_federation.h"

#include <deque>
#include <mutex>
#include <optional>
#include <set>

#include "kubefed/v1/federation.grpc.pb.h"

#include <grpcpp/grpcpp.h>

namespace kubefed::client {

class FakeFederation::Service final : public v1::Federation::CallbackService {
public:
    class Stream final : public grpc::ServerWriteReactor<v1::FleetMessage> {
    public:
        Stream(Service& service, std::vector<v1::FleetMessage> greeting) : m_service(service) {
            const std::scoped_lock lock(m_service.mutex);
            m_service.streams.insert(this);
            ++m_service.streamsEver;
            m_queue.assign(greeting.begin(), greeting.end());
            next();
        }
        // The service's lock is held.
        void push(const v1::FleetMessage& message) {
            m_queue.push_back(message);
            if (!m_isWriting)
                next();
        }
        void end(const grpc::Status& status) {
            if (!std::exchange(m_isEnded, true))
                Finish(status);
        }
        [[nodiscard]] std::size_t unsent() const { return m_queue.size(); }

        void OnWriteDone(bool ok) override {
            const std::scoped_lock lock(m_service.mutex);
            m_isWriting = false;
            m_queue.pop_front();
            if (!ok)
                return end(grpc::Status::CANCELLED);
            next();
        }
        void OnCancel() override {
            const std::scoped_lock lock(m_service.mutex);
            end(grpc::Status::CANCELLED);
        }
        void OnDone() override {
            {
                const std::scoped_lock lock(m_service.mutex);
                m_service.streams.erase(this);
            }
            delete this;
        }

    private:
        void next() {
            if (m_queue.empty() || m_isEnded)
                return;
            m_isWriting = true;
            StartWrite(&m_queue.front());
        }
        Service& m_service;
        std::deque<v1::FleetMessage> m_queue;
        bool m_isWriting = false;
        bool m_isEnded = false;
    };

    class Upload final : public grpc::ServerReadReactor<v1::InstallPolicyRequest> {
    public:
        Upload(Service& service, v1::InstallPolicyResponse* reply) : m_service(service), m_reply(reply) {
            StartRead(&m_message);
        }
        void OnReadDone(bool ok) override {
            if (!ok) {
                const std::scoped_lock lock(m_service.mutex);
                m_isRead = true;
                if (m_service.holdsUploads)
                    return endIfCancelled();
                m_service.uploaded = m_header.file_name() + ":" + m_bytes;
                m_reply->mutable_plugin()->set_sha256(m_header.sha256());
                m_reply->set_is_unchanged(m_service.isUnchanged.value_or(m_header.trust()));
                return Finish(grpc::Status::OK);
            }
            if (m_message.has_header())
                m_header = m_message.header();
            m_bytes += m_message.chunk();
            StartRead(&m_message);
        }
        void OnCancel() override {
            const std::scoped_lock lock(m_service.mutex);
            m_isCancelled = true;
            if (m_service.holdsUploads)
                endIfCancelled();
        }
        void OnDone() override { delete this; }

    private:
        // Not while a read is under way, and once. The service's lock is held.
        void endIfCancelled() {
            if (m_isRead && m_isCancelled)
                Finish(grpc::Status::CANCELLED);
        }

        Service& m_service;
        bool m_isRead = false;
        bool m_isCancelled = false;
        v1::InstallPolicyResponse* m_reply;
        v1::InstallPolicyRequest m_message;
        v1::InstallPolicyHeader m_header;
        std::string m_bytes;
    };

    grpc::ServerWriteReactor<v1::FleetMessage>* WatchFleet(grpc::CallbackServerContext* context,
                                                           const v1::WatchFleetRequest*) override {
        note(*context);
        std::unique_lock lock(mutex);
        const auto messages = greeting;
        const grpc::Status status = refusal;
        lock.unlock();
        auto* stream = new Stream(*this, status.ok() ? messages : std::vector<v1::FleetMessage>{});
        if (!status.ok()) {
            lock.lock();
            stream->end(status);
        }
        return stream;
    }
    grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request,
                                      v1::Explanation* reply) override {
        note(*context);
        *reply->mutable_object() = request->object();
        reply->set_because("it is new");
        class Held final : public grpc::ServerUnaryReactor {
        public:
            void OnCancel() override { Finish(grpc::Status::CANCELLED); }
            void OnDone() override { delete this; }
        };
        const std::scoped_lock lock(mutex);
        if (holds)
            return new Held;
        auto* reactor = context->DefaultReactor();
        reactor->Finish(request->object().name() == "none"
                            ? grpc::Status(grpc::StatusCode::NOT_FOUND, "nothing was decided for it")
                            : grpc::Status::OK);
        return reactor;
    }
    grpc::ServerReadReactor<v1::InstallPolicyRequest>* InstallPolicy(
        grpc::CallbackServerContext* context, v1::InstallPolicyResponse* reply) override {
        note(*context);
        return new Upload(*this, reply);
    }

    void note(const grpc::CallbackServerContext& context) {
        std::string who;
        const auto& metadata = context.client_metadata();
        if (const auto it = metadata.find("authorization"); it != metadata.end())
            who.assign(it->second.data(), it->second.size());
        const auto names = context.auth_context()->FindPropertyValues("x509_common_name");
        if (!names.empty())
            who = "cn:" + std::string(names[0].data(), names[0].size());
        const std::scoped_lock lock(mutex);
        credentials = who;
    }

    std::mutex mutex;
    std::set<Stream*> streams;
    int streamsEver = 0;
    std::vector<v1::FleetMessage> greeting;
    grpc::Status refusal;
    std::string credentials;
    std::string uploaded;
    bool holds = false;
    bool holdsUploads = false;
    std::optional<bool> isUnchanged;
    int port = 0;
    std::unique_ptr<grpc::Server> server;
};

FakeFederation::FakeFederation(const net::KeyPair& server, const std::string& clientCaPem, int port)
    : m_service(std::make_unique<Service>()) {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = clientCaPem;
    tls.pem_key_cert_pairs.push_back({server.keyPem, server.certPem});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(tls),
                             &m_service->port);
    builder.RegisterService(m_service.get());
    m_service->server = builder.BuildAndStart();
}

FakeFederation::~FakeFederation() {
    endStreams(static_cast<int>(grpc::StatusCode::UNAVAILABLE), "the controller stops");
    m_service->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
}

int FakeFederation::port() const {
    return m_service->port;
}
void FakeFederation::setGreeting(std::vector<v1::FleetMessage> messages, int code, const std::string& text) {
    const std::scoped_lock lock(m_service->mutex);
    m_service->greeting = std::move(messages);
    m_service->refusal = {static_cast<grpc::StatusCode>(code), text};
}
void FakeFederation::send(const v1::FleetMessage& message) {
    const std::scoped_lock lock(m_service->mutex);
    for (Service::Stream* stream : m_service->streams)
        stream->push(message);
}
void FakeFederation::endStreams(int code, const std::string& text) {
    const std::scoped_lock lock(m_service->mutex);
    for (Service::Stream* stream : m_service->streams)
        stream->end({static_cast<grpc::StatusCode>(code), text});
}
int FakeFederation::streams() const {
    const std::scoped_lock lock(m_service->mutex);
    return static_cast<int>(m_service->streams.size());
}
int FakeFederation::streamsEver() const {
    const std::scoped_lock lock(m_service->mutex);
    return m_service->streamsEver;
}
std::size_t FakeFederation::unsent() const {
    const std::scoped_lock lock(m_service->mutex);
    std::size_t sum = 0;
    for (const Service::Stream* stream : m_service->streams)
        sum += stream->unsent();
    return sum;
}
std::string FakeFederation::credentials() const {
    const std::scoped_lock lock(m_service->mutex);
    return m_service->credentials;
}
void FakeFederation::holdExplain(bool hold) {
    const std::scoped_lock lock(m_service->mutex);
    m_service->holds = hold;
}
void FakeFederation::holdUploads(bool hold) {
    const std::scoped_lock lock(m_service->mutex);
    m_service->holdsUploads = hold;
}
void FakeFederation::setUnchanged(bool isUnchanged) {
    const std::scoped_lock lock(m_service->mutex);
    m_service->isUnchanged = isUnchanged;
}
std::string FakeFederation::uploaded() const {
    const std::scoped_lock lock(m_service->mutex);
    return m_service->uploaded;
}

}  // namespace kubefed::client

// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/rpc_server.h"

#include <atomic>

#include "controller/rpc/rpc_inbox.h"
#include "controller/rpc/rpc_stream.h"
#include "controller/rpc/rpc_upload.h"
#include "kubefed/client/convert.h"
#include "kubefed/net/lasting_port.h"
#include "kubefed/util/log.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

namespace kubefed::controller {
namespace {

constexpr std::chrono::seconds kShutdown{2};
constexpr std::size_t kPortAttempts = 50;
constexpr int kMaxStreamsOfAConnection = 128;
constexpr int kMaxMessage = 4 << 20;

const Error kEnds{.code = Code::Unavailable, .message = "the controller stops"};
const Error kFull{.code = Code::ResourceExhausted, .message = "the controller has too many calls; try again"};

void logLine(gpr_log_func_args* line) {
    log::debug("gRPC", {{"says", line->message}});
}

// A call's answer, wherever it comes from; dropped unanswered it ends the call all the same. Whoever takes
// the reactor out answers, and the reply lives until then.
template <class T>
class Answer final : public RpcCall {
public:
    using Fill = std::function<void(const T&)>;
    Answer(grpc::ServerUnaryReactor* reactor, Fill fill) : m_reactor(reactor), m_fill(std::move(fill)) {}
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() override { end(kEnds); }
    void end(const Error& error) override {
        if (auto* reactor = m_reactor.exchange(nullptr))
            reactor->Finish(statusOf(error));
    }
    void give(Result<T> result) {
        auto* reactor = m_reactor.exchange(nullptr);
        if (reactor == nullptr)
            return;
        if (result)
            m_fill(*result);
        reactor->Finish(result ? grpc::Status::OK : statusOf(result.error()));
    }

private:
    std::atomic<grpc::ServerUnaryReactor*> m_reactor;
    const Fill m_fill;
};

class Service final : public v1::Federation::CallbackService {
public:
    Service(std::shared_ptr<RpcInbox> inbox, std::function<client::TimeMs()> now)
        : m_inbox(std::move(inbox)), m_now(std::move(now)) {}

    grpc::ServerWriteReactor<v1::FleetMessage>* WatchFleet(grpc::CallbackServerContext* context,
                                                           const v1::WatchFleetRequest* request) override {
        auto stream = std::make_shared<RpcStream>(m_inbox, m_now, request->clusters_only());
        stream->hold();
        std::vector<std::string> namespaces(request->namespaces().begin(), request->namespaces().end());
        if (!m_inbox->addStream(stream) ||
            !m_inbox->post([credentials = credentialsOf(*context), namespaces = std::move(namespaces),
                            stream](RpcHandler& handler) mutable {
                handler.watch(std::move(credentials), std::move(namespaces), std::move(stream));
            }))
            stream->end(kFull);
        return stream.get();
    }

    grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request,
                                      v1::Explanation* reply) override {
        return unary<client::Explanation>(
            *context, [reply](const client::Explanation& value) { client::toMessage(value, *reply); },
            [object = client::toValue(request->object())](RpcHandler& handler, Credentials credentials,
                                                          Callback<client::Explanation> done) {
                handler.explain(std::move(credentials), object, std::move(done));
            });
    }

    grpc::ServerUnaryReactor* ListPolicies(grpc::CallbackServerContext* context,
                                           const v1::ListPoliciesRequest*,
                                           v1::ListPoliciesResponse* reply) override {
        using Plugins = std::vector<client::PolicyPlugin>;
        return unary<Plugins>(
            *context,
            [reply](const Plugins& plugins) {
                for (const client::PolicyPlugin& plugin : plugins)
                    client::toMessage(plugin, *reply->add_plugins());
            },
            [](RpcHandler& handler, Credentials credentials, Callback<Plugins> done) {
                handler.listPolicies(std::move(credentials), std::move(done));
            });
    }

    grpc::ServerReadReactor<v1::InstallPolicyRequest>* InstallPolicy(
        grpc::CallbackServerContext* context, v1::InstallPolicyResponse* reply) override {
        const auto upload = std::make_shared<RpcUpload>(m_inbox, reply);
        m_inbox->add(upload);
        upload->start(credentialsOf(*context));
        return upload.get();
    }

private:
    template <class T, class Fill, class Ask>
    grpc::ServerUnaryReactor* unary(grpc::CallbackServerContext& context, Fill fill, Ask ask) {
        grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
        auto answer = std::make_shared<Answer<T>>(reactor, std::move(fill));
        m_inbox->add(answer);
        // Refused, the task goes and the answer with it.
        std::ignore = m_inbox->post([ask = std::move(ask), credentials = credentialsOf(context),
                                     answer = std::move(answer)](RpcHandler& handler) mutable {
            ask(handler, std::move(credentials),
                [answer = std::move(answer)](Result<T> result) { answer->give(std::move(result)); });
        });
        return reactor;
    }

    const std::shared_ptr<RpcInbox> m_inbox;
    const std::function<client::TimeMs()> m_now;
};

}  // namespace

class RpcServer::Impl {
public:
    Impl(RpcHandler& handler, std::function<client::TimeMs()> now)
        : m_inbox(std::make_shared<RpcInbox>(handler)), m_service(m_inbox, std::move(now)) {}
    ~Impl() {
        m_inbox->close();
        m_inbox->endAll(kEnds);  // gRPC waits for ever for those that are not
        if (m_server)
            m_server->Shutdown(std::chrono::system_clock::now() + kShutdown);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    bool listen(const RpcConfig& config, std::uint16_t port) {
        grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
        tls.pem_root_certs = config.clientCaPem;
        tls.pem_key_cert_pairs.push_back({config.certificate.keyPem, config.certificate.certPem});
        grpc::ServerBuilder builder;
        builder.AddListeningPort(config.address + ":" + std::to_string(port), grpc::SslServerCredentials(tls),
                                 &m_port);
        builder.RegisterService(&m_service);
        builder.SetMaxReceiveMessageSize(kMaxMessage);
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsOfAConnection);
        m_server = builder.BuildAndStart();
        return m_server != nullptr && m_port != 0;
    }
    [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(m_port); }

private:
    std::shared_ptr<RpcInbox> m_inbox;
    Service m_service;
    int m_port = 0;
    std::unique_ptr<grpc::Server> m_server;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
RpcServer::~RpcServer() = default;

Result<std::unique_ptr<RpcServer>> RpcServer::make(const RpcConfig& config, RpcHandler& handler,
                                                   std::function<client::TimeMs()> now) {
    gpr_set_log_function(&logLine);
    grpc::EnableDefaultHealthCheckService(true);
    std::vector<std::uint16_t> ports{config.port};
    if (config.port == 0) {
        ports = net::lastingPorts(kPortAttempts);
        ports.push_back(0);
    }
    for (const std::uint16_t port : ports) {
        auto impl = std::make_unique<Impl>(handler, now);
        if (impl->listen(config, port))
            return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
    }
    return fail(Code::Unavailable, "gRPC cannot listen on " + config.address + ":" +
                                       std::to_string(config.port) + "; is the port taken?");
}

std::uint16_t RpcServer::port() const {
    return m_impl->port();
}

}  // namespace kubefed::controller

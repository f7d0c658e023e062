// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/member.h"

#include "kubefed/sandbox/endpoints.h"
#include "kubefed/sandbox/fault_gate.h"
#include "kubefed/sandbox/kubelet.h"
#include "kubefed/sandbox/nodes.h"
#include "kubefed/sandbox/replication.h"
#include "kubefed/sandbox/scheduler.h"

namespace kubefed::sandbox {

namespace {

constexpr std::chrono::hours kCertificateLife{24 * 365};
constexpr std::size_t kHistory = 2000;  // events for watches to resume from

struct Identity {
    net::KeyPair ca, server, admin, signing;
};

Result<Identity> makeIdentity(const std::string& name) {
    Identity identity;
    Result<net::KeyPair> ca = net::makeCa(name, kCertificateLife);
    if (!ca)
        return std::unexpected(std::move(ca.error()));
    identity.ca = std::move(*ca);
    net::CertificateSpec server;
    server.commonName = "kube-apiserver";
    server.dnsNames = {"localhost", "kubernetes", "kubernetes.default.svc"};
    server.addresses = {"127.0.0.1"};
    server.server = true;
    net::CertificateSpec admin;
    admin.commonName = "kubernetes-admin";
    admin.organizations = {"system:masters"};
    admin.client = true;
    const auto take = [](Result<net::KeyPair> made, net::KeyPair& into) -> Result<void> {
        if (!made)
            return std::unexpected(std::move(made.error()));
        into = std::move(*made);
        return {};
    };
    KUBEFED_TRY(take(net::makeCertificate(identity.ca, server), identity.server));
    KUBEFED_TRY(take(net::makeCertificate(identity.ca, admin), identity.admin));
    KUBEFED_TRY(take(net::makeSigningKey(), identity.signing));
    return identity;
}

}  // namespace

class Member::Impl {
public:
    Impl(MemberSpec spec, Identity identity, std::unique_ptr<apiserver::ApiServer> server, Clock& clock)
        : m_spec(std::move(spec)),
          m_identity(std::move(identity)),
          m_clock(clock),
          m_server(std::move(server)),
          m_gate(*m_server),
          m_api(*m_server),
          m_replication(m_api, clock),
          m_scheduler(m_api, clock),
          m_kubelet(m_api, clock, m_spec.podDelay),
          m_endpoints(m_api, clock),
          m_nodes(m_api, clock, m_spec.name, m_spec.region, m_spec.nodes) {}

    Result<void> start() {
        m_listening = m_server->listen([this](const kube::Gvr& gvr, apiserver::ApiServer::ChangeType type,
                                              const kube::ObjectPtr& object) {
            onChange(gvr, type == apiserver::ApiServer::ChangeType::Deleted, *object);
        });
        KUBEFED_TRY(open());
        m_access = {m_spec.name, m_spec.region, "https://127.0.0.1:" + std::to_string(m_port),
                    m_identity.ca.certPem, m_identity.admin};
        m_nodes.start();
        return {};
    }

    Result<void> open() {
        net::ServerConfig config;
        config.port = m_port;
        config.certificate = m_identity.server;
        config.clientCaPem = m_identity.ca.certPem;
        auto http = std::make_unique<net::HttpServer>(std::move(config), m_gate, m_clock);
        const Result<std::uint16_t> port = http->listen();
        if (!port)
            return std::unexpected(port.error());
        m_port = *port;
        m_http = std::move(http);
        return {};
    }

    void onChange(const kube::Gvr& gvr, bool deleted, const kube::Object& object) {
        if (gvr == kPods) {
            m_replication.onPod(object);
            m_scheduler.onPod(object, deleted);
            m_kubelet.onPod(object, deleted);
            m_endpoints.onPod(object);
        } else if (gvr == kReplicationControllers) {
            m_replication.onController(object);
        } else if (gvr == kServices) {
            m_endpoints.onService(object, deleted);
        } else if (gvr == kNodes) {
            m_scheduler.onNode();
        }
    }

    const MemberSpec m_spec;
    const Identity m_identity;
    Clock& m_clock;
    std::unique_ptr<apiserver::ApiServer> m_server;
    FaultGate m_gate;
    LocalApi m_api;
    ReplicationManager m_replication;
    Scheduler m_scheduler;
    Kubelet m_kubelet;
    EndpointsController m_endpoints;
    Nodes m_nodes;
    Request m_listening;
    std::unique_ptr<net::HttpServer> m_http;  // null: killed
    std::uint16_t m_port = 0;
    MemberAccess m_access;
};

Result<std::unique_ptr<Member>> Member::start(MemberSpec spec, Clock& clock) {
    Result<Identity> identity = makeIdentity(spec.name);
    if (!identity)
        return std::unexpected(std::move(identity.error()));
    apiserver::ApiServerConfig config;
    config.signingKeyPem = identity->signing.keyPem;
    config.clusterCaPem = identity->ca.certPem;
    config.historyEvents = kHistory;
    Result<std::unique_ptr<apiserver::ApiServer>> server =
        apiserver::ApiServer::open(std::move(config), clock);
    if (!server)
        return std::unexpected(
            std::move(server.error()).withContext("starting the simulated cluster \"" + spec.name + "\""));
    auto impl = std::make_unique<Impl>(std::move(spec), std::move(*identity), std::move(*server), clock);
    KUBEFED_TRY(impl->start());
    return std::unique_ptr<Member>(new Member(std::move(impl)));
}

Member::Member(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Member::~Member() = default;

const MemberAccess& Member::access() const {
    return m_impl->m_access;
}
const apiserver::ObjectReader& Member::objects() const {
    return m_impl->m_server->objects();
}

Member::State Member::state() const {
    if (m_impl->m_http == nullptr)
        return State::Killed;
    return m_impl->m_gate.isFrozen() ? State::Frozen : State::Running;
}

void Member::freeze() {
    m_impl->m_gate.freeze();
}

void Member::kill() {
    m_impl->m_gate.drop();
    m_impl->m_http.reset();
}

Result<void> Member::heal() {
    if (m_impl->m_http == nullptr)
        KUBEFED_TRY(m_impl->open());
    if (m_impl->m_gate.isFrozen())
        m_impl->m_gate.thaw();
    return {};
}

std::string_view toString(Member::State state) {
    switch (state) {
        case Member::State::Running:
            return "running";
        case Member::State::Frozen:
            return "frozen";
        case Member::State::Killed:
            return "killed";
    }
    return "";
}

}  // namespace kubefed::sandbox

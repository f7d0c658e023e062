// SPDX-License-Identifier: Apache-2.0
#include "controller/app/rpc_part.h"

#include <algorithm>

#include "controller/rpc/fleet_values.h"
#include "kubefed/util/log.h"

namespace kubefed::controller {
namespace {

// kubefed init makes the ConfigMap once the controller answers, and waits for what is written into it.
constexpr Duration kAnnounceSoon{50};
constexpr Duration kAnnounceAgain{500};

}  // namespace

RpcPart::RpcPart(const DaemonConfig& config, std::string version, HostApi& host, Clock& clock,
                 FederationService::Policies policies, PolicyIntake intake)
    : m_config(config),
      m_version(std::move(version)),
      m_host(host),
      m_clock(clock),
      m_policies(std::move(policies)),
      m_intake(std::move(intake)),
      m_feed(clock, [this](const FleetDeltaPtr& delta) {
          if (m_service)
              m_service->deliver(delta);
      }) {}

RpcPart::~RpcPart() {
    stop();
}

Result<void> RpcPart::start(Controller& controller) {
    m_feed.start(controller);
    const fed::HealthCheck usual;  // of members that say nothing else
    m_service = std::make_unique<FederationService>(controller, m_feed, m_host, m_clock,
                                                    client::FleetInfo{.federationId = m_config.federationId,
                                                                      .federation = m_config.federation,
                                                                      .controllerVersion = m_version,
                                                                      .probePeriod = usual.period.count(),
                                                                      .probeTimeout = usual.timeout.count(),
                                                                      .namespaces = {}},
                                                    m_policies, m_intake);
    Result<std::unique_ptr<RpcServer>> server =
        RpcServer::make({.address = m_config.address,
                         .port = m_config.grpcPort,
                         .certificate = m_config.server,
                         .clientCaPem = m_config.caPem},
                        *m_service, [] { return toTimeMs(std::chrono::system_clock::now()); });
    if (!server)
        return fail(std::move(server.error()));
    m_server = std::move(*server);
    if (m_config.grpcPort != m_server->port())
        KUBEFED_TRY(writePort(m_config.data, "grpcPort", m_server->port()));
    const std::string host = m_config.address == "0.0.0.0" ? "127.0.0.1" : m_config.address;
    m_endpoint = host + ":" + std::to_string(m_server->port());
    log::info("gRPC is served", {{"endpoint", m_endpoint}});
    m_announceAfter = kAnnounceSoon;
    announce();
    return {};
}

void RpcPart::stop() {
    m_request.cancel();
    m_timer.cancel();
    m_server.reset();
    m_service.reset();
    m_feed.stop();
}

void RpcPart::announce() {
    const kube::JsonObject body{
        {"data", kube::JsonObject{{"grpcEndpoint", m_endpoint}, {"grpcCA", m_config.caPem}}}};
    m_request = m_host.patch({"", "v1", "configmaps"}, {"kube-public", "kubefed-info"}, kube::printJson(body),
                             {}, [this](Result<kube::Object> answer) {
                                 if (answer)
                                     return;
                                 m_timer = m_clock.after(m_announceAfter, [this] { announce(); });
                                 m_announceAfter = std::min(2 * m_announceAfter, kAnnounceAgain);
                             });
}

}  // namespace kubefed::controller

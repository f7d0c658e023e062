// SPDX-License-Identifier: Apache-2.0
//
// The daemon's gRPC side: the live feed, the service and its server, and where clients find it (ConfigMap
// kube-public/kubefed-info, keys grpcEndpoint and grpcCA). Core thread. It is made before the Controller that
// it observes; start() once that is ready, stop() before that goes.
#pragma once

#include <memory>

#include "controller/app/config.h"
#include "controller/rpc/federation_service.h"

namespace kubefed::controller {

class RpcPart {
public:
    RpcPart(const DaemonConfig& config, std::string version, HostApi& host, Clock& clock,
            FederationService::Policies policies, PolicyIntake intake = {});
    ~RpcPart();
    RpcPart(const RpcPart&) = delete;
    RpcPart& operator=(const RpcPart&) = delete;

    [[nodiscard]] ControllerObserver& observer() { return m_feed; }
    // Listens; a port that was chosen is written back into config.yaml.
    [[nodiscard]] Result<void> start(Controller& controller);
    void stop();

private:
    void announce();

    const DaemonConfig m_config;
    const std::string m_version;
    HostApi& m_host;
    Clock& m_clock;
    const FederationService::Policies m_policies;
    const PolicyIntake m_intake;
    FleetFeed m_feed;
    std::unique_ptr<FederationService> m_service;
    std::unique_ptr<RpcServer> m_server;  // after the service: ends first
    std::string m_endpoint;
    Duration m_announceAfter{0};  // when it could not be written
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// The fleet of a federation that a kubeconfig's context names: asks its API where the stream is, then watches
// it; when the connection is lost it asks again, as a controller may come back elsewhere. Retries for ever,
// each 2 s. GUI thread; the sink outlives it.
#pragma once

#include <memory>

#include "kubefed/client/federation_client.h"
#include "kubefed/kube/client.h"
#include "kubefed/kube/kubeconfig.h"
#include "kubefed/net/https_transport.h"

namespace kubefed::gui {

class LiveSource final : public client::FleetSource, private client::FleetSink {
public:
    LiveSource(kube::ContextConfig context, Clock& clock);
    ~LiveSource() override;

    void start(client::FleetSink& sink) override;
    [[nodiscard]] client::TimeMs now() const override;
    [[nodiscard]] Request explain(const client::ObjectId& object,
                                  Callback<client::Explanation> done) override;
    [[nodiscard]] Request listPolicies(Callback<std::vector<client::PolicyPlugin>> done) override;
    void reconnect();

private:
    void stateChanged(client::ConnectionState state, const Error& error) override;
    void reset(const client::FleetInfo& info, client::FleetChanges all) override;
    void changed(client::FleetChanges changes) override;

    void locate();
    void located(Result<client::FederationEndpoint> endpoint);
    void locateSoon();

    kube::ContextConfig m_context;
    Clock& m_clock;
    net::ConnectionCache m_connections;
    kube::Client m_api;
    client::FleetSink* m_sink = nullptr;
    client::FederationEndpoint m_endpoint;
    std::unique_ptr<client::FederationClient> m_client;
    Request m_locating;
    Request m_retry;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The fleet of a federation that a kubeconfig's context names: asks its API where the stream is, then watches
// it. As long as that is not live it reads the context again and asks again, as credentials are renewed and a
// controller may come back elsewhere: each 2 s, each 10 s while it is forbidden, for ever. GUI thread; the
// sink outlives it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "kubefed/client/federation_client.h"
#include "kubefed/kube/client.h"
#include "kubefed/kube/kubeconfig.h"
#include "kubefed/net/https_transport.h"

namespace kubefed::gui {

class LiveSource final : public client::FleetSource, private client::FleetSink {
public:
    // The context as its file has it now; it is read each time anew.
    using Resolve = std::function<Result<kube::ContextConfig>()>;
    // How its API is reached; by default over TLS.
    using Reach =
        std::function<std::shared_ptr<net::HttpTransport>(const net::Endpoint&, const net::Identity&)>;

    LiveSource(kube::ContextConfig context, Resolve resolve, Clock& clock, Reach reach = {});
    ~LiveSource() override;

    void start(client::FleetSink& sink) override;
    [[nodiscard]] client::TimeMs now() const override;
    [[nodiscard]] Request explain(const client::ObjectId& object,
                                  Callback<client::Explanation> done) override;
    [[nodiscard]] Request listPolicies(Callback<std::vector<client::PolicyPlugin>> done) override;
    void reconnect();
    // As it was read last.
    [[nodiscard]] const kube::ContextConfig& context() const { return m_context; }

private:
    void stateChanged(client::ConnectionState state, const Error& error) override;
    void reset(const client::FleetInfo& info, client::FleetChanges all) override;
    void changed(client::FleetChanges changes) override;
    void heard(client::TimeMs time) override { m_sink->heard(time); }

    void readContext();
    void reachApi();
    void locate();
    void located(Result<client::FederationEndpoint> endpoint);
    void locateSoon();
    void tell(client::ConnectionState state, const Error& error);

    kube::ContextConfig m_context;
    Resolve m_resolve;
    Clock& m_clock;
    net::ConnectionCache m_connections;
    Reach m_reach;
    std::optional<kube::Client> m_api;
    client::FleetSink* m_sink = nullptr;
    client::ConnectionState m_state = client::ConnectionState::Connecting;
    client::FederationEndpoint m_endpoint;
    std::unique_ptr<client::FederationClient> m_client;
    Request m_locating;
    Request m_retry;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/app/live_source.h"

#include <utility>

#include "kubefed/client/locate.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr Duration kRetry{2'000};

}  // namespace

LiveSource::LiveSource(kube::ContextConfig context, Clock& clock)
    : m_context(std::move(context)),
      m_clock(clock),
      m_connections(clock),
      m_api(m_connections.transport(m_context.endpoint, m_context.identity), "kubefed-gui") {}

LiveSource::~LiveSource() = default;

void LiveSource::start(FleetSink& sink) {
    m_sink = &sink;
    locate();
}

TimeMs LiveSource::now() const {
    if (m_client != nullptr)
        return m_client->now();
    return std::chrono::duration_cast<Duration>(m_clock.wallNow().time_since_epoch()).count();
}

Request LiveSource::explain(const ObjectId& object, Callback<Explanation> done) {
    if (m_client != nullptr)
        return m_client->explain(object, std::move(done));
    return m_clock.after(Duration{0}, [done = std::move(done)]() mutable {
        done(fail(Code::Unavailable, "there is no connection to the controller"));
    });
}

Request LiveSource::listPolicies(Callback<std::vector<PolicyPlugin>> done) {
    if (m_client != nullptr)
        return m_client->listPolicies(std::move(done));
    return m_clock.after(Duration{0}, [done = std::move(done)]() mutable {
        done(fail(Code::Unavailable, "there is no connection to the controller"));
    });
}

void LiveSource::reconnect() {
    m_retry.cancel();
    if (m_client != nullptr)
        m_client->reconnect();
    locate();
}

void LiveSource::locate() {
    m_locating = client::locate(m_api, m_context.identity, [this](Result<FederationEndpoint> endpoint) {
        located(std::move(endpoint));
    });
}

void LiveSource::locateSoon() {
    m_retry = m_clock.after(kRetry, [this] { locate(); });
}

void LiveSource::located(Result<FederationEndpoint> endpoint) {
    if (!endpoint) {
        // As long as there is a client, it says itself how its connection is.
        if (m_client == nullptr) {
            const Code code = endpoint.error().code;
            const bool isForbidden = code == Code::PermissionDenied || code == Code::Unauthenticated;
            m_sink->stateChanged(isForbidden ? ConnectionState::Forbidden : ConnectionState::Disconnected,
                                 endpoint.error());
        }
        locateSoon();
        return;
    }
    if (m_client != nullptr && endpoint->address == m_endpoint.address && endpoint->caPem == m_endpoint.caPem)
        return;
    m_endpoint = *endpoint;
    m_client.reset();
    m_client = std::make_unique<FederationClient>(std::move(*endpoint), m_clock);
    m_client->start(*this);
}

void LiveSource::stateChanged(ConnectionState state, const Error& error) {
    if (state == ConnectionState::Disconnected)
        locateSoon();
    else if (state == ConnectionState::Live)
        m_retry.cancel();
    m_sink->stateChanged(state, error);
}

void LiveSource::reset(const FleetInfo& info, FleetChanges all) {
    m_sink->reset(info, std::move(all));
}

void LiveSource::changed(FleetChanges changes) {
    m_sink->changed(std::move(changes));
}

}  // namespace kubefed::gui

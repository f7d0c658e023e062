// SPDX-License-Identifier: Apache-2.0
#include "gui/app/live_source.h"

#include <tuple>
#include <utility>

#include "kubefed/client/locate.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr Duration kRetry{2'000};
constexpr Duration kForbiddenRetry{10'000};

// All by which a client would be another one.
auto partsOf(const FederationEndpoint& endpoint) {
    return std::tie(endpoint.address, endpoint.caPem, endpoint.certificatePem, endpoint.keyPem,
                    endpoint.bearerToken);
}

}  // namespace

LiveSource::LiveSource(kube::ContextConfig context, Resolve resolve, Clock& clock, Reach reach)
    : m_context(std::move(context)),
      m_resolve(std::move(resolve)),
      m_clock(clock),
      m_connections(clock),
      m_reach(std::move(reach)) {
    if (!m_reach)
        m_reach = [this](const net::Endpoint& endpoint, const net::Identity& identity) {
            return m_connections.transport(endpoint, identity);
        };
    reachApi();
}

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
    if (m_client != nullptr)
        m_client->reconnect();
    locate();
}

void LiveSource::readContext() {
    Result<kube::ContextConfig> context = m_resolve();
    // A file that is being written just now is no reason to forget what it said.
    if (!context)
        return;
    const bool isSame = context->endpoint == m_context.endpoint && context->identity == m_context.identity;
    m_context = std::move(*context);
    if (isSame)
        return;
    m_locating.cancel();
    reachApi();
}

void LiveSource::reachApi() {
    m_api.reset();
    m_api.emplace(m_reach(m_context.endpoint, m_context.identity), "kubefed-gui");
}

void LiveSource::locate() {
    m_retry.cancel();
    readContext();
    m_locating = client::locate(*m_api, m_context.identity, [this](Result<FederationEndpoint> endpoint) {
        located(std::move(endpoint));
    });
}

void LiveSource::locateSoon() {
    // What is under way or near goes first, however often the client tells of another failure.
    if (m_locating.isActive() || m_retry.isActive())
        return;
    m_retry =
        m_clock.after(m_state == ConnectionState::Forbidden ? kForbiddenRetry : kRetry, [this] { locate(); });
}

void LiveSource::located(Result<FederationEndpoint> endpoint) {
    m_locating.cancel();
    if (!endpoint) {
        // As long as there is a client, it says itself how its connection is.
        if (m_client == nullptr) {
            const Code code = endpoint.error().code;
            const bool isForbidden = code == Code::PermissionDenied || code == Code::Unauthenticated;
            tell(isForbidden ? ConnectionState::Forbidden : ConnectionState::Disconnected, endpoint.error());
        }
    } else if (m_client == nullptr || partsOf(*endpoint) != partsOf(m_endpoint)) {
        m_endpoint = *endpoint;
        m_client.reset();
        m_client = std::make_unique<FederationClient>(std::move(*endpoint), m_clock);
        m_client->start(*this);
        return;
    }
    // The same again may be what a controller told that has ended since; the next one tells it anew.
    if (m_state != ConnectionState::Live)
        locateSoon();
}

void LiveSource::tell(ConnectionState state, const Error& error) {
    m_state = state;
    m_sink->stateChanged(state, error);
}

void LiveSource::stateChanged(ConnectionState state, const Error& error) {
    tell(state, error);
    if (state == ConnectionState::Disconnected || state == ConnectionState::Forbidden)
        locateSoon();
    else if (state == ConnectionState::Live)
        m_retry.cancel();
}

void LiveSource::reset(const FleetInfo& info, FleetChanges all) {
    m_sink->reset(info, std::move(all));
}

void LiveSource::changed(FleetChanges changes) {
    m_sink->changed(std::move(changes));
}

}  // namespace kubefed::gui

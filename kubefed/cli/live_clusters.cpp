// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/live_clusters.h"

#include <utility>

#include "kubefed/client/locate.h"

namespace kubefed::cli {

LiveClusters::LiveClusters(Environment& environment, kube::Client& api, const net::Identity& identity,
                           Duration deadline, Callback<LiveMembers> done)
    : m_env(environment), m_done(std::move(done)) {
    m_deadline = m_env.clock.after(deadline, [this, deadline] {
        end(fail(Code::DeadlineExceeded, "no answer within " + shortDuration(deadline)));
    });
    m_request = client::locate(api, identity, [this](Result<client::FederationEndpoint> endpoint) {
        if (!endpoint)
            return end(fail(std::move(endpoint.error())));
        m_controller = m_env.connector.controller(std::move(*endpoint));
        m_controller->start(*this);
    });
}

void LiveClusters::stateChanged(client::ConnectionState state, const Error& error) {
    // It would try again by itself, for longer than anybody waits here.
    if (state == client::ConnectionState::Disconnected || state == client::ConnectionState::Forbidden)
        end(fail(error));
}

void LiveClusters::reset(const client::FleetInfo& info, client::FleetChanges all) {
    if (!info.seesClusters)
        return end(fail(Code::PermissionDenied, "you may not list memberclusters"));
    end(LiveMembers{.now = m_controller->now(), .info = info, .clusters = std::move(all.clusters)});
}

void LiveClusters::end(Result<LiveMembers> result) {
    auto done = std::exchange(m_done, nullptr);
    if (!done)
        return;
    m_deadline.cancel();
    m_request.cancel();
    // Not from inside its own call.
    m_deadline = m_env.clock.after(Duration::zero(), [this] { m_controller.reset(); });
    done(std::move(result));
}

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// Asks a federation's controller once for its live members: finds it, connects, takes the first snapshot and
// lets go. `done` comes once, later, with the fleet or with why it cannot be had in time; not after this was
// destroyed, which must not happen inside it. Owned by a Verb; main thread.
#pragma once

#include <memory>
#include <vector>

#include "kubefed/cli/environment.h"
#include "kubefed/kube/client.h"

namespace kubefed::cli {

struct LiveMembers {
    client::TimeMs now = 0;  // by the controller's clock
    client::FleetInfo info;
    std::vector<client::Cluster> clusters;
};

class LiveClusters final : private client::FleetSink {
public:
    LiveClusters(Environment& environment, kube::Client& api, const net::Identity& identity,
                 Duration deadline, Callback<LiveMembers> done);

private:
    void stateChanged(client::ConnectionState state, const Error& error) override;
    void reset(const client::FleetInfo& info, client::FleetChanges all) override;
    void changed(client::FleetChanges) override {}
    void end(Result<LiveMembers> result);

    Environment& m_env;
    Callback<LiveMembers> m_done;
    std::unique_ptr<client::FleetSource> m_controller;
    Request m_deadline;
    Request m_request;
};

}  // namespace kubefed::cli

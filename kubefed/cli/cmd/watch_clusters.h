// SPDX-License-Identifier: Apache-2.0
//
// `kubefed get clusters --watch`: the table of members from the controller's live stream, then a row for each
// one that changes, until Ctrl-C. A member of which nothing is heard for too long is a change as well, and
// one that leaves has a last row; ages and latencies alone are no change. One object is one run; main thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "kubefed/cli/cmd/get.h"
#include "kubefed/client/fleet_fold.h"

namespace kubefed::cli {

class WatchClusters final : public FederationVerb, private client::FleetSink {
public:
    WatchClusters(Environment& environment, GetOptions options);

protected:
    void run() override;

private:
    void stateChanged(client::ConnectionState state, const Error& error) override;
    void reset(const client::FleetInfo& info, client::FleetChanges all) override;
    void changed(client::FleetChanges changes) override;

    // Rows that differ from what was printed of them; looks again when one becomes old.
    void show();
    void failNobody();
    [[nodiscard]] bool isWanted(const client::Cluster& cluster) const;
    [[nodiscard]] bool isOld(const client::Cluster& cluster) const;

    GetOptions m_options;
    std::string m_name;  // empty: all
    client::FleetFold m_fold;
    bool m_isLive = false;
    bool m_hasHeaders = false;
    std::map<std::string, std::string> m_shown;  // by name: what of a row counts as a change
    std::vector<client::Cluster> m_left;         // members until now, not told yet
    std::vector<std::size_t> m_widths;           // of the columns so far
    std::unique_ptr<client::FleetSource> m_controller;
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// The table of members: what each is, when it was last heard of, and what is wrong with it. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kubefed/cli/format/table.h"
#include "kubefed/client/fleet_types.h"
#include "kubefed/fed/types.h"

namespace kubefed::cli {

// The live fleet, as far as it is known.
struct LiveView {
    std::span<const client::Cluster> clusters = {};
    client::TimeMs now = 0;
    client::FleetInfo info = {};
};

// NAME STATUS SEEN VERSION NODES SYNCED LATENCY REASON AGE; figures that are not known are '?'.
// The worst first, as in the window, then by name. Those that are in `live` too are shown as they are there:
// written figures are up to a minute old.
[[nodiscard]] Table clusterTable(const std::vector<fed::MemberCluster>& members, WallTime now,
                                 const LiveView& live = {});
// The same of the live fleet alone.
[[nodiscard]] Table clusterTable(std::span<const client::Cluster* const> clusters, client::TimeMs now,
                                 const client::FleetInfo& info);
// The last row of one that is no member any more: STATUS says Left, and what was known is history.
[[nodiscard]] std::vector<std::string> leftRow(const client::Cluster& cluster, client::TimeMs now);
// Equal as long as only its ages and its latency differ.
[[nodiscard]] std::string changeKey(const client::Cluster& cluster);

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// How urgent the state of a cluster is, in the window and in tables alike. Pure; any thread.
#pragma once

#include "kubefed/client/fleet_types.h"

namespace kubefed::client {

// By rising urgency.
enum class Level { Good, Quiet, Busy, Unknown, Warn, Bad };

[[nodiscard]] Level levelOf(Phase phase);
// A figure that no contact confirmed for a probe's period and timeout, whatever it says.
[[nodiscard]] bool isOld(const Cluster& cluster, TimeMs now, const FleetInfo& info);

}  // namespace kubefed::client

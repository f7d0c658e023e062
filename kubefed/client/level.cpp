// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/level.h"

namespace kubefed::client {

Level levelOf(Phase phase) {
    switch (phase) {
        case Phase::Ready:
            return Level::Good;
        case Phase::Joining:
        case Phase::Leaving:
            return Level::Busy;
        case Phase::Degraded:
            return Level::Warn;
        case Phase::Unauthorized:
        case Phase::Unreachable:
            return Level::Bad;
        case Phase::Unknown:
            break;
    }
    return Level::Unknown;
}

bool isOld(const Cluster& cluster, TimeMs now, const FleetInfo& info) {
    // Who may not list clusters is told no times of contact, only phases.
    if (cluster.lastContact == 0)
        return info.seesClusters && cluster.phase == Phase::Ready;
    return isOverdue(cluster, now, info);
}

}  // namespace kubefed::client

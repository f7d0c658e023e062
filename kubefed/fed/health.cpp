// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/health.h"

#include <algorithm>

namespace kubefed::fed {
namespace {

Phase phaseOf(ProbeOutcome outcome) {
    switch (outcome) {
        case ProbeOutcome::Ok:
            return Phase::Ready;
        case ProbeOutcome::NotReady:
            return Phase::Degraded;
        case ProbeOutcome::Refused:
            return Phase::Unauthorized;
        case ProbeOutcome::Failed:
            break;
    }
    return Phase::Unreachable;
}

}  // namespace

Health afterProbe(Health health, const Probe& probe, WallTime now, const HealthConfig& config) {
    if (probe.outcome != ProbeOutcome::Failed) {
        health.contacted = true;
        health.lastContact = now;
        health.latency = probe.latency;
    }
    const bool ok = probe.outcome == ProbeOutcome::Ok;
    health.successes = ok ? std::min(health.successes + 1, config.successThreshold) : 0;
    health.failures = ok ? 0 : std::min(health.failures + 1, config.failureThreshold);
    if (!ok)
        health.message = probe.message;
    const bool enough =
        ok ? health.successes >= config.successThreshold : health.failures >= config.failureThreshold;
    const Phase next = phaseOf(probe.outcome);
    if (!enough || next == health.phase)
        return health;
    health.phase = next;
    health.since = now;
    if (ok)
        health.message.clear();
    return health;
}

std::string describe(const Health& health, const HealthConfig& config) {
    if (health.failures == 0 || health.message.empty())
        return {};
    return health.message + " (" + std::to_string(health.failures) + " of " +
           std::to_string(config.failureThreshold) + " probes)";
}

}  // namespace kubefed::fed

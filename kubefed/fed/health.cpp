// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/health.h"

#include <algorithm>
#include <utility>

namespace kubefed::fed {
namespace {

constexpr std::array kPhases{Phase::Ready, Phase::Degraded, Phase::Unauthorized, Phase::Unreachable};

// Joining is neither good nor bad: any verdict ends it.
std::size_t badness(Phase phase) {
    return static_cast<std::size_t>(std::ranges::find(kPhases, phase) - kPhases.begin());
}

void count(Health& health, std::size_t outcome, const HealthCheck& check) {
    for (std::size_t level = 0; level < kPhases.size(); ++level) {
        health.worse[level] =
            outcome >= level ? std::min(health.worse[level] + 1, check.failureThreshold) : 0;
        health.better[level] =
            outcome <= level ? std::min(health.better[level] + 1, check.successThreshold) : 0;
    }
    health.failures = outcome == 0 ? 0 : health.worse[outcome];
}

Phase nextPhase(const Health& health, const HealthCheck& check) {
    std::size_t worst = 0;
    for (std::size_t level = 1; level < kPhases.size(); ++level)
        if (health.worse[level] >= check.failureThreshold)
            worst = level;
    std::size_t best = kPhases.size() - 1;
    while (best > 0 && health.better[best - 1] >= check.successThreshold)
        --best;
    if (health.phase == Phase::Joining)
        return worst > 0 || best == 0 ? kPhases[worst] : Phase::Joining;
    return kPhases[std::clamp(badness(health.phase), worst, std::max(worst, best))];
}

void turn(Health& health, WallTime now, const HealthCheck& check) {
    const Phase next = nextPhase(health, check);
    if (std::exchange(health.phase, next) == next)
        return;
    health.since = now;
    if (next == Phase::Ready)
        health.message.clear();
}

}  // namespace

Health afterProbe(Health health, const Probe& probe, WallTime now, const HealthCheck& check) {
    if (probe.outcome != ProbeOutcome::Failed) {
        health.contacted = true;
        health.lastContact = now;
        health.latency = probe.latency;
    }
    const bool ok = probe.outcome == ProbeOutcome::Ok;
    count(health, static_cast<std::size_t>(probe.outcome), check);
    if (!ok)
        health.message = probe.message;
    turn(health, now, check);
    return health;
}

Health afterEdit(Health health, WallTime now, const HealthCheck& check) {
    for (int& counted : health.worse)
        counted = std::min(counted, check.failureThreshold);
    for (int& counted : health.better)
        counted = std::min(counted, check.successThreshold);
    health.failures = std::min(health.failures, check.failureThreshold);
    turn(health, now, check);
    return health;
}

std::string describe(const Health& health, const HealthCheck& check) {
    if (health.failures == 0 || health.message.empty())
        return {};
    return health.message + " (" + std::to_string(health.failures) + " of " +
           std::to_string(check.failureThreshold) + " probes)";
}

}  // namespace kubefed::fed

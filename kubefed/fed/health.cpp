// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/health.h"

#include <algorithm>

namespace kubefed::fed {
namespace {

constexpr std::array kPhases{Phase::Ready, Phase::Degraded, Phase::Unauthorized, Phase::Unreachable};

// Joining is neither good nor bad: any verdict ends it.
std::size_t badness(Phase phase) {
    return static_cast<std::size_t>(std::ranges::find(kPhases, phase) - kPhases.begin());
}

void count(Health& health, std::size_t outcome, const HealthConfig& config) {
    for (std::size_t level = 0; level < kPhases.size(); ++level) {
        health.worse[level] =
            outcome >= level ? std::min(health.worse[level] + 1, config.failureThreshold) : 0;
        health.better[level] =
            outcome <= level ? std::min(health.better[level] + 1, config.successThreshold) : 0;
    }
    health.failures = outcome == 0 ? 0 : health.worse[outcome];
}

Phase nextPhase(const Health& health, const HealthConfig& config) {
    std::size_t worst = 0;
    for (std::size_t level = 1; level < kPhases.size(); ++level)
        if (health.worse[level] >= config.failureThreshold)
            worst = level;
    std::size_t best = kPhases.size() - 1;
    while (best > 0 && health.better[best - 1] >= config.successThreshold)
        --best;
    if (health.phase == Phase::Joining)
        return worst > 0 || best == 0 ? kPhases[worst] : Phase::Joining;
    return kPhases[std::clamp(badness(health.phase), worst, std::max(worst, best))];
}

}  // namespace

Health afterProbe(Health health, const Probe& probe, WallTime now, const HealthConfig& config) {
    if (probe.outcome != ProbeOutcome::Failed) {
        health.contacted = true;
        health.lastContact = now;
        health.latency = probe.latency;
    }
    const bool ok = probe.outcome == ProbeOutcome::Ok;
    count(health, static_cast<std::size_t>(probe.outcome), config);
    if (!ok)
        health.message = probe.message;
    const Phase next = nextPhase(health, config);
    if (next == health.phase)
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

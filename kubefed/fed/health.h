// SPDX-License-Identifier: Apache-2.0
//
// A member's health, from probes of /readyz: a state machine that flips by threshold, exactly, so that one
// lost probe changes nothing. Outcomes stand in an order: Ok, NotReady, Refused, Failed. It becomes as bad as
// what failureThreshold probes in a row were at least, and as good as what successThreshold in a row were at
// most: `n n f` is NotReady three times over and no answer once. Pure; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "kubefed/fed/types.h"
#include "kubefed/util/clock.h"

namespace kubefed::fed {

// From good to bad.
enum class ProbeOutcome {
    Ok,
    NotReady,  // it answered, but a readyz check fails there
    Refused,   // 401 or 403: it answered, but not to us
    Failed,    // no answer: refused, reset, timed out, TLS
};

struct Probe {
    ProbeOutcome outcome = ProbeOutcome::Failed;
    Duration latency{0};
    std::string message;  // of anything but Ok: what and why
};

struct Health {
    Phase phase = Phase::Joining;  // Joining, Ready, Degraded, Unauthorized or Unreachable
    int failures = 0;              // probes in a row, up to the last, at least as bad as it; 0 after an Ok
    std::array<int, 4> worse{};    // by outcome: probes in a row at least as bad, at most failureThreshold
    std::array<int, 4> better{};   // by outcome: probes in a row at most as bad, at most successThreshold
    bool contacted = false;        // lastContact is set
    WallTime lastContact;
    WallTime since;  // of the phase
    Duration latency{0};
    std::string message;  // of the last probe that was not Ok, while not Ready
};

[[nodiscard]] Health afterProbe(Health health, const Probe& probe, WallTime now, const HealthCheck& check);
// The thresholds became others: what was counted is judged by them at once.
[[nodiscard]] Health afterEdit(Health health, WallTime now, const HealthCheck& check);
// "connection timed out (2 of 3 probes)"
[[nodiscard]] std::string describe(const Health& health, const HealthCheck& check);
// May anything be read from or written to it? (Joining counts: its first lists are what makes it Ready.)
[[nodiscard]] inline bool isReachable(Phase phase) {
    return phase != Phase::Unreachable && phase != Phase::Unauthorized;
}

}  // namespace kubefed::fed

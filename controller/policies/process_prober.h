// SPDX-License-Identifier: Apache-2.0
//
// Probes by starting kubefed-policy-probe, which limits its own memory and processor time; the wall-clock
// limit is kept here. Core thread.
#pragma once

#include "controller/policies/policy_prober.h"
#include "kubefed/util/clock.h"

namespace kubefed::controller {

class ProcessProber final : public PolicyProber {
public:
    struct Config {
        std::filesystem::path program;   // kubefed-policy-probe
        std::filesystem::path builtins;  // the folder of the built-in policies
        std::filesystem::path scratch;   // for the copies that probes load; mode 0700, made on demand
        Duration limit{15'000};
    };
    ProcessProber(Config config, Clock& clock) : m_config(std::move(config)), m_clock(clock) {}

    Request probe(const std::filesystem::path& library, std::vector<kube::JsonObject> configs,
                  std::function<void(ProbeAnswer)> done) override;

private:
    const Config m_config;
    Clock& m_clock;
};

}  // namespace kubefed::controller

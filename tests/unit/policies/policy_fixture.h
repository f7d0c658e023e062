// SPDX-License-Identifier: Apache-2.0
//
// The built-in policies as the controller would use them: from their libraries, through schedule().
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "plugins/host/registry.h"
#include "tests/unit/fed/fleet_builders.h"

namespace kubefed::fed::testing {

inline std::filesystem::path builtinPolicies() {
    const char* bin = std::getenv("KUBEFED_BIN_DIR");
    return std::filesystem::path(bin == nullptr ? "." : bin) / "policies";
}

// Decides by a policy given as its spec in YAML, a new generation each time.
class Decider {
public:
    explicit Decider(const std::filesystem::path& folder) : m_registry(folder / "cache") {
        const auto report = m_registry.loadFolder(builtinPolicies());
        m_isReady = report.loaded.size() == 4 && report.refused.empty();
    }
    [[nodiscard]] bool isReady() const { return m_isReady; }

    [[nodiscard]] Policy policyOf(const std::string& specYaml) {
        kube::Object source = object(
            "{\"kind\": \"PlacementPolicy\", \"metadata\": {\"name\": \"web\", "
            "\"namespace\": \"shop\", \"uid\": \"u1\"}}");
        source.document()["spec"] = kube::parseYaml("resourceSelectors: [{}]\n" + specYaml).value().front();
        source.metadata()["generation"] = ++m_generation;
        return Policy::decode(source).value();
    }
    [[nodiscard]] Decision decide(const FleetPtr& fleet, Workload workload, const Policy& policy,
                                  const PlacementSpec* last = nullptr, bool explain = true) {
        if (last != nullptr)
            workload.current = currentOf(*last);
        auto round = m_registry.open(policy);
        return schedule({.fleet = fleet,
                         .workload = std::move(workload),
                         .last = last,
                         .policy = &policy,
                         .round = round ? round->get() : nullptr,
                         .roundError = round ? std::string() : round.error().message,
                         .explain = explain});
    }
    [[nodiscard]] Decision decide(const FleetPtr& fleet, Workload workload, const std::string& specYaml) {
        return decide(fleet, std::move(workload), policyOf(specYaml));
    }

private:
    plugins::PolicyRegistry m_registry;
    std::int64_t m_generation = 0;
    bool m_isReady = false;
};

}  // namespace kubefed::fed::testing

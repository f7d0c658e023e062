// SPDX-License-Identifier: Apache-2.0
//
// A round written down: clusters, a workload, what is configured and what is expected of it. The format is
// docs/policy-cases.md, its schema policy_case_schema.cpp; what does not fit is refused with file and line.
// Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/fed/policy_round.h"

namespace kubefed::cli {

// Only what is set is compared.
struct Expectation {
    std::optional<std::map<std::string, std::int64_t>> placement;  // 1 for types without replicas
    std::optional<std::int64_t> unplaced;
    std::string reason;
    std::string message;                          // a part of it
    std::map<std::string, std::string> verdicts;  // by cluster, a part of it
    std::map<std::string, double> scores;         // by cluster, to three digits
    [[nodiscard]] bool isEmpty() const {
        return !placement && !unplaced && reason.empty() && message.empty() && verdicts.empty() &&
               scores.empty();
    }
};

struct PolicyCase {
    std::string file;
    std::string name;  // of the case; the file's where it has none
    fed::FleetPtr fleet;
    fed::Workload workload;  // its labels point into `labels`
    std::shared_ptr<const kube::JsonObject> labels;
    kube::JsonObject config;                 // of the one plugin under test
    std::optional<kube::JsonObject> policy;  // or the spec of a whole PlacementPolicy
    Expectation expect;
};

// Every case of a file; errors begin with `file` and a line.
[[nodiscard]] Result<std::vector<PolicyCase>> readPolicyCases(const std::string& text,
                                                              const std::string& file);
// A manifest of a PlacementPolicy or ClusterPlacementPolicy, checked against its CRD as strictly.
[[nodiscard]] Result<fed::Policy> readPolicyManifest(const std::string& text, const std::string& file);
// The spec of a PlacementPolicy that a case carries, as the policy "case".
[[nodiscard]] Result<fed::Policy> policyOfSpec(const kube::JsonObject& spec);

// The schema of a case as YAML (without that of `policy`, which is the PlacementPolicy's).
[[nodiscard]] std::string_view policyCaseSchema();

}  // namespace kubefed::cli

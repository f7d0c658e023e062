// SPDX-License-Identifier: Apache-2.0
//
// Decides cases offline: loads the built-in policies and the library under test as the controller would, and
// runs whole rounds. What it loads stays loaded as long as the process. Main thread; blocking.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/cli/environment.h"
#include "kubefed/cli/policy/policy_case.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::plugins {
class PolicyRegistry;
}

namespace kubefed::cli {

// What is asked to decide.
struct PolicySubject {
    std::string plugin;                 // one plugin, by the name that it gave or that was given
    std::optional<fed::Policy> policy;  // or a whole policy from a manifest
};

class PolicyBench {
public:
    explicit PolicyBench(const Environment& environment);
    ~PolicyBench();
    PolicyBench(const PolicyBench&) = delete;
    PolicyBench& operator=(const PolicyBench&) = delete;

    // `what`: a library file, the manifest of a policy, or the name of a built-in plugin; `libraries`: more
    // plugins that the policy lists. KF1601, KF1602, KF1605.
    [[nodiscard]] std::expected<PolicySubject, CliError> load(const std::string& what,
                                                              const std::vector<std::string>& libraries);
    // KF1602 where case and subject do not go together.
    [[nodiscard]] std::expected<fed::Decision, CliError> decide(const PolicySubject& subject,
                                                                const PolicyCase& policyCase);

private:
    [[nodiscard]] std::expected<std::string, CliError> loadLibrary(const std::filesystem::path& file);

    std::filesystem::path m_builtins;
    std::filesystem::path m_cache;
    std::unique_ptr<plugins::PolicyRegistry> m_registry;
    std::int64_t m_generation = 0;
};

// The cases of one file, or of every *.yaml of a folder; KF1602.
[[nodiscard]] std::expected<std::vector<PolicyCase>, CliError> loadCases(const std::filesystem::path& path);

}  // namespace kubefed::cli

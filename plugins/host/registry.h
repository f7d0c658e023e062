// SPDX-License-Identifier: Apache-2.0
//
// The policy plugins of this process: loads libraries (the only place with Boost.DLL; never unloaded, since
// code that once ran may still be referred to), and opens rounds for PlacementPolicies. One per controller or
// command, made by its composition root; any thread. Policy objects are made once per (policy, plugin,
// configuration) and used from one thread at a time: a second round of one policy waits for the first.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/fed/policy_round.h"
#include "plugins/host/manifest.h"

namespace kubefed::plugins {

struct PluginInfo {
    Manifest manifest;
    std::filesystem::path file;  // as it was given
    std::string sha256;
};

struct Refusal {
    std::filesystem::path file;
    Error error;
};

struct ScanReport {
    std::vector<PluginInfo> loaded;
    std::vector<Refusal> refused;
};

class PolicyRegistry {
public:
    // Libraries are copied into `cacheFolder` (made with mode 0700) and loaded from there.
    explicit PolicyRegistry(std::filesystem::path cacheFolder);
    ~PolicyRegistry();
    PolicyRegistry(const PolicyRegistry&) = delete;
    PolicyRegistry& operator=(const PolicyRegistry&) = delete;

    // Refused libraries change nothing. A second library of one name is refused, the same file again is not.
    [[nodiscard]] Result<PluginInfo> load(const std::filesystem::path& file);
    // Every *.so of a folder, in the order of their names; one that is refused does not stop the others. A
    // folder that is not there is a refusal.
    [[nodiscard]] ScanReport loadFolder(const std::filesystem::path& folder);
    [[nodiscard]] std::vector<PluginInfo> plugins() const;  // by name

    // The plugins of a policy, ready for one round, until the round is destroyed: affinity and taints, what
    // the policy lists, weighted if nothing else divides. InvalidArgument (for reason PolicyError): an
    // unknown plugin, a configuration that it does not accept.
    [[nodiscard]] Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy);
    // The policy is gone; its policy objects may go.
    void forget(std::string_view policyUid);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

// Where the built-in policies are: policies/ beside the running program, or ../lib/kubefed/policies of an
// installation. Empty if neither is there.
[[nodiscard]] std::filesystem::path builtinPolicyFolder();

}  // namespace kubefed::plugins

// SPDX-License-Identifier: Apache-2.0
//
// The policy plugins of this process: loads libraries (never unloaded: a version that was replaced stays
// mapped), replaces and removes them between rounds, and opens rounds for PlacementPolicies. One per
// controller or command, made by its composition root; any thread. Policy objects are made once per (policy,
// plugin, configuration) and used from one thread at a time: a second round of one policy waits for the
// first. open() runs plugins' code on its caller's thread (it also destroys what others have retired), and
// prepare() does; nothing else waits for plugins.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/fed/policy_round.h"
#include "plugins/host/manifest.h"

namespace kubefed::plugins {

class CallMonitor;

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

// Since the registry was made; of a name, whatever version ran.
struct PluginStats {
    std::uint64_t calls = 0;  // of stages
    std::uint64_t failures = 0;
    std::string lastError;
    std::chrono::nanoseconds p50{0}, p99{0};  // what calls took; 0: there were none
};

class PolicyRegistry {
public:
    // A library that is ready to run and does not yet.
    class Replacement {
    public:
        Replacement() = default;
        Replacement(const Replacement&) = delete;
        Replacement& operator=(const Replacement&) = delete;
        virtual ~Replacement() = default;
        [[nodiscard]] virtual const PluginInfo& info() const = 0;
    };

    // Different libraries that a process may load: each keeps its memory for good.
    static constexpr std::size_t kMaxGenerations = 256;

    // Libraries are copied into `cacheFolder` (made with mode 0700) and loaded from there. `monitor`, which
    // may be null, outlives the registry and the rounds.
    explicit PolicyRegistry(std::filesystem::path cacheFolder, CallMonitor* monitor = nullptr,
                            std::size_t maxGenerations = kMaxGenerations);
    ~PolicyRegistry();
    PolicyRegistry(const PolicyRegistry&) = delete;
    PolicyRegistry& operator=(const PolicyRegistry&) = delete;

    // Refused libraries change nothing. A second library of one name is refused, the same file again is not.
    [[nodiscard]] Result<PluginInfo> load(const std::filesystem::path& file);
    // Every *.so of a folder, in the order of their names; one that is refused does not stop the others. A
    // folder that is not there is a refusal.
    [[nodiscard]] ScanReport loadFolder(const std::filesystem::path& folder);
    [[nodiscard]] std::vector<PluginInfo> plugins() const;  // by name

    // Loads a library and makes its policy objects for every policy that uses its name now, for commit().
    // InvalidArgument: refused, or a policy's configuration does not fit it; ResourceExhausted: too many
    // generations. Whatever fails, nothing has changed.
    [[nodiscard]] Result<std::unique_ptr<Replacement>> prepare(const std::filesystem::path& file);
    // From the next round on. Rounds under way end with what they began with.
    void commit(std::unique_ptr<Replacement> replacement);
    void remove(const std::string& name);
    // As if it were not there, with `why` as the reason.
    void disable(const std::string& name, std::string why);
    void enable(const std::string& name);

    [[nodiscard]] std::map<std::string, PluginStats, std::less<>> stats() const;
    [[nodiscard]] std::size_t generations() const;  // different libraries loaded so far

    // The plugins of a policy, ready for one round, until the round is destroyed: affinity and taints, what
    // the policy lists, weighted if nothing else divides. InvalidArgument (for reason PolicyError): an
    // unknown plugin, a configuration that it does not accept.
    [[nodiscard]] Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy);
    // The policy is gone; its policy objects may go. No new version has to fit it any more, and what open()
    // still makes of it is not kept.
    void forget(std::string_view policyUid);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

// Where the built-in policies are: policies/ beside the running program, or ../lib/kubefed/policies of an
// installation. Empty if neither is there.
[[nodiscard]] std::filesystem::path builtinPolicyFolder();

}  // namespace kubefed::plugins

// SPDX-License-Identifier: Apache-2.0
//
// What is told of a plugin: in the status of its PolicyPlugin, by gRPC and in the metrics. Functions of what
// PolicyManager knows of it, of its object and of its counters. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/policies/policy_installer.h"
#include "kubefed/fed/policy_plugin.h"
#include "plugins/host/registry.h"

namespace kubefed::controller {

struct PolicyWord {  // for a condition
    bool holds = true;
    std::string reason;
    std::string message;
};

struct PolicyFacts {
    fed::PolicyPluginSpec::Source source = fed::PolicyPluginSpec::Source::Library;
    std::optional<plugins::PluginInfo> active;
    bool isDisabled = false;
    bool isLeftOut = false;               // by the way the controller was started
    std::optional<PolicyWord> suspicion;  // of the process before, until the object says Disabled
    std::optional<PolicyWord> hung;       // now; a call of it does not come back
    bool hasComeBack = false;             // from such a call
    PolicyWord ready;                     // where nothing is active
    std::optional<PolicyWord> installed;
    // What was installed while it is disabled, and is mapped when it is Active again; else empty.
    struct Waiting {
        std::string version;
        std::string sha256;
    };
    Waiting waiting;
};

// Its Ready condition says that it crashed or hung.
[[nodiscard]] bool isAccused(const fed::PolicyPluginStatus& status);

using PolicyStats = std::map<std::string, plugins::PluginStats, std::less<>>;  // by name
[[nodiscard]] const plugins::PluginStats* statsOf(const PolicyStats& stats, const std::string& name);

// `counters`: null leaves those that the object has. `now`: RFC 3339.
[[nodiscard]] fed::PolicyPluginStatus policyStatus(const PolicyFacts& facts, const fed::PolicyPlugin& object,
                                                   const plugins::PluginStats* counters,
                                                   const std::string& now);
// `object` and `counters`: null where there are none yet.
[[nodiscard]] InstalledPolicy describePolicy(const std::string& name, const PolicyFacts& facts,
                                             const fed::PolicyPlugin* object,
                                             const plugins::PluginStats* counters);
// `isActive` by name.
[[nodiscard]] std::string policyMetrics(const PolicyStats& stats, const std::map<std::string, bool>& isActive,
                                        std::size_t generations);

}  // namespace kubefed::controller

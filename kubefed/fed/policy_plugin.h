// SPDX-License-Identifier: Apache-2.0
//
// The kind PolicyPlugin as a value: a plugin that policies may list. See types.h for the rules of decoding
// and encoding. Values; any thread.
#pragma once

#include "kubefed/fed/types.h"

namespace kubefed::fed {

struct PolicyPluginSpec {
    enum class Source { Builtin, Folder, Library };
    Source source = Source::Builtin;
    std::string sha256;  // Library
    bool isDisabled = false;
    bool operator==(const PolicyPluginSpec&) const = default;
};

// "builtin", "folder", "library": as the field of spec.source is called, wherever it is told.
[[nodiscard]] std::string_view toString(PolicyPluginSpec::Source source);

struct PolicyPluginStatus {
    std::int64_t observedGeneration = 0;
    std::string version;
    std::string description;
    std::string abi;
    std::string sha256;
    std::string state;  // "Active", "Disabled", "Failed"
    std::vector<std::string> stages;
    std::int64_t calls = 0;
    std::int64_t failures = 0;
    std::string lastError;
    std::int64_t p50Micros = 0;  // what calls took; 0: there were none
    std::int64_t p99Micros = 0;
    std::int64_t libraryGeneration = 0;  // which library of its name it is, from 1 on
    std::vector<Condition> conditions;
    bool operator==(const PolicyPluginStatus&) const = default;
};

// Conditions, and the reasons of Ready that outlive what they tell of.
inline constexpr std::string_view kPluginReady = "Ready";
inline constexpr std::string_view kPluginInstalled = "Installed";
inline constexpr std::string_view kPluginCrashed = "Crashed";
inline constexpr std::string_view kPluginHung = "Hung";

struct PolicyPlugin {
    std::string name;
    std::string uid;
    std::string resourceVersion;
    std::int64_t generation = 0;
    PolicyPluginSpec spec;
    PolicyPluginStatus status;

    [[nodiscard]] static Result<PolicyPlugin> decode(const kube::Object& object);
};

// A call of it has not come back, so nothing is decided; only a restart of the controller ends that.
[[nodiscard]] inline bool isHanging(const PolicyPluginStatus& status) {
    const Condition* ready = findCondition(status.conditions, kPluginReady);
    return status.state == "Failed" && ready != nullptr && ready->reason == kPluginHung;
}

[[nodiscard]] kube::JsonObject encode(const PolicyPluginSpec& spec);
[[nodiscard]] kube::JsonObject encode(const PolicyPluginStatus& status);
// A new object of that name.
[[nodiscard]] kube::Object makePolicyPlugin(std::string_view name, const PolicyPluginSpec& spec);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "controller/policies/policy_report.h"

#include "controller/metrics.h"

namespace kubefed::controller {
namespace {

std::vector<std::string> stagesOf(const plugins::Manifest& manifest) {
    std::vector<std::string> stages;
    for (const fed::Stage stage :
         {fed::Stage::Filter, fed::Stage::Score, fed::Stage::Select, fed::Stage::Limit, fed::Stage::Divide})
        if (((manifest.stages >> static_cast<unsigned>(stage)) & 1U) != 0)
            stages.emplace_back(fed::toString(stage));
    return stages;
}

std::string abiOf(const plugins::Manifest& manifest) {
    return std::to_string(manifest.abiMajor) + "." + std::to_string(manifest.abiMinor);
}

std::int64_t microsOf(std::chrono::nanoseconds took) {
    return std::chrono::ceil<std::chrono::microseconds>(took).count();
}

InstalledPolicy::State stateOf(const PolicyFacts& facts) {
    if (facts.hung)
        return InstalledPolicy::State::Failed;
    if (facts.isDisabled)
        return InstalledPolicy::State::Disabled;
    return facts.active ? InstalledPolicy::State::Active : InstalledPolicy::State::Failed;
}

PolicyWord readyWord(const PolicyFacts& facts, const fed::PolicyPlugin& object) {
    if (facts.hung)
        return *facts.hung;
    if (facts.isDisabled) {
        // What it was disabled for outlives the process that found it.
        if (facts.suspicion)
            return *facts.suspicion;
        const fed::Condition* before = fed::findCondition(object.status.conditions, fed::kPluginReady);
        if (isAccused(object.status) && !facts.hasComeBack)
            return {.holds = false, .reason = before->reason, .message = before->message};
        return {.holds = false,
                .reason = "Disabled",
                .message = "spec.mode is Disabled; to undo it: kubefed policy enable " + object.name};
    }
    if (facts.active)
        return {.holds = true, .reason = "Active", .message = {}};
    if (!facts.ready.reason.empty())
        return facts.ready;
    return {.holds = false,
            .reason = "NotLoaded",
            .message = object.spec.source == fed::PolicyPluginSpec::Source::Folder
                           ? "no folder of plugins has it; see --plugin-dir"
                           : "it has not been loaded yet"};
}

}  // namespace

bool isAccused(const fed::PolicyPluginStatus& status) {
    const fed::Condition* ready = fed::findCondition(status.conditions, fed::kPluginReady);
    return ready != nullptr && (ready->reason == fed::kPluginCrashed || ready->reason == fed::kPluginHung);
}

const plugins::PluginStats* statsOf(const PolicyStats& stats, const std::string& name) {
    const auto found = stats.find(name);
    return found == stats.end() ? nullptr : &found->second;
}

fed::PolicyPluginStatus policyStatus(const PolicyFacts& facts, const fed::PolicyPlugin& object,
                                     const plugins::PluginStats* counters, const std::string& now) {
    fed::PolicyPluginStatus status;
    status.observedGeneration = object.generation;
    status.conditions = object.status.conditions;
    status.calls = object.status.calls;
    status.failures = object.status.failures;
    status.lastError = object.status.lastError;
    status.p50Micros = object.status.p50Micros;
    status.p99Micros = object.status.p99Micros;
    status.libraryGeneration = object.status.libraryGeneration;
    if (counters != nullptr) {
        status.calls = static_cast<std::int64_t>(counters->calls);
        status.failures = static_cast<std::int64_t>(counters->failures);
        status.lastError = counters->lastError;
        status.p50Micros = microsOf(counters->p50);
        status.p99Micros = microsOf(counters->p99);
    }
    if (!facts.waiting.sha256.empty()) {
        status.version = facts.waiting.version;
        status.sha256 = facts.waiting.sha256;
    } else if (facts.active) {
        status.version = facts.active->manifest.version;
        status.description = facts.active->manifest.description;
        status.abi = abiOf(facts.active->manifest);
        status.sha256 = facts.active->sha256;
        status.stages = stagesOf(facts.active->manifest);
        if (object.status.sha256 != status.sha256 || status.libraryGeneration == 0)
            ++status.libraryGeneration;
    } else if (facts.isDisabled || facts.isLeftOut) {
        // It is not mapped: what is known is what was told when it was.
        status.version = object.status.version;
        status.description = object.status.description;
        status.abi = object.status.abi;
        status.sha256 = object.status.sha256;
        status.stages = object.status.stages;
    }
    status.state = toString(stateOf(facts));
    const auto set = [&](std::string_view type, const PolicyWord& word) {
        fed::setCondition(status.conditions,
                          {.type = std::string(type),
                           .status = word.holds ? "True" : "False",
                           .reason = word.reason,
                           .message = word.message,
                           .lastTransitionTime = {},
                           .observedGeneration = object.generation},
                          now);
    };
    set(fed::kPluginReady, readyWord(facts, object));
    if (facts.installed)
        set(fed::kPluginInstalled, *facts.installed);
    return status;
}

InstalledPolicy describePolicy(const std::string& name, const PolicyFacts& facts,
                               const fed::PolicyPlugin* object, const plugins::PluginStats* counters) {
    InstalledPolicy result;
    result.name = name;
    result.source = toString(facts.source);
    const fed::PolicyPluginStatus status =
        policyStatus(facts, object == nullptr ? fed::PolicyPlugin{} : *object, nullptr, {});
    result.version = status.version;
    result.description = status.description;
    result.abi = status.abi;
    result.sha256 = status.sha256;
    result.stages = status.stages;
    if (facts.active && facts.waiting.sha256.empty()) {
        const plugins::Manifest& manifest = facts.active->manifest;
        result.author = manifest.author;
        result.licence = manifest.licence;
        if (!manifest.configSchema.is_null())
            result.configSchema = kube::printJson(manifest.configSchema);
    }
    result.state = stateOf(facts);
    result.libraryGeneration = static_cast<std::uint32_t>(status.libraryGeneration);
    if (object != nullptr)
        for (const fed::Condition& condition : status.conditions)
            if (!condition.isTrue() && result.message.empty())
                result.message = condition.message;
    if (counters != nullptr) {
        result.calls = counters->calls;
        result.failures = counters->failures;
        result.lastError = counters->lastError;
        result.p50 = counters->p50;
        result.p99 = counters->p99;
    }
    return result;
}

std::string policyMetrics(const PolicyStats& stats, const std::map<std::string, bool>& isActive,
                          std::size_t generations) {
    std::string text;
    printHeader(text, "kubefed_policy_calls_total", "counter", "Calls of a plugin's stages.");
    for (const auto& [name, counted] : stats)
        printSample(text, "kubefed_policy_calls_total", {{"plugin", name}},
                    static_cast<double>(counted.calls));
    printHeader(text, "kubefed_policy_failures_total", "counter",
                "Calls that failed or gave an invalid answer.");
    for (const auto& [name, counted] : stats)
        printSample(text, "kubefed_policy_failures_total", {{"plugin", name}},
                    static_cast<double>(counted.failures));
    printHeader(text, "kubefed_policy_call_seconds", "gauge",
                "So long or less took that share of the calls.");
    for (const auto& [name, counted] : stats)
        for (const auto& [quantile, took] : {std::pair("0.5", counted.p50), std::pair("0.99", counted.p99)})
            if (counted.calls != 0)
                printSample(text, "kubefed_policy_call_seconds", {{"plugin", name}, {"quantile", quantile}},
                            std::chrono::duration<double>(took).count());
    printHeader(text, "kubefed_policy_active", "gauge", "1 where policies may use the plugin, else 0.");
    for (const auto& [name, active] : isActive)
        printSample(text, "kubefed_policy_active", {{"plugin", name}}, active ? 1 : 0);
    printHeader(text, "kubefed_policy_generations", "gauge",
                "Different policy libraries that this process has loaded; none is ever unloaded.");
    printSample(text, "kubefed_policy_generations", {}, static_cast<double>(generations));
    return text;
}

}  // namespace kubefed::controller

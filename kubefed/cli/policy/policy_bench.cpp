// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/policy/policy_bench.h"

#include <algorithm>
#include <cstdlib>

#include "kubefed/util/file.h"
#include "plugins/host/registry.h"

namespace kubefed::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNothing = "nothing was changed";

std::unexpected<CliError> badCase(std::string evidence, std::string message = "the case cannot be used") {
    return std::unexpected(CliError{.id = "KF1602",
                                    .message = std::move(message),
                                    .evidence = std::move(evidence),
                                    .remedy = "correct it; docs/policy-cases.md describes the format",
                                    .changed = std::string(kNothing)});
}

bool isLibrary(const std::string& what) {
    return what.ends_with(".so") || (what.find('/') != std::string::npos && !what.ends_with(".yaml") &&
                                     !what.ends_with(".yml") && !what.ends_with(".json"));
}

bool isManifest(const std::string& what) {
    return what.ends_with(".yaml") || what.ends_with(".yml") || what.ends_with(".json");
}

// What stands before the round: the current shares, decided by this same policy.
std::optional<fed::PlacementSpec> lastOf(const fed::Workload& workload, const fed::Policy& policy) {
    if (workload.current.empty())
        return std::nullopt;
    const bool isReplicated = workload.form == fed::Form::Replicated;
    fed::PlacementSpec last;
    last.policy = policy.ref;
    std::int64_t sum = 0;
    for (const fed::CurrentShare& share : workload.current) {
        sum += share.replicas;
        last.clusters.push_back({share.cluster, isReplicated ? std::optional(share.replicas) : std::nullopt});
    }
    std::ranges::sort(last.clusters, {}, &fed::ClusterShare::name);
    if (isReplicated)
        last.replicas = sum;
    return last;
}

}  // namespace

PolicyBench::PolicyBench(const Environment& environment) : m_builtins(environment.programs / "policies") {
    std::error_code error;
    if (!fs::is_directory(m_builtins, error))
        m_builtins = plugins::builtinPolicyFolder();
    std::string name = (fs::temp_directory_path(error) / "kubefed-policy.XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr)
        m_cache = name;
}

PolicyBench::~PolicyBench() {
    std::error_code ignored;
    if (!m_cache.empty())
        fs::remove_all(m_cache, ignored);  // what is mapped stays mapped
}

std::expected<std::string, CliError> PolicyBench::loadLibrary(const fs::path& file) {
    auto loaded = m_registry->load(file);
    if (loaded)
        return loaded->manifest.name;
    return std::unexpected(CliError{.id = "KF1601",
                                    .message = "\"" + file.string() + "\" cannot be used as a policy",
                                    .evidence = loaded.error().message,
                                    .remedy = "docs/policy-sdk.md shows how a policy is built",
                                    .changed = std::string(kNothing)});
}

std::expected<PolicySubject, CliError> PolicyBench::load(const std::string& what,
                                                         const std::vector<std::string>& libraries) {
    // A new one each time: a library that was built again must not meet its older self.
    m_registry = std::make_unique<plugins::PolicyRegistry>(m_cache / "policies");
    const plugins::ScanReport builtins = m_registry->loadFolder(m_builtins);
    if (!builtins.refused.empty() || builtins.loaded.empty())
        return std::unexpected(
            CliError{.id = "KF1601",
                     .message = builtins.refused.empty() ? "the built-in policies are not installed"
                                                         : "a built-in policy cannot be used",
                     .evidence = builtins.refused.empty() ? "they are looked for in " + m_builtins.string()
                                                          : builtins.refused.front().error.message,
                     .remedy = "install kubefed whole: cmake --install build/release --prefix PREFIX",
                     .changed = std::string(kNothing)});
    for (const std::string& library : libraries)
        if (const auto loaded = loadLibrary(library); !loaded)
            return std::unexpected(loaded.error());
    PolicySubject subject;
    if (isManifest(what)) {
        const auto text = readFile(what);
        if (!text)
            return badCase(text.error().text(), "the policy cannot be read");
        auto policy = readPolicyManifest(*text, what);
        if (!policy)
            return badCase(policy.error().text(), "the policy cannot be read");
        subject.policy = *std::move(policy);
        return subject;
    }
    if (isLibrary(what)) {
        auto name = loadLibrary(what);
        if (!name)
            return std::unexpected(name.error());
        subject.plugin = *std::move(name);
        return subject;
    }
    std::string known;
    for (const plugins::PluginInfo& plugin : m_registry->plugins()) {
        if (plugin.manifest.name == what)
            subject.plugin = what;
        known += (known.empty() ? "" : ", ") + plugin.manifest.name;
    }
    if (!subject.plugin.empty())
        return subject;
    return std::unexpected(CliError{.id = "KF1605",
                                    .message = "there is no built-in policy \"" + what + "\"",
                                    .evidence = "built in are " + known,
                                    .remedy = "name one of them, a library (*.so) or a policy (*.yaml)",
                                    .changed = std::string(kNothing)});
}

std::expected<fed::Decision, CliError> PolicyBench::decide(const PolicySubject& subject,
                                                           const PolicyCase& policyCase) {
    fed::Policy policy;
    if (subject.policy) {
        if (policyCase.policy || !policyCase.config.empty())
            return badCase("\"" + policyCase.file + "\" has a policy or a config of its own, and \"" +
                           subject.policy->ref.text() + "\" was given");
        policy = *subject.policy;
    } else if (policyCase.policy) {
        auto decoded = policyOfSpec(*policyCase.policy);
        if (!decoded)
            return badCase(decoded.error().text());
        policy = *std::move(decoded);
        const bool isAlways = subject.plugin == "affinity" || subject.plugin == "taints";
        if (!isAlways &&
            std::ranges::find(policy.plugins, subject.plugin, &fed::PluginUse::name) == policy.plugins.end())
            return badCase("\"" + policyCase.file + "\": its policy does not list the plugin \"" +
                           subject.plugin + "\"");
    } else {
        policy.ref.kind = "PlacementPolicy";
        policy.ref.name = subject.plugin;
        policy.plugins.push_back({.name = subject.plugin, .config = policyCase.config});
    }
    policy.ref.uid = "case";
    policy.ref.generation = ++m_generation;
    auto round = m_registry->open(policy);
    const auto last = lastOf(policyCase.workload, policy);
    return fed::schedule({.fleet = policyCase.fleet,
                          .workload = policyCase.workload,
                          .last = last ? &*last : nullptr,
                          .policy = &policy,
                          .round = round ? round->get() : nullptr,
                          .roundError = round ? std::string() : round.error().message});
}

std::expected<std::vector<PolicyCase>, CliError> loadCases(const fs::path& path) {
    std::vector<fs::path> files{path};
    std::error_code error;
    if (fs::is_directory(path, error)) {
        files.clear();
        for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
            if (at->path().extension() == ".yaml" || at->path().extension() == ".yml")
                files.push_back(at->path());
        std::ranges::sort(files);
    }
    std::vector<PolicyCase> cases;
    for (const fs::path& file : files) {
        const auto text = readFile(file);
        if (!text)
            return badCase(text.error().text());
        auto read = readPolicyCases(*text, file.string());
        if (!read)
            return badCase(read.error().text());
        std::ranges::move(*read, std::back_inserter(cases));
    }
    if (cases.empty())
        return badCase("\"" + path.string() + "\" holds no *.yaml", "there are no cases");
    return cases;
}

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/registry.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <boost/dll/library_info.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "plugins/host/instance.h"
#include "plugins/host/library_file.h"

#include <dlfcn.h>

namespace kubefed::plugins {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAffinity = "affinity";
constexpr std::string_view kTaints = "taints";
constexpr std::string_view kWeighted = "weighted";

std::string inQuotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

// Looked up in the file, before any code of the library runs.
bool exportsManifest(const fs::path& library) {
    boost::dll::library_info info(library.string());
    const std::vector<std::string> symbols = info.symbols();
    return std::ranges::find(symbols, KUBEFED_POLICY_MANIFEST_SYMBOL) != symbols.end();
}

Result<const kubefed_policy_manifest*> loadManifest(const fs::path& library) {
    try {
        if (!exportsManifest(library))
            return fail(Code::InvalidArgument, "it exports no " KUBEFED_POLICY_MANIFEST_SYMBOL
                                               "; a policy ends with the macro KUBEFED_POLICY");
        // RTLD_NODELETE: never unloaded, whatever becomes of handles.
        const auto mode = static_cast<boost::dll::load_mode::type>(
            boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | RTLD_NODELETE);
        const boost::dll::shared_library handle(library.string(), mode);
        return &handle.get<const kubefed_policy_manifest>(KUBEFED_POLICY_MANIFEST_SYMBOL);
    } catch (const std::exception& e) {
        return fail(Code::InvalidArgument, std::string("it cannot be loaded: ") + e.what());
    }
}

// What a policy's rounds run on. Held by one round at a time.
struct PolicySet {
    std::int64_t generation = 0;
    std::vector<fed::PolicyRound::Plugin> plugins;
    std::vector<std::unique_ptr<Instance>> instances;  // null: failed to be made, see failures
    std::vector<std::string> failures;
    std::mutex inUse;
};

class HostRound final : public fed::PolicyRound {
public:
    explicit HostRound(std::shared_ptr<PolicySet> set) : m_set(std::move(set)), m_lock(m_set->inUse) {}

    [[nodiscard]] std::span<const Plugin> plugins() const override { return m_set->plugins; }
    [[nodiscard]] Result<void> run(std::size_t plugin, fed::Stage stage, const fed::RoundContext& context,
                                   std::span<fed::RoundRow> rows, fed::ReasonLog* reasons) override {
        if (m_set->instances[plugin] == nullptr)
            return fail(Code::FailedPrecondition, m_set->failures[plugin]);
        return m_set->instances[plugin]->run(stage, context, rows, reasons);
    }

private:
    std::shared_ptr<PolicySet> m_set;
    std::unique_lock<std::mutex> m_lock;
};

// The plugins of a policy in their order, as name and configuration.
std::vector<fed::PluginUse> usesOf(const fed::Policy& policy) {
    fed::PluginUse taints{.name = std::string(kTaints)};
    if (!policy.tolerations.empty())
        taints.config["tolerations"] = policy.tolerations;
    std::vector<fed::PluginUse> uses{{.name = std::string(kAffinity), .config = policy.clusters},
                                     std::move(taints)};
    for (const fed::PluginUse& use : policy.plugins)
        // Listed without configuration these two add nothing to what always runs.
        if ((use.name != kAffinity && use.name != kTaints) || !use.config.empty())
            uses.push_back(use);
    return uses;
}

}  // namespace

class PolicyRegistry::Impl {
public:
    explicit Impl(fs::path cacheFolder) : m_cacheFolder(std::move(cacheFolder)) {}

    Result<PluginInfo> load(const fs::path& file) {
        const auto context = [&](Error error) {
            error.message = "policy plugin " + inQuotes(file.string()) + " refused: " + error.message;
            return fail(std::move(error));
        };
        const auto library = importLibrary(file, m_cacheFolder);
        if (!library)
            return context(library.error());
        const auto functions = loadManifest(library->copy);
        if (!functions)
            return context(functions.error());
        auto manifest = checkManifest(**functions);
        if (!manifest)
            return context(manifest.error());
        auto plugin = std::make_shared<const Plugin>(
            Plugin{*std::move(manifest), *functions, file.string(), library->sha256});
        const std::scoped_lock lock(m_mutex);
        const auto [at, isNew] = m_plugins.try_emplace(plugin->manifest.name, plugin);
        if (!isNew && at->second->sha256 != plugin->sha256)
            return context({.code = Code::AlreadyExists,
                            .message = "its name " + inQuotes(plugin->manifest.name) + " (version " +
                                       plugin->manifest.version + ") is taken by version " +
                                       at->second->manifest.version + " from " + inQuotes(at->second->file) +
                                       "; rename one of them, or remove one file"});
        return infoOf(*at->second);
    }

    std::vector<PluginInfo> plugins() const {
        const std::scoped_lock lock(m_mutex);
        std::vector<PluginInfo> result;
        for (const auto& [name, plugin] : m_plugins)
            result.push_back(infoOf(*plugin));
        return result;
    }

    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) {
        auto set = setOf(policy);
        KUBEFED_TRY(set);
        return std::make_unique<HostRound>(*std::move(set));
    }

    void forget(std::string_view policyUid) {
        const std::scoped_lock lock(m_mutex);
        if (const auto at = m_sets.find(policyUid); at != m_sets.end())
            m_sets.erase(at);  // a round under way keeps its own
    }

private:
    static PluginInfo infoOf(const Plugin& plugin) { return {plugin.manifest, plugin.file, plugin.sha256}; }

    Result<std::shared_ptr<PolicySet>> setOf(const fed::Policy& policy) {
        const std::scoped_lock lock(m_mutex);
        const auto at = m_sets.find(policy.ref.uid);
        if (at != m_sets.end() && at->second->generation == policy.ref.generation)
            return at->second;
        auto made = make(policy);
        KUBEFED_TRY(made);
        m_sets.insert_or_assign(policy.ref.uid, *made);
        return made;
    }

    Result<std::shared_ptr<PolicySet>> make(const fed::Policy& policy) {
        auto set = std::make_shared<PolicySet>();
        set->generation = policy.ref.generation;
        bool isDivided = false;
        for (const fed::PluginUse& use : usesOf(policy)) {
            KUBEFED_TRY(add(*set, use));
            isDivided = isDivided || set->plugins.back().has(fed::Stage::Divide);
        }
        const fed::PluginUse divider{.name = std::string(kWeighted)};
        if (!isDivided)
            KUBEFED_TRY(add(*set, divider));
        return set;
    }

    Result<void> add(PolicySet& set, const fed::PluginUse& use) {
        auto instance = makeInstance(use);
        if (!instance && !use.optional)
            return fail(std::move(instance.error()));
        // An optional one that cannot be made fails in its first stage, so that the explanation shows it.
        constexpr std::uint32_t kFilterOnly = 1U << static_cast<unsigned>(fed::Stage::Filter);
        set.plugins.push_back({use.name, use.weight, use.optional,
                               instance ? (*instance)->plugin().manifest.stages : kFilterOnly});
        set.failures.push_back(instance ? std::string() : instance.error().message);
        set.instances.push_back(instance ? *std::move(instance) : nullptr);
        return {};
    }

    Result<std::unique_ptr<Instance>> makeInstance(const fed::PluginUse& use) {
        const auto found = m_plugins.find(use.name);
        if (found == m_plugins.end()) {
            std::string known;
            for (const auto& [name, plugin] : m_plugins)
                known.append(known.empty() ? "" : ", ").append(name);
            return fail(Code::InvalidArgument, "there is no plugin " + inQuotes(use.name) + "; loaded are " +
                                                   (known.empty() ? "none" : known) +
                                                   "; correct spec.plugins, or load it with --plugin-dir");
        }
        auto instance = Instance::make(found->second, use.config);
        if (!instance)
            instance.error().message = "plugin " + inQuotes(use.name) + ": " + instance.error().message;
        return instance;
    }

    const fs::path m_cacheFolder;
    mutable std::mutex m_mutex;
    std::map<std::string, std::shared_ptr<const Plugin>, std::less<>> m_plugins;
    std::map<std::string, std::shared_ptr<PolicySet>, std::less<>> m_sets;  // by the policy's uid
};

PolicyRegistry::PolicyRegistry(fs::path cacheFolder)
    : m_impl(std::make_unique<Impl>(std::move(cacheFolder))) {}
PolicyRegistry::~PolicyRegistry() = default;

Result<PluginInfo> PolicyRegistry::load(const fs::path& file) {
    return m_impl->load(file);
}
std::vector<PluginInfo> PolicyRegistry::plugins() const {
    return m_impl->plugins();
}
Result<std::unique_ptr<fed::PolicyRound>> PolicyRegistry::open(const fed::Policy& policy) {
    return m_impl->open(policy);
}
void PolicyRegistry::forget(std::string_view policyUid) {
    m_impl->forget(policyUid);
}

ScanReport PolicyRegistry::loadFolder(const fs::path& folder) {
    ScanReport report;
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".so")
            files.push_back(at->path());
    if (error)
        report.refused.push_back({folder,
                                  {.code = Code::NotFound,
                                   .message = "cannot read the plugin folder " + inQuotes(folder.string()) +
                                              ": " + error.message()}});
    std::ranges::sort(files);
    for (const fs::path& file : files) {
        auto loaded = load(file);
        if (loaded)
            report.loaded.push_back(*std::move(loaded));
        else
            report.refused.push_back({file, std::move(loaded.error())});
    }
    return report;
}

fs::path builtinPolicyFolder() {
    boost::dll::fs::error_code error;
    const fs::path program = boost::dll::program_location(error).string();
    if (error)
        return {};
    for (const fs::path& folder :
         {program.parent_path() / "policies",
          program.parent_path().parent_path() / "lib" / "kubefed" / "policies",
          program.parent_path().parent_path() / KUBEFED_LIBDIR / "kubefed" / "policies"}) {
        std::error_code ignored;
        if (fs::is_directory(folder, ignored))
            return folder;
    }
    return {};
}

}  // namespace kubefed::plugins

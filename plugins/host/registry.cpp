// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/registry.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "plugins/host/library_file.h"
#include "plugins/host/library_loader.h"
#include "plugins/host/policy_set.h"

namespace kubefed::plugins {

namespace {

namespace fs = std::filesystem;

using SetPtr = std::shared_ptr<PolicySet>;

constexpr std::size_t kMostGone = 4096;  // policies that are remembered as gone; uids never come back

PluginInfo infoOf(const Plugin& plugin) {
    return {plugin.manifest, plugin.file, plugin.sha256};
}

struct Ready final : PolicyRegistry::Replacement {
    explicit Ready(PluginPtr ready) : plugin(std::move(ready)), pluginInfo(infoOf(*plugin)) {}
    [[nodiscard]] const PluginInfo& info() const override { return pluginInfo; }
    PluginPtr plugin;
    PluginInfo pluginInfo;
    std::map<std::string, SetPtr, std::less<>> sets;  // by the policy's uid
};

}  // namespace

class PolicyRegistry::Impl {
public:
    Impl(fs::path cacheFolder, CallMonitor* monitor, std::size_t maxGenerations)
        : m_cacheFolder(std::move(cacheFolder)), m_monitor(monitor), m_maxGenerations(maxGenerations) {}

    Result<PluginInfo> load(const fs::path& file) {
        auto plugin = map(file);
        KUBEFED_TRY(plugin);
        const std::scoped_lock lock(m_mutex);
        const auto [at, isNew] = m_plugins.try_emplace((*plugin)->manifest.name, *plugin);
        const Plugin& held = *at->second;
        if (!isNew && held.sha256 != (*plugin)->sha256)
            return refused(file, {.code = Code::AlreadyExists,
                                  .message = "its name " + inQuotes(held.manifest.name) + " (version " +
                                             (*plugin)->manifest.version + ") is taken by version " +
                                             held.manifest.version + " from " + inQuotes(held.file) +
                                             "; rename one of them, or remove one file"});
        m_changes += isNew ? 1 : 0;
        return infoOf(held);
    }

    Result<std::unique_ptr<Replacement>> prepare(const fs::path& file) {
        auto plugin = map(file);
        KUBEFED_TRY(plugin);
        auto ready = std::make_unique<Ready>(*plugin);
        std::vector<fed::Policy> policies;
        {
            const std::scoped_lock lock(m_mutex);
            for (const auto& [uid, set] : m_sets)
                if (set->uses(ready->plugin->manifest.name))
                    policies.push_back(set->policy());
        }
        for (const fed::Policy& policy : policies) {
            auto set = PolicySet::make(policy, [&](const std::string& name) -> Result<PluginPtr> {
                if (name == ready->plugin->manifest.name)
                    return ready->plugin;
                const std::scoped_lock lock(m_mutex);
                return find(name);
            });
            if (!set)
                return refused(file, {.code = set.error().code,
                                      .message = "policy " + inQuotes(policy.ref.text()) +
                                                 " could not use it: " + set.error().message});
            ready->sets.emplace(policy.ref.uid, *std::move(set));
        }
        return ready;
    }

    void commit(std::unique_ptr<Replacement> replacement) {
        const std::unique_ptr<Ready> ready(static_cast<Ready*>(replacement.release()));
        const std::string& name = ready->plugin->manifest.name;
        const std::scoped_lock lock(m_mutex);
        m_plugins.insert_or_assign(name, ready->plugin);
        retireSetsOf(name);
        for (auto& [uid, set] : ready->sets)
            m_sets.insert_or_assign(uid, std::move(set));
    }

    void remove(const std::string& name) {
        const std::scoped_lock lock(m_mutex);
        m_plugins.erase(name);
        m_disabled.erase(name);
        retireSetsOf(name);
    }
    void disable(const std::string& name, std::string why) {
        const std::scoped_lock lock(m_mutex);
        m_disabled.insert_or_assign(name, std::move(why));
        retireSetsOf(name);
    }
    void enable(const std::string& name) {
        const std::scoped_lock lock(m_mutex);
        m_disabled.erase(name);
        ++m_changes;
    }

    std::vector<PluginInfo> plugins() const {
        const std::scoped_lock lock(m_mutex);
        std::vector<PluginInfo> result;
        for (const auto& [name, plugin] : m_plugins)
            result.push_back(infoOf(*plugin));
        return result;
    }
    std::map<std::string, PluginStats, std::less<>> stats() const {
        const std::scoped_lock lock(m_mutex);
        std::map<std::string, PluginStats, std::less<>> result;
        for (const auto& [name, counters] : m_counters)
            result.emplace(name, PluginStats{.calls = counters->calls(),
                                             .failures = counters->failures(),
                                             .lastError = counters->lastError(),
                                             .p50 = counters->latency().quantile(0.5),
                                             .p99 = counters->latency().quantile(0.99)});
        return result;
    }
    std::size_t generations() const {
        const std::scoped_lock lock(m_mutex);
        return m_generations.size();
    }

    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) {
        auto set = setOf(policy);
        KUBEFED_TRY(set);
        return PolicySet::openRound(*std::move(set));
    }

    void forget(std::string_view policyUid) {
        const std::scoped_lock lock(m_mutex);
        m_gone.emplace_back(policyUid);
        if (m_gone.size() > kMostGone)
            m_gone.pop_front();
        if (const auto at = m_sets.find(policyUid); at != m_sets.end()) {
            m_retired.push_back(std::move(at->second));
            m_sets.erase(at);
        }
    }

private:
    static std::unexpected<Error> refused(const fs::path& file, Error error) {
        error.message = "policy plugin " + inQuotes(file.string()) + " refused: " + error.message;
        return fail(std::move(error));
    }

    // A library, mapped and checked; nobody uses it yet.
    Result<PluginPtr> map(const fs::path& file) {
        const auto library = importLibrary(file, m_cacheFolder);
        if (!library)
            return refused(file, library.error());
        {
            const std::scoped_lock lock(m_mutex);
            if (!m_generations.contains(library->sha256) && m_generations.size() >= m_maxGenerations)
                return refused(file, {.code = Code::ResourceExhausted,
                                      .message = std::to_string(m_generations.size()) +
                                                 " different libraries are loaded, and none can be unloaded; "
                                                 "restart the controller first"});
            m_generations.insert(library->sha256);
        }
        const auto exported = [&] {
            const std::uint32_t name =
                m_monitor == nullptr ? 0 : m_monitor->nameOf(file.stem().string(), library->sha256);
            const CallMonitor::Call running(m_monitor, name, Doing::Load);
            return loadManifest(library->copy);
        }();
        if (!exported)
            return refused(file, exported.error());
        const auto functions = readManifest(**exported);
        if (!functions)
            return refused(file, functions.error());
        auto manifest = checkManifest(*functions);
        if (!manifest)
            return refused(file, manifest.error());
        auto plugin = std::make_shared<Plugin>();
        plugin->manifest = *std::move(manifest);
        plugin->functions = *functions;
        plugin->file = file.string();
        plugin->sha256 = library->sha256;
        plugin->monitor = m_monitor;
        if (m_monitor != nullptr)
            plugin->monitorName = m_monitor->nameOf(plugin->manifest.name, plugin->sha256);
        const std::scoped_lock lock(m_mutex);
        plugin->counters = m_counters.try_emplace(plugin->manifest.name, plugin->counters).first->second;
        return plugin;
    }

    void retireSetsOf(const std::string& name) {
        ++m_changes;
        for (auto at = m_sets.begin(); at != m_sets.end();) {
            if (!at->second->uses(name)) {
                ++at;
                continue;
            }
            m_retired.push_back(std::move(at->second));
            at = m_sets.erase(at);
        }
    }

    Result<PluginPtr> find(const std::string& name) const {
        if (const auto disabled = m_disabled.find(name); disabled != m_disabled.end())
            return fail(Code::FailedPrecondition, "plugin " + inQuotes(name) + " " + disabled->second);
        if (const auto found = m_plugins.find(name); found != m_plugins.end())
            return found->second;
        std::string known;
        for (const auto& [other, plugin] : m_plugins)
            known.append(known.empty() ? "" : ", ").append(other);
        return fail(Code::InvalidArgument,
                    "there is no plugin " + inQuotes(name) + "; loaded are " +
                        (known.empty() ? "none" : known) +
                        "; correct spec.plugins, or install it: kubefed policy install");
    }

    // Plugins run here, so without the lock: one that does not come back must stop nobody who asks for
    // figures or installs another version.
    Result<SetPtr> setOf(const fed::Policy& policy) {
        std::vector<SetPtr> retired;
        std::uint64_t changes = 0;
        {
            const std::scoped_lock lock(m_mutex);
            retired.swap(m_retired);
            if (SetPtr held = heldFor(policy))
                return held;
            changes = m_changes;
        }
        auto made = PolicySet::make(policy, [this](const std::string& name) {
            const std::scoped_lock lock(m_mutex);
            return find(name);
        });
        KUBEFED_TRY(made);
        const std::scoped_lock lock(m_mutex);
        if (SetPtr faster = heldFor(policy))
            return faster;
        // Made with what was replaced meanwhile, it serves this round and no other.
        if (m_changes == changes && mayKeep(policy.ref))
            retired.push_back(std::exchange(m_sets[policy.ref.uid], *made));
        return made;
    }

    // Why something is where it is may be asked of a policy that is gone or was changed since; that must not
    // come back as one that new versions have to fit.
    bool mayKeep(const fed::PolicyRef& ref) const {
        const auto held = m_sets.find(ref.uid);
        return (held == m_sets.end() || held->second->policy().ref.generation <= ref.generation) &&
               std::ranges::find(m_gone, ref.uid) == m_gone.end();
    }

    SetPtr heldFor(const fed::Policy& policy) const {
        const auto at = m_sets.find(policy.ref.uid);
        return at != m_sets.end() && at->second->policy().ref.generation == policy.ref.generation ? at->second
                                                                                                  : nullptr;
    }

    const fs::path m_cacheFolder;
    CallMonitor* const m_monitor;
    const std::size_t m_maxGenerations;
    mutable std::mutex m_mutex;
    std::map<std::string, PluginPtr, std::less<>> m_plugins;
    std::map<std::string, std::string, std::less<>> m_disabled;  // why, by name
    std::map<std::string, std::shared_ptr<CallCounters>, std::less<>> m_counters;
    std::map<std::string, SetPtr, std::less<>> m_sets;  // by the policy's uid
    std::deque<std::string> m_gone;                     // uids of policies, the last ones
    std::vector<SetPtr> m_retired;                      // go where rounds are made: that runs plugins' code
    std::uint64_t m_changes = 0;                        // of what find() answers
    std::set<std::string, std::less<>> m_generations;   // by sha256
};

PolicyRegistry::PolicyRegistry(fs::path cacheFolder, CallMonitor* monitor, std::size_t maxGenerations)
    : m_impl(std::make_unique<Impl>(std::move(cacheFolder), monitor, maxGenerations)) {}
PolicyRegistry::~PolicyRegistry() = default;

Result<PluginInfo> PolicyRegistry::load(const fs::path& file) {
    return m_impl->load(file);
}
Result<std::unique_ptr<PolicyRegistry::Replacement>> PolicyRegistry::prepare(const fs::path& file) {
    return m_impl->prepare(file);
}
void PolicyRegistry::commit(std::unique_ptr<Replacement> replacement) {
    m_impl->commit(std::move(replacement));
}
void PolicyRegistry::remove(const std::string& name) {
    m_impl->remove(name);
}
void PolicyRegistry::disable(const std::string& name, std::string why) {
    m_impl->disable(name, std::move(why));
}
void PolicyRegistry::enable(const std::string& name) {
    m_impl->enable(name);
}
std::map<std::string, PluginStats, std::less<>> PolicyRegistry::stats() const {
    return m_impl->stats();
}
std::size_t PolicyRegistry::generations() const {
    return m_impl->generations();
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
    const auto files = librariesOf(folder);
    if (!files) {
        report.refused.push_back({folder, files.error()});
        return report;
    }
    for (const fs::path& file : *files) {
        auto loaded = load(file);
        if (loaded)
            report.loaded.push_back(*std::move(loaded));
        else
            report.refused.push_back({file, std::move(loaded.error())});
    }
    return report;
}

}  // namespace kubefed::plugins

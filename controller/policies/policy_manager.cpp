// SPDX-License-Identifier: Apache-2.0
#include "controller/policies/policy_manager.h"

#include <algorithm>

#include "kubefed/fed/names.h"
#include "kubefed/kube/patch.h"
#include "plugins/host/library_file.h"

namespace kubefed::controller {
namespace {

namespace fs = std::filesystem;

constexpr Duration kRetryAfter{1'000};
constexpr std::string_view kLeftOut =
    "the controller was started with --without-policies; disable what is at fault, then start it as usual";

std::string remedyFor(fed::PolicyPluginSpec::Source source, const std::string& name) {
    const std::string enable = "kubefed policy enable " + name;
    switch (source) {
        case fed::PolicyPluginSpec::Source::Builtin:
            return "only another version of kubefed has another one; to use it as it is: " + enable;
        case fed::PolicyPluginSpec::Source::Folder:
            return "put a corrected version into its folder and start the controller again; then, or to use "
                   "it as it is: " +
                   enable;
        case fed::PolicyPluginSpec::Source::Library:
            break;
    }
    return "install a corrected version, or: " + enable;
}

kube::ObjectKey keyOf(const std::string& name) {
    return {{}, name};
}

}  // namespace

PolicyManager::PolicyManager(HostApi& host, plugins::PolicyRegistry& registry, PolicyProber& prober,
                             Clock& clock, Config config, Handlers handlers)
    : m_host(host),
      m_registry(registry),
      m_prober(prober),
      m_clock(clock),
      m_config(std::move(config)),
      m_handlers(std::move(handlers)),
      m_objects([](kube::Object object) { return fed::PolicyPlugin::decode(object); },
                [this](const kube::ObjectKey& key, auto*, auto*) {
                    if (m_isLooking)
                        reconcile(key.name);
                },
                [this] { lookIfKnown(); }) {}

void PolicyManager::start(std::optional<plugins::CallMonitor::Suspect> suspect, std::function<void()> ready) {
    m_suspect = std::move(suspect);
    m_ready = std::move(ready);
    m_starting.insert("the PolicyPlugins");
    loadBuiltins();
    makeUploadFolder();
    if (!m_config.onlyBuiltins)
        probeFolders();
    m_mirror = m_host.mirror(fed::policyPlugins(), {}, m_objects);
    refreshCounters();
}

void PolicyManager::makeUploadFolder() {
    std::error_code error;
    fs::remove_all(uploadFolder(), error);
    fs::create_directories(uploadFolder(), error);
    fs::permissions(uploadFolder(), fs::perms::owner_all, error);
    if (error)
        log::error("the folder for uploads of policies cannot be made",
                   {{"folder", uploadFolder().string()}, {"why", error.message()}});
}

void PolicyManager::loadBuiltins() {
    const plugins::ScanReport report = m_registry.loadFolder(m_config.builtins);
    for (const plugins::Refusal& refusal : report.refused)
        log::error("a built-in policy cannot be loaded",
                   {{"file", refusal.file.string()}, {"why", refusal.error.text()}});
    for (const plugins::PluginInfo& plugin : report.loaded) {
        Entry& entry = m_entries[plugin.manifest.name];
        entry.source = Source::Builtin;
        entry.active = plugin;
    }
}

void PolicyManager::probeFolders() {
    for (const fs::path& folder : m_config.pluginDirs) {
        const auto files = plugins::librariesOf(folder);
        if (!files) {
            log::error("a folder of policies cannot be read", {{"why", files.error().text()}});
            continue;
        }
        for (const fs::path& file : *files)
            probeFromFolder(file);
    }
}

void PolicyManager::probeFromFolder(const fs::path& file) {
    // Probed and loaded are the same bytes, whatever becomes of the file in between.
    const auto library = plugins::importLibrary(file, m_config.folder);
    if (!library)
        return refuseFromFolder(file, {}, library.error());
    FolderLibrary& found = m_folderLibraries[file];
    found.library = *library;
    found.probe = m_prober.probe(library->copy, {}, [this, file](ProbeAnswer answer) {
        FolderLibrary& probed = m_folderLibraries[file];
        const Request ended = std::move(probed.probe);
        probed.answer = std::move(answer);
        lookIfKnown();
    });
}

void PolicyManager::refuseFromFolder(const fs::path& file, const std::string& name, const Error& why) {
    log::error("a policy library is refused", {{"file", file.string()}, {"why", why.text()}});
    if (!name.empty())
        m_folderRefused[name] = "\"" + file.string() + "\": " + why.text();
}

// Nothing of a folder or of a stored library is mapped before it is known what the objects say of it.
void PolicyManager::lookIfKnown() {
    const bool isProbed =
        std::ranges::all_of(m_folderLibraries, [](const auto& one) { return one.second.answer.has_value(); });
    if (!m_objects.isSynced() || !isProbed || std::exchange(m_isLooking, true))
        return;
    for (const auto& [file, found] : m_folderLibraries)
        offer(file, found);
    m_folderLibraries.clear();
    // What is refused is told like what is loaded, unless something else has the name.
    for (const auto& [name, why] : m_folderRefused) {
        const fed::PolicyPlugin* object = m_objects.find(keyOf(name));
        if (m_entries.contains(name) || (object != nullptr && object->spec.source != Source::Folder))
            continue;
        m_entries[name].source = Source::Folder;
    }
    accuse();
    std::set<std::string> names;
    for (const auto& [name, entry] : m_entries)
        names.insert(name);
    m_objects.forEach([&](const kube::ObjectKey& key, const fed::PolicyPlugin&) { names.insert(key.name); });
    for (const std::string& name : names)
        reconcile(name);
    removeStrays();
    oneStarted("the PolicyPlugins");
}

void PolicyManager::offer(const fs::path& file, const FolderLibrary& found) {
    if (!found.answer->policy)
        return refuseFromFolder(file, found.answer->name, found.answer->policy.error());
    const std::string& name = found.answer->policy->name;
    Entry& entry = m_entries[name];
    if (entry.source == Source::Builtin)
        return refuseFromFolder(
            file, {},
            {.code = Code::AlreadyExists,
             .message = "its name \"" + name + "\" is that of a built-in policy; rename it"});
    if (entry.offered && entry.offered->sha256 != found.library.sha256)
        return refuseFromFolder(file, {},
                                {.code = Code::AlreadyExists,
                                 .message = "its name \"" + name +
                                            "\" is taken by another library of the folders; rename one of "
                                            "them, or remove one file"});
    entry.source = Source::Folder;
    entry.offered = found.library;
}

void PolicyManager::oneStarted(const std::string& what) {
    m_starting.erase(what);
    if (m_starting.empty() && !std::exchange(m_isStarted, true))
        m_ready();
}

// Who was running when the process before ended is taken out of use, until a person decides otherwise.
void PolicyManager::accuse() {
    if (!m_suspect)
        return;
    std::string name;
    for (const auto& [known, entry] : m_entries)
        if ((entry.active && entry.active->sha256 == m_suspect->sha256) ||
            (entry.offered && entry.offered->sha256 == m_suspect->sha256))
            name = known;
    m_objects.forEach([&](const kube::ObjectKey& key, const fed::PolicyPlugin& object) {
        if (object.spec.source == Source::Library && object.spec.sha256 == m_suspect->sha256)
            name = key.name;
    });
    if (name.empty() && m_config.onlyBuiltins)
        return;  // a folder may have it
    if (name.empty())
        return forgetSuspect();  // another version by now, or none
    const auto known = m_entries.find(name);
    const Source source = known == m_entries.end() ? Source::Library : known->second.source;
    if (source == Source::Builtin && m_suspect->ending == plugins::Ending::Untold) {
        // Built-in policies leave no process and start no thread, and most calls are theirs: whoever ends
        // the controller from outside may well meet one twice.
        log::warning("a built-in policy is not to blame", {{"name", name}, {"it", m_suspect->text()}});
        return forgetSuspect();
    }
    const bool hung = m_suspect->ending == plugins::Ending::StoodStill;
    PolicyWord why{.holds = false,
                   .reason = std::string(hung ? fed::kPluginHung : fed::kPluginCrashed),
                   .message = "it " + m_suspect->text() + "; " + remedyFor(source, name)};
    log::error("a policy plugin is disabled", {{"name", name}, {"why", why.message}});
    m_entries[name].suspicion = std::move(why);
}

void PolicyManager::reconcile(const std::string& name) {
    if (!m_isLooking)
        return;
    const fed::PolicyPlugin* object = m_objects.find(keyOf(name));
    if (object == nullptr)
        return reconcileGone(name);
    Entry& entry = m_entries[name];
    if (entry.isBusy)
        return;
    if (entry.suspicion)
        sentence(name, entry, *object);
    const bool isDisabled = object->spec.isDisabled || entry.suspicion;
    const bool isMissing = entry.source == Source::Library && object->spec.source == Source::Library &&
                           (!entry.active || entry.active->sha256 != object->spec.sha256) &&
                           entry.refused != object->spec.sha256;
    // What a person has put back is there before policies may use it; what is disabled is not even mapped,
    // for that alone may have been its fault.
    if (m_config.onlyBuiltins && object->spec.source != Source::Builtin) {
        if (!std::exchange(entry.isLeftOut, true))
            leaveOut(name);
    } else if (isMissing && !isDisabled) {
        return loadStored(name, object->spec.sha256);
    }
    if (!isDisabled)
        loadOffered(name, entry);
    reconcileMode(name, entry, isDisabled);
    if (const auto refused = m_folderRefused.find(name);
        refused != m_folderRefused.end() && object->spec.source == Source::Folder)
        entry.ready = {.holds = false, .reason = "NotLoaded", .message = refused->second};
    writeStatus(name);
}

void PolicyManager::leaveOut(const std::string& name) {
    m_entries[name].ready = {.holds = false, .reason = "NotLoaded", .message = std::string(kLeftOut)};
    m_registry.disable(name, "is not loaded: " + std::string(kLeftOut));
}

// Writes down that it is disabled; from then on that is a person's to undo.
void PolicyManager::sentence(const std::string& name, Entry& entry, const fed::PolicyPlugin& object) {
    if (object.spec.isDisabled) {
        entry.isSentenced = true;
        if (isAccused(object.status))
            forgetSuspect();  // the reason outlives this process, too
    } else if (entry.isSentenced) {
        entry.suspicion.reset();
        forgetSuspect();
    } else if (!entry.isWritingSpec) {
        fed::PolicyPluginSpec spec = object.spec;
        spec.isDisabled = true;
        writeSpec(name, spec, [](const Result<void>&) {});
    }
}

void PolicyManager::forgetSuspect() {
    if (std::exchange(m_suspect, std::nullopt))
        m_handlers.suspectKnown();
}

void PolicyManager::reconcileMode(const std::string& name, Entry& entry, bool isDisabled) {
    if (std::exchange(entry.isDisabled, isDisabled) == isDisabled)
        return;
    if (isDisabled) {
        m_registry.disable(name, entry.suspicion ? "is disabled: " + entry.suspicion->message
                                                 : "is disabled by PolicyPlugin \"" + name +
                                                       "\"; to undo it: kubefed policy enable " + name);
    } else if (entry.isLeftOut) {
        leaveOut(name);
    } else {
        m_registry.enable(name);
    }
    m_handlers.changed();
}

void PolicyManager::reconcileGone(const std::string& name) {
    const auto at = m_entries.find(name);
    if (at == m_entries.end() || at->second.isBusy || at->second.isWritingSpec)
        return;
    Entry& entry = at->second;
    if (!entry.suspicion)
        loadOffered(name, entry);
    const bool isRefused = entry.source == Source::Folder && m_folderRefused.contains(name);
    if (entry.source != Source::Library && (entry.active || entry.suspicion || isRefused))
        return writeSpec(name,
                         {.source = entry.source, .sha256 = {}, .isDisabled = entry.suspicion.has_value()},
                         [](const Result<void>&) {});
    if (entry.suspicion)
        forgetSuspect();
    const bool wasThere = entry.active.has_value() || entry.isDisabled;
    m_registry.remove(name);
    m_entries.erase(at);
    if (!wasThere)
        return;
    log::info("a policy plugin is removed", {{"name", name}});
    m_handlers.changed();
}

void PolicyManager::loadOffered(const std::string& name, Entry& entry) {
    if (!entry.offered || entry.active || entry.refused == entry.offered->sha256)
        return;
    auto loaded = m_registry.load(entry.offered->copy);
    if (!loaded) {
        entry.refused = entry.offered->sha256;
        return refuseFromFolder(entry.offered->copy, name, loaded.error());
    }
    entry.active = *std::move(loaded);
    log::info("a policy plugin is loaded", {{"name", name}, {"version", entry.active->manifest.version}});
    m_handlers.changed();
}

void PolicyManager::loadStored(const std::string& name, const std::string& sha256) {
    Entry& entry = m_entries[name];
    entry.isBusy = true;
    if (!m_isStarted)
        m_starting.insert(name);
    entry.probe =
        m_prober.probe(stored(sha256), configsOf(name), [this, name, sha256](const ProbeAnswer& probed) {
            Entry& loading = m_entries[name];
            const Request ended = std::move(loading.probe);
            loading.isBusy = false;
            const fed::PolicyPlugin* object = m_objects.find(keyOf(name));
            if (object == nullptr || object->spec.isDisabled || object->spec.sha256 != sha256) {
                reconcile(name);  // it is not wanted any more
                return oneStarted(name);
            }
            Result<void> swapped = probed.policy ? Result<void>() : fail(probed.policy.error());
            if (swapped && probed.policy->name != name)
                swapped = fail(Code::InvalidArgument, "it is the plugin \"" + probed.policy->name + "\"");
            if (swapped)
                swapped = swap(name, stored(sha256));
            loading.refused = swapped ? std::string() : sha256;
            // That it runs again after a restart says nothing of what was given for it since.
            if (swapped && object->status.sha256 != sha256)
                loading.installed = PolicyWord{.holds = true, .reason = "Loaded", .message = {}};
            if (!swapped) {
                loading.installed =
                    PolicyWord{.holds = false,
                               .reason = "Refused",
                               .message = "library " + sha256.substr(0, 12) + ": " + swapped.error().text()};
                loading.ready = {
                    .holds = false, .reason = "NotLoaded", .message = loading.installed->message};
                log::error("an installed policy is not loaded",
                           {{"name", name}, {"why", swapped.error().text()}});
            }
            reconcile(name);
            oneStarted(name);
        });
}

Result<void> PolicyManager::swap(const std::string& name, const fs::path& library) {
    auto ready = m_registry.prepare(library);
    if (!ready)
        return fail(ready.error());
    Entry& entry = m_entries[name];
    entry.active = (*ready)->info();
    entry.waiting = {};
    m_registry.commit(*std::move(ready));
    log::info("a policy plugin is loaded", {{"name", name}, {"version", entry.active->manifest.version}});
    m_handlers.changed();
    return {};
}

void PolicyManager::writeSpec(const std::string& name, const fed::PolicyPluginSpec& spec,
                              std::function<void(Result<void>)> done) {
    Entry& entry = m_entries[name];
    entry.isWritingSpec = true;
    const bool isNew = m_objects.find(keyOf(name)) == nullptr;
    auto answered = [this, name, isNew, done = std::move(done)](Result<kube::Object> answer) {
        Entry& written = m_entries[name];
        const Request ended = std::move(written.specWrite);
        written.isWritingSpec = false;
        if (!answer) {
            log::error("a PolicyPlugin cannot be written", {{"name", name}, {"why", answer.error().text()}});
            written.retry = m_clock.after(kRetryAfter, [this, name] { reconcile(name); });
            done(fail(answer.error()));
            return;
        }
        done({});
        // One that was deleted meanwhile must not come back by the answer to an earlier write.
        if (isNew)
            m_objects.takeCreated(std::move(*answer));
        else
            m_objects.takeChanged(std::move(*answer));
        reconcile(name);
    };
    if (isNew) {
        entry.specWrite =
            m_host.create(fed::policyPlugins(), fed::makePolicyPlugin(name, spec), std::move(answered));
        return;
    }
    kube::JsonObject encoded = fed::encode(spec);
    for (const char* source : {"builtin", "folder", "library"})
        if (!encoded["source"].get_object().contains(source))
            encoded["source"].get_object()[source] = nullptr;
    entry.specWrite = m_host.patch(fed::policyPlugins(), keyOf(name),
                                   kube::printJson(kube::JsonObject{{"spec", std::move(encoded)}}), {},
                                   std::move(answered));
}

std::vector<kube::JsonObject> PolicyManager::configsOf(const std::string& name) const {
    std::vector<kube::JsonObject> configs;
    for (const fed::Policy* policy : m_handlers.policies())
        for (const fed::PluginUse& use : policy->plugins)
            if (use.name == name && std::ranges::find(configs, use.config) == configs.end())
                configs.push_back(use.config);
    return configs;
}

// ---- What is told

void PolicyManager::setHung(const std::optional<plugins::CallMonitor::Suspect>& who) {
    for (auto& [name, entry] : m_entries) {
        const bool isHung = who && entry.active && entry.active->sha256 == who->sha256;
        if (!isHung && !entry.hung)
            continue;
        entry.hasComeBack = !isHung;
        entry.hung.reset();
        if (isHung)
            entry.hung = PolicyWord{
                .holds = false,
                .reason = std::string(fed::kPluginHung),
                .message = "it " + who->text() + ", so nothing is decided; a restart ends and disables it: " +
                           "kubefed down " + m_config.federation + " && kubefed up " + m_config.federation};
        writeStatus(name);
    }
}

void PolicyManager::writeStatus(const std::string& name, bool withCounters) {
    const fed::PolicyPlugin* object = m_objects.find(keyOf(name));
    const auto at = m_entries.find(name);
    if (object == nullptr || at == m_entries.end())
        return;
    Entry& entry = at->second;
    // Both are looked at again when they are answered.
    if (entry.isWritingStatus || entry.isWritingSpec)
        return;
    const PolicyStats stats = withCounters ? m_registry.stats() : PolicyStats();
    const fed::PolicyPluginStatus status =
        policyStatus(entry, *object, statsOf(stats, name), toRfc3339(m_clock.wallNow()));
    if (status == object->status)
        return;
    kube::JsonObject body;
    body["status"] = kube::makeMergePatch(fed::encode(object->status), fed::encode(status));
    entry.isWritingStatus = true;
    entry.statusWrite = m_host.patch(fed::policyPlugins(), keyOf(name), kube::printJson(body), "status",
                                     [this, name](Result<kube::Object> answer) {
                                         Entry& written = m_entries[name];
                                         const Request ended = std::move(written.statusWrite);
                                         written.isWritingStatus = false;
                                         if (!answer) {
                                             log::warning("the status of a PolicyPlugin cannot be written",
                                                          {{"name", name}, {"why", answer.error().text()}});
                                             return;  // it is tried again with the counters
                                         }
                                         m_objects.takeChanged(std::move(*answer));
                                         reconcile(name);
                                     });
}

void PolicyManager::refreshCounters() {
    m_refresh = m_clock.after(m_config.countersRest, [this] {
        const bool isDue = m_clock.now() - m_refreshed >= m_config.statusEvery;
        if (isDue)
            m_refreshed = m_clock.now();
        const PolicyStats stats = m_registry.stats();
        std::vector<std::string> names;
        for (auto& [name, entry] : m_entries) {
            const plugins::PluginStats* counters = statsOf(stats, name);
            const std::uint64_t calls = counters == nullptr ? 0 : counters->calls;
            if (std::exchange(entry.callsSeen, calls) == calls || isDue)
                names.push_back(name);
        }
        for (const std::string& name : names) {
            if (isDue)
                reconcile(name);  // what could not be written the last time
            writeStatus(name, true);
        }
        refreshCounters();
    });
}

InstalledPolicy PolicyManager::describe(const std::string& name) const {
    const PolicyStats stats = m_registry.stats();
    return describePolicy(name, m_entries.at(name), m_objects.find(keyOf(name)), statsOf(stats, name));
}

std::vector<InstalledPolicy> PolicyManager::list() const {
    const PolicyStats stats = m_registry.stats();
    std::vector<InstalledPolicy> result;
    for (const auto& [name, entry] : m_entries)
        result.push_back(describePolicy(name, entry, m_objects.find(keyOf(name)), statsOf(stats, name)));
    return result;
}

std::string PolicyManager::metricsText() const {
    std::map<std::string, bool> isActive;
    for (const auto& [name, entry] : m_entries)
        isActive.emplace(name, entry.active && !entry.isDisabled);
    return policyMetrics(m_registry.stats(), isActive, m_registry.generations());
}

}  // namespace kubefed::controller

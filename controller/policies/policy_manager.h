// SPDX-License-Identifier: Apache-2.0
//
// Keeps the loaded plugins as the PolicyPlugin objects say, and tells in their status what runs. What is
// installed lies in the federation's data folder under its sha256; restarting loads it again, each time after
// a probe. Level-triggered: a PolicyPlugin that names another stored library goes over to it, one that is
// deleted is unloaded, Disabled takes it out of use: after a restart it is not even mapped. Core thread;
// owned by the composition root.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/host/host_api.h"
#include "controller/host/host_store.h"
#include "controller/policies/policy_installer.h"
#include "controller/policies/policy_prober.h"
#include "controller/policies/policy_report.h"
#include "kubefed/fed/policy_plugin.h"
#include "plugins/host/call_monitor.h"
#include "plugins/host/library_file.h"
#include "plugins/host/registry.h"

namespace kubefed::controller {

class PolicyManager final : public PolicyInstaller {
public:
    struct Config {
        std::filesystem::path folder;  // the registry's: libraries by sha256
        std::filesystem::path builtins;
        std::vector<std::filesystem::path> pluginDirs;
        std::string federation;        // as people name it in commands
        bool onlyBuiltins = false;     // nothing else is probed or mapped, whatever the objects say
        Duration statusEvery{60'000};  // counters alone are written no more often while calls go on
        Duration countersRest{5'000};  // and once when there were no calls for so long: then all is silent
    };
    struct Handlers {
        std::function<void()> changed;  // something else may decide now
        std::function<std::vector<const fed::Policy*>()> policies;
        std::function<void()> suspectKnown;  // it is disabled for good: the note of it may go
    };

    PolicyManager(HostApi& host, plugins::PolicyRegistry& registry, PolicyProber& prober, Clock& clock,
                  Config config, Handlers handlers);
    ~PolicyManager() override;

    // `suspect`: in whom the process before ended; it is disabled. `ready` once, when everything that the
    // federation has is loaded or refused.
    void start(std::optional<plugins::CallMonitor::Suspect> suspect, std::function<void()> ready);

    // A call has not come back in time; none: it has, after all.
    void setHung(const std::optional<plugins::CallMonitor::Suspect>& who);

    [[nodiscard]] std::filesystem::path uploadFolder() const override { return m_config.folder / "uploads"; }
    [[nodiscard]] Request install(PolicyUpload upload, Callback<InstalledPolicy> done) override;
    [[nodiscard]] Request remove(std::string name, Callback<void> done) override;
    [[nodiscard]] std::vector<InstalledPolicy> list() const override;

    [[nodiscard]] std::string metricsText() const;

private:
    using Source = fed::PolicyPluginSpec::Source;
    struct Entry : PolicyFacts {
        std::optional<plugins::LibraryFile> offered;  // by a folder, and probed
        std::string refused;       // the sha256 that is not to be tried again until another is named
        bool isSentenced = false;  // the object has said Disabled for the suspicion's sake
        bool isBusy = false;       // being loaded or installed
        Request probe;
        Request specWrite;
        bool isWritingSpec = false;
        Request statusWrite;
        bool isWritingStatus = false;
        Request retry;                // of a spec that could not be written
        std::uint64_t callsSeen = 0;  // when counters were last looked at
    };
    struct FolderLibrary {
        plugins::LibraryFile library;
        Request probe;
        std::optional<ProbeAnswer> answer;
    };
    struct Install;

    void makeUploadFolder();
    void loadBuiltins();
    void probeFolders();
    void probeFromFolder(const std::filesystem::path& file);
    void refuseFromFolder(const std::filesystem::path& file, const std::string& name, const Error& why);
    void lookIfKnown();
    void offer(const std::filesystem::path& file, const FolderLibrary& found);
    void accuse();
    void oneStarted(const std::string& what);
    void reconcile(const std::string& name);
    void reconcileGone(const std::string& name);
    void sentence(const std::string& name, Entry& entry, const fed::PolicyPlugin& object);
    void forgetSuspect();
    void leaveOut(const std::string& name);
    void reconcileMode(const std::string& name, Entry& entry, bool isDisabled);
    void loadOffered(const std::string& name, Entry& entry);
    void loadStored(const std::string& name, const std::string& sha256);
    [[nodiscard]] Result<void> swap(const std::string& name, const std::filesystem::path& library);
    void writeSpec(const std::string& name, const fed::PolicyPluginSpec& spec,
                   std::function<void(Result<void>)> done);
    void writeStatus(const std::string& name, bool withCounters = false);
    void refreshCounters();

    void probeInstall(const std::shared_ptr<Install>& job, std::vector<kube::JsonObject> configs);
    void installProbed(const std::shared_ptr<Install>& job, const ProbedPolicy& probed);
    [[nodiscard]] Result<void> checkInstall(const Install& job) const;
    [[nodiscard]] bool staysDisabled(const Install& job) const;
    // By value: what holds `job` may go when it is taken from m_installs.
    void failInstall(std::shared_ptr<Install> job, Error error);
    void finishInstall(std::shared_ptr<Install> job, const ProbedPolicy& probed);
    [[nodiscard]] std::set<std::string> usedLibraries() const;  // by sha256
    void removeStrays() const;
    void removeIfStray(const std::string& sha256) const;
    [[nodiscard]] std::vector<kube::JsonObject> configsOf(const std::string& name) const;
    [[nodiscard]] InstalledPolicy describe(const std::string& name) const;
    [[nodiscard]] std::filesystem::path stored(const std::string& sha256) const {
        return m_config.folder / (sha256 + ".so");
    }

    HostApi& m_host;
    plugins::PolicyRegistry& m_registry;
    PolicyProber& m_prober;
    Clock& m_clock;
    const Config m_config;
    Handlers m_handlers;
    std::function<void()> m_ready;
    std::optional<plugins::CallMonitor::Suspect> m_suspect;
    std::set<std::string> m_starting;  // what is still being loaded for the first time
    bool m_isStarted = false;
    HostStore<fed::PolicyPlugin> m_objects;
    std::map<std::string, Entry, std::less<>> m_entries;
    std::map<std::filesystem::path, FolderLibrary> m_folderLibraries;  // until all are probed
    std::map<std::string, std::string, std::less<>> m_folderRefused;   // why, by name
    bool m_isLooking = false;  // objects and folders are known; from now on what is there follows them
    std::set<std::shared_ptr<Install>> m_installs;
    SteadyTime m_refreshed{};
    Request m_refresh;
    Request m_mirror;
};

}  // namespace kubefed::controller

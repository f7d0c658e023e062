// SPDX-License-Identifier: Apache-2.0
//
// Installing and removing: the part of PolicyManager that somebody waits for.
#include "controller/policies/policy_manager.h"
#include "kubefed/fed/names.h"
#include "plugins/host/library_file.h"

namespace kubefed::controller {

struct PolicyManager::Install {
    std::string announced;  // name
    std::optional<Error> mayNotReplace;
    plugins::LibraryFile library;
    std::unique_ptr<plugins::PolicyRegistry::Replacement> replacement;  // null where it is not to run now
    std::string name;  // by its manifest, as soon as the probe has told it
    bool isGivenUp = false;
    bool isSwapping = false;
    Callback<InstalledPolicy> done;
    Request step;  // the probe, or the wait for the event loop
};

namespace {

class GiveUp final : public Request::State {
public:
    explicit GiveUp(std::function<void()> giveUp) : m_giveUp(std::move(giveUp)) {}
    ~GiveUp() override { m_giveUp(); }

private:
    std::function<void()> m_giveUp;
};

}  // namespace

// What is under way holds itself: its probe would answer to nobody.
PolicyManager::~PolicyManager() {
    for (const std::shared_ptr<Install>& job : m_installs)
        job->step.cancel();
}

// Libraries that a PolicyPlugin names, that run, or that are on their way.
std::set<std::string> PolicyManager::usedLibraries() const {
    std::set<std::string> used;
    for (const auto& [name, entry] : m_entries) {
        if (entry.active)
            used.insert(entry.active->sha256);
        if (entry.offered)
            used.insert(entry.offered->sha256);
    }
    for (const auto& [file, found] : m_folderLibraries)
        used.insert(found.library.sha256);
    m_objects.forEach(
        [&](const kube::ObjectKey&, const fed::PolicyPlugin& object) { used.insert(object.spec.sha256); });
    for (const std::shared_ptr<Install>& job : m_installs)
        used.insert(job->library.sha256);
    return used;
}

void PolicyManager::removeStrays() const {
    const auto files = plugins::librariesOf(m_config.folder);
    if (!files)
        return;
    const std::set<std::string> used = usedLibraries();
    std::error_code error;
    for (const std::filesystem::path& file : *files)
        if (!used.contains(file.stem().string()))
            std::filesystem::remove(file, error);
}

void PolicyManager::removeIfStray(const std::string& sha256) const {
    std::error_code error;
    if (!sha256.empty() && !usedLibraries().contains(sha256))
        std::filesystem::remove(stored(sha256), error);
}

Request PolicyManager::install(PolicyUpload upload, Callback<InstalledPolicy> done) {
    auto job = std::make_shared<Install>();
    job->announced = upload.name;
    job->mayNotReplace = std::move(upload.mayNotReplace);
    job->done = std::move(done);
    m_installs.insert(job);
    auto refuse = [&](Error error) {
        job->step =
            m_clock.after(Duration::zero(), [this, job, why = std::move(error)] { failInstall(job, why); });
    };
    const auto library =
        !upload.trusted
            ? fail(Code::FailedPrecondition,
                   "a library runs within the controller, with all its rights; say that you trust it "
                   "with --trust (plugins in a process of their own are not there yet)")
            : plugins::importLibrary(upload.file, m_config.folder);
    if (library)
        job->library = *library;
    if (!library) {
        refuse(library.error());
    } else if (library->sha256 != upload.sha256) {
        refuse({.code = Code::InvalidArgument,
                .message = "what arrived has the sha256 " + library->sha256 + ", announced was \"" +
                           upload.sha256 + "\"; send it again"});
    } else {
        probeInstall(job, {});
    }
    return Request(std::make_unique<GiveUp>([this, weak = std::weak_ptr(job)] {
        const auto given = weak.lock();
        if (given == nullptr)
            return;
        given->done = nullptr;
        given->isGivenUp = true;
        if (given->isSwapping)
            return;
        given->step.cancel();
        m_installs.erase(given);
        removeIfStray(given->library.sha256);
    }));
}

// Once without a configuration, which tells the name, and again with those that policies give it.
void PolicyManager::probeInstall(const std::shared_ptr<Install>& job, std::vector<kube::JsonObject> configs) {
    const bool isSecond = !configs.empty();
    job->step = m_prober.probe(
        job->library.copy, std::move(configs), [this, job, isSecond](const ProbeAnswer& probed) {
            const Request ended = std::move(job->step);
            if (!probed.name.empty())
                job->name = probed.name;
            if (!probed.policy)
                return failInstall(job, probed.policy.error());
            job->name = probed.policy->name;
            if (auto configured = configsOf(job->name); !isSecond && !configured.empty())
                return probeInstall(job, std::move(configured));
            installProbed(job, *probed.policy);
        });
}

Result<void> PolicyManager::checkInstall(const Install& job) const {
    if (!job.announced.empty() && job.announced != job.name)
        return fail(Code::InvalidArgument,
                    "its name is \"" + job.name + "\", announced was \"" + job.announced + "\"");
    const auto at = m_entries.find(job.name);
    if (at == m_entries.end())
        return {};
    if (at->second.source != Source::Library)
        return fail(Code::AlreadyExists,
                    "\"" + job.name + "\" is the name of a policy that " +
                        (at->second.source == Source::Builtin ? "is built in" : "lies in a --plugin-dir") +
                        "; choose another name in KUBEFED_POLICY");
    if (job.mayNotReplace)
        return fail(*job.mayNotReplace);
    if (at->second.isBusy)
        return fail(Code::Aborted, "another version of \"" + job.name + "\" is being installed; try again");
    if (at->second.isWritingSpec)
        return fail(Code::Aborted, "\"" + job.name + "\" is just being disabled; try again");
    return {};
}

// What a person has disabled stays so; what was disabled for a crash, unless another library comes.
bool PolicyManager::staysDisabled(const Install& job) const {
    const fed::PolicyPlugin* object = m_objects.find({{}, job.name});
    const auto entry = m_entries.find(job.name);
    const bool isSuspected = entry != m_entries.end() && entry->second.suspicion;
    if (object == nullptr || (!object->spec.isDisabled && !isSuspected))
        return false;
    const bool isForCrash = isSuspected || isAccused(object->status);
    return !isForCrash || object->spec.sha256 == job.library.sha256;
}

void PolicyManager::installProbed(const std::shared_ptr<Install>& job, const ProbedPolicy& probed) {
    if (const Result<void> checked = checkInstall(*job); !checked)
        return failInstall(job, checked.error());
    const bool isDisabled = staysDisabled(*job);
    if (!isDisabled && !m_config.onlyBuiltins) {
        auto prepared = m_registry.prepare(job->library.copy);
        if (!prepared)
            return failInstall(job, prepared.error());
        job->replacement = *std::move(prepared);
    }
    job->isSwapping = true;
    m_entries[job->name].isBusy = true;  // the object must not be acted upon before the answer
    writeSpec(job->name, {.source = Source::Library, .sha256 = job->library.sha256, .isDisabled = isDisabled},
              [this, job, probed](const Result<void>& written) {
                  m_entries[job->name].isBusy = false;
                  if (written)
                      return finishInstall(job, probed);
                  const std::string name = job->name;
                  failInstall(job, written.error());
                  reconcile(name);  // if it was never there, it goes again
              });
}

void PolicyManager::failInstall(std::shared_ptr<Install> job, Error error) {
    const std::string& name = job->name.empty() ? job->announced : job->name;
    log::warning("a policy library is refused", {{"name", name}, {"why", error.text()}});
    // Of what is installed already, the reason stays to be read. Of a stranger it stays in the answer, also
    // where it took the name of a policy that was never installed, or its sender may not touch what is there.
    const fed::PolicyPlugin* object = m_objects.find({{}, name});
    if (object != nullptr && object->spec.source == Source::Library && !job->mayNotReplace) {
        m_entries[name].installed = PolicyWord{
            .holds = false,
            .reason = "Refused",
            .message = (job->library.sha256.empty() ? std::string()
                                                    : "library " + job->library.sha256.substr(0, 12) + ": ") +
                       error.text()};
        writeStatus(name);
    }
    m_installs.erase(job);
    if (!job->isSwapping)  // a write that failed may have been done: then the object comes, and names it
        removeIfStray(job->library.sha256);
    if (auto done = std::exchange(job->done, nullptr))
        done(fail(std::move(error)));
}

void PolicyManager::finishInstall(std::shared_ptr<Install> job, const ProbedPolicy& probed) {
    Entry& entry = m_entries[job->name];
    entry.refused.clear();
    entry.installed = PolicyWord{.holds = true, .reason = "Installed", .message = {}};
    if (job->replacement) {
        entry.active = job->replacement->info();
        entry.suspicion.reset();
        entry.waiting = {};
        m_registry.commit(std::move(job->replacement));
    } else {
        entry.waiting = {probed.version, probed.sha256};
    }
    log::info("a policy plugin is installed",
              {{"name", job->name}, {"version", probed.version}, {"sha256", probed.sha256}});
    m_handlers.changed();
    m_installs.erase(job);
    if (auto done = std::exchange(job->done, nullptr))
        done(describe(job->name));
}

Request PolicyManager::remove(std::string name, Callback<void> done) {
    const auto at = m_entries.find(name);
    const fed::PolicyPlugin* object = m_objects.find({{}, name});
    const auto refuse = [&](Code code, std::string message) {
        return m_clock.after(Duration::zero(),
                             [code, message = std::move(message), done = std::move(done)]() mutable {
                                 done(fail(code, std::move(message)));
                             });
    };
    if (at == m_entries.end() || object == nullptr)
        return refuse(Code::NotFound, "there is no policy \"" + name + "\"");
    if (object->spec.source != Source::Library)
        return refuse(Code::FailedPrecondition,
                      "\"" + name + "\" was not installed, so it cannot be removed; kubefed policy disable " +
                          name + " takes it out of use");
    return m_host.remove(fed::policyPlugins(), {{}, name}, object->uid,
                         [done = std::move(done)](Result<kube::Object> answer) mutable {
                             done(answer ? Result<void>() : fail(std::move(answer.error())));
                         });
}

}  // namespace kubefed::controller

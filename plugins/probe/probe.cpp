// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe/probe.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "plugins/host/golden_rounds.h"
#include "plugins/host/library_file.h"
#include "plugins/host/manifest_file.h"

#include <sys/resource.h>
#include <unistd.h>

namespace kubefed {

namespace {

constexpr rlim_t kMoreMemory = rlim_t{1} << 30U;  // beyond what the process has already
constexpr rlim_t kCpuSeconds = 20;

void limitResources() {
    // Sanitizers map terabytes of shadow, which no limit of the address space survives.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kMoreMemory;
    const rlimit memory{most, most};
    ::setrlimit(RLIMIT_AS, &memory);
#endif
    const rlimit cpu{kCpuSeconds, kCpuSeconds + 1};  // SIGXCPU says what it was
    ::setrlimit(RLIMIT_CPU, &cpu);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

// Before anything of it runs: whose it was should be known if that is the end of this process. What is wrong
// with a library that tells no name, loading it finds out.
void sayName(const ProbeAnswers& answers, const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (!plugins::checkElf(bytes))
        return;
    if (const std::string name = plugins::nameInFile(bytes); !name.empty())
        answers.say("name", name);
}

}  // namespace

Result<kube::JsonObject> probe(const ProbeTask& task, const ProbeAnswers& answers) {
    plugins::PolicyRegistry registry{task.scratch};
    const plugins::ScanReport builtins = registry.loadFolder(task.builtins);
    for (const plugins::Refusal& refusal : builtins.refused)
        return fail(refusal.error);
    limitResources();
    answers.say("step", "loading");
    sayName(answers, task.library);
    auto ready = registry.prepare(task.library);
    if (!ready)
        return fail(ready.error());
    const plugins::Manifest manifest = (*ready)->info().manifest;
    const std::string sha256 = (*ready)->info().sha256;
    const auto isIt = [&](const plugins::PluginInfo& builtin) {
        return builtin.manifest.name == manifest.name;
    };
    // One that takes a built-in's name is refused for that, whatever it does.
    if (std::ranges::none_of(builtins.loaded, isIt)) {
        registry.commit(*std::move(ready));
        KUBEFED_TRY(plugins::runGoldenRounds(registry, manifest.name, task.configs,
                                             [&](const std::string& step) { answers.say("step", step); }));
    }
    return kube::JsonObject{{"name", manifest.name}, {"version", manifest.version}, {"sha256", sha256}};
}

}  // namespace kubefed

// SPDX-License-Identifier: Apache-2.0
//
// kubefed-policy-probe LIBRARY BUILTIN_FOLDER SCRATCH_FOLDER: loads a policy library where it can do no harm,
// in a process of its own with limits, and puts it through its golden rounds. Reads a JSON array of
// configurations from standard input. Writes lines: "step WHAT" before each step, "name NAME" where the
// library's manifest tells one, and at the end "ok {manifest}" or "refused WHY".
#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "plugins/host/golden_rounds.h"
#include "plugins/host/library_file.h"
#include "plugins/host/manifest_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace kubefed;

constexpr rlim_t kMoreMemory = rlim_t{1} << 30U;  // beyond what the process has already
constexpr rlim_t kCpuSeconds = 20;

// The lines that are read outside, by a descriptor of their own: what a plugin prints is none of them.
class Answers {
public:
    Answers() : m_file(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
        const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(nowhere, STDOUT_FILENO);
        ::close(nowhere);
    }
    // At once: the next thing may be a crash.
    void say(const std::string& kind, std::string text) const {
        std::ranges::replace(text, '\n', ' ');
        const std::string line = kind + ' ' + text + '\n';
        for (std::size_t done = 0; done < line.size();) {
            const ssize_t written = ::write(m_file, line.data() + done, line.size() - done);
            if (written <= 0)
                return;
            done += static_cast<std::size_t>(written);
        }
    }

private:
    const int m_file;
};

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

Result<std::vector<kube::JsonObject>> readConfigs() {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto parsed = kube::parseJson(text);
    KUBEFED_TRY(parsed);
    std::vector<kube::JsonObject> configs;
    if (const kube::JsonArray* array = parsed->if_array())
        for (const kube::Json& config : *array)
            if (config.is_object())
                configs.push_back(config.get_object());
    return configs;
}

// Before anything of it runs: whose it was should be known if that is the end of this process. What is wrong
// with a library that tells no name, loading it finds out.
void sayName(const Answers& answers, const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (!plugins::checkElf(bytes))
        return;
    if (const std::string name = plugins::nameInFile(bytes); !name.empty())
        answers.say("name", name);
}

Result<kube::JsonObject> probe(const Answers& answers, char** argv) {
    auto configs = readConfigs();
    KUBEFED_TRY(configs);
    plugins::PolicyRegistry registry{std::filesystem::path(argv[3])};
    const plugins::ScanReport builtins = registry.loadFolder(argv[2]);
    for (const plugins::Refusal& refusal : builtins.refused)
        return fail(refusal.error);
    limitResources();
    answers.say("step", "loading");
    sayName(answers, argv[1]);
    auto ready = registry.prepare(argv[1]);
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
        KUBEFED_TRY(plugins::runGoldenRounds(registry, manifest.name, *configs,
                                             [&](const std::string& step) { answers.say("step", step); }));
    }
    return kube::JsonObject{{"name", manifest.name}, {"version", manifest.version}, {"sha256", sha256}};
}

}  // namespace

int main(int argc, char** argv) {
    const Answers answers;
    try {
        if (argc != 4) {
            std::cerr << "kubefed-policy-probe is started by kubefed-controller\n";
            return 2;
        }
        const auto result = probe(answers, argv);
        if (result)
            answers.say("ok", kube::printJson(*result));
        else
            answers.say("refused", result.error().text());
        // Without destructors: how a plugin behaves at the end of a process is not the question.
        ::_exit(result ? 0 : 1);
    } catch (const std::exception& error) {
        answers.say("refused", error.what());
        return 1;
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/sandbox.h"

#include <algorithm>
#include <charconv>
#include <ostream>
#include <sstream>

#include <QLocalSocket>

#include "kubefed/cli/folder.h"
#include "kubefed/cli/format/table.h"
#include "kubefed/util/file.h"

namespace kubefed::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kPollEvery{50};
constexpr Duration kAnswerWithin{5'000};
constexpr std::string_view kProgram = "kubefed-sandbox";
constexpr std::string_view kMark = "kubefed.io/sandbox";
// Places with their regions; the first three are those of the documentation.
constexpr std::string_view kPlaces[] = {"tokyo:jp",  "osaka:jp",  "oregon:us",   "london:eu", "paris:eu",
                                        "sydney:au", "mumbai:in", "virginia:us", "berlin:eu", "seoul:kr"};

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : std::string(separator)) + part;
    return text;
}

}  // namespace

// One line to the process and one line back.
class Sandbox::Control {
public:
    Control(const fs::path& socket, std::string line, Clock& clock, Callback<std::string> done)
        : m_done(std::move(done)) {
        QObject::connect(&m_socket, &QLocalSocket::connected, &m_socket,
                         [this, line = std::move(line)] { m_socket.write((line + "\n").c_str()); });
        QObject::connect(&m_socket, &QLocalSocket::readyRead, &m_socket, [this] {
            if (m_socket.canReadLine())
                end(m_socket.readLine().trimmed().toStdString());
        });
        QObject::connect(&m_socket, &QLocalSocket::errorOccurred, &m_socket, [this] {
            end(kubefed::fail(Code::Unavailable, m_socket.errorString().toStdString()));
        });
        m_deadline = clock.after(kAnswerWithin, [this] {
            end(kubefed::fail(Code::DeadlineExceeded, "no answer within " + shortDuration(kAnswerWithin)));
        });
        // Not from inside the constructor: a failure is told at once.
        m_start = clock.after(Duration(0), [this, socket] {
            m_socket.connectToServer(QString::fromStdString(socket.string()));
        });
    }
    ~Control() { m_socket.disconnect(); }
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

private:
    void end(Result<std::string> result) {
        m_socket.disconnect();
        m_deadline.cancel();
        if (auto done = std::exchange(m_done, nullptr))
            done(std::move(result));
    }

    QLocalSocket m_socket;
    Callback<std::string> m_done;
    Request m_deadline;
    Request m_start;
};

Sandbox::Sandbox(Environment& environment, SandboxOptions options)
    : Verb(environment), m_options(std::move(options)), m_folder(environment.dataHome / "kubefed-sandbox") {}
Sandbox::~Sandbox() = default;

void Sandbox::run() {
    m_started = env().clock.now();
    const auto kubeconfig = loadKubeconfig(m_options.common.kubeconfig);
    const bool missing =
        !kubeconfig && !m_options.common.kubeconfig.empty() && !fs::exists(m_options.common.kubeconfig);
    if (!kubeconfig && !missing)
        return fail(kubeconfig.error());
    m_kubeconfigPath = missing ? fs::path(m_options.common.kubeconfig) : kubeconfig->writePath();
    switch (m_options.action) {
        case SandboxOptions::Action::Up:
            return up();
        case SandboxOptions::Action::Down:
            return down();
        case SandboxOptions::Action::Status:
            return command("status");
        case SandboxOptions::Action::Fault:
            return command(m_options.fault + " " + m_options.cluster);
    }
}

bool Sandbox::isUp() {
    const auto text = readFile(m_folder / "kubefed-sandbox.pid");
    pid_t pid = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), pid).ec != std::errc{} ||
        pid <= 1)
        return false;
    m_pid = pid;
    return env().processes.isRunning(pid, m_folder);
}

std::vector<std::string> Sandbox::wantedClusters() const {
    std::size_t number = 0;
    const std::string& text = m_options.clusters;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc{} && end == text.data() + text.size()) {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < number; ++i)
            out.push_back(i < std::size(kPlaces)
                              ? std::string(kPlaces[i])
                              : "cluster-" + std::to_string(i + 1) + ":region-" + std::to_string(i % 5));
        return out;
    }
    std::vector<std::string> out;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');)
        if (!part.empty())
            out.push_back(part);
    return out;
}

std::string Sandbox::logTail() const {
    const auto text = readFile(m_folder / "kubefed-sandbox.log");
    if (!text || text->empty())
        return "nothing was logged";
    const auto start = text->size() > 600 ? text->find('\n', text->size() - 600) + 1 : 0;
    return text->substr(start, text->find_last_not_of('\n') + 1 - std::min(start, text->size()));
}

void Sandbox::giveUp(CliError error) {
    if (m_startedHere) {
        env().processes.kill(m_pid);
        removeData();
    }
    error.changed = "nothing was changed";
    fail(error);
}

void Sandbox::interrupt() {
    m_timer.cancel();
    if (m_startedHere) {
        env().processes.kill(m_pid);
        removeContexts();
        removeData();
    }
    finish(kInterrupted);
}

// ---- up

void Sandbox::up() {
    if (isUp())
        return fail({.id = "KF1501",
                     .message = "the sandbox runs already",
                     .evidence = "process " + std::to_string(m_pid) + " has the folder " + m_folder.string(),
                     .remedy = "kubefed sandbox status shows it; kubefed sandbox down ends it",
                     .changed = "nothing was changed"});
    const auto wanted = wantedClusters();
    for (const std::string& each : wanted)
        if (!isDnsLabel(each.substr(0, each.find(':'))))
            return fail({.id = "KF1008",
                         .message = "\"" + each + "\" cannot be the name of a cluster",
                         .evidence = "names are lower-case letters, digits and '-', 63 at most",
                         .remedy = "kubefed sandbox up --clusters tokyo:jp,osaka:jp,oregon:us",
                         .changed = "nothing was changed"});
    if (wanted.empty() || wanted.size() > 100)
        return fail(
            {.id = "KF1008",
             .message = "a sandbox has from 1 to 100 clusters",
             .evidence = "--clusters " + m_options.clusters + " asks for " + std::to_string(wanted.size()),
             .remedy = "kubefed sandbox up --clusters 3",
             .changed = "nothing was changed"});
    const fs::path program = env().programs / kProgram;
    if (!fs::exists(program))
        return giveUp(missingProgram(program));
    // What an earlier sandbox left is of no use: its keys and ports are gone.
    std::error_code ec;
    if (auto removed = removeFolder(m_folder); !removed)
        return fail(
            {.id = "KF1501",
             .message = "what an earlier sandbox left cannot be removed",
             .evidence = removed.error().text(),
             .remedy = "see to it that you may write there, remove " + m_folder.string() + ", then try again",
             .changed = "nothing was changed"});
    fs::create_directories(m_folder, ec);
    fs::permissions(m_folder, fs::perms::owner_all, ec);
    const auto pid = env().processes.start(
        program,
        {"--data", m_folder.string(), "--clusters", join(wanted, ","), "--nodes",
         std::to_string(m_options.nodes), "--pod-delay", std::to_string(m_options.podDelayMillis)},
        m_folder / "ready.jsonl", m_folder / "kubefed-sandbox.log");
    if (!pid)
        return fail({.id = "KF1501",
                     .message = "kubefed-sandbox cannot be started",
                     .evidence = pid.error().text(),
                     .remedy = "check that you may run " + program.string() +
                               ", and that its libraries are there: ldd " + program.string(),
                     .changed = "nothing was changed"});
    m_pid = *pid;
    m_startedHere = true;
    if (auto written = writeFile(m_folder / "kubefed-sandbox.pid", std::to_string(m_pid) + "\n"); !written)
        return giveUp({.id = "KF1501",
                       .message = "the sandbox's folder cannot be used",
                       .evidence = written.error().text(),
                       .remedy = "check the owner, the mode and the free space of " + m_folder.string(),
                       .changed = kNothingChanged});
    env().report.doing("starting " + counted(static_cast<std::int64_t>(wanted.size()), "cluster"));
    waitForClusters();
}

std::vector<std::string> Sandbox::readyClusters() const {
    std::vector<std::string> names;
    const auto text = readFile(m_folder / "ready.jsonl");
    if (!text)
        return names;
    std::size_t start = 0;
    // The last line may still be without its end.
    for (auto end = text->find('\n'); end != std::string::npos; end = text->find('\n', start)) {
        const auto line = kube::parseJson(std::string_view(*text).substr(start, end - start));
        if (line && line->is_object() && line->get_object().contains("name"))
            names.emplace_back(kube::stringAt(line->get_object(), {"name"}));
        start = end + 1;
    }
    return names;
}

void Sandbox::waitForClusters() {
    const auto ready = readyClusters();
    if (ready.size() >= wantedClusters().size())
        return addContexts();
    const bool ended = !env().processes.isRunning(m_pid, m_folder);
    if (ended || env().clock.now() - m_started >= m_options.timeout)
        return giveUp(
            {.id = "KF1501",
             .message = ended ? "kubefed-sandbox ended while it started"
                              : "the sandbox was not ready within " + shortDuration(m_options.timeout),
             .evidence = logTail(),
             .remedy = ended ? "mend what its log says, then try again"
                             : "try fewer clusters, or a longer --timeout",
             .changed = kNothingChanged});
    m_timer = env().clock.after(kPollEvery, [this] { waitForClusters(); });
}

void Sandbox::addContexts() {
    const auto own = kube::Kubeconfig::load(m_folder / "kubeconfig");
    if (!own)
        return giveUp({.id = "KF1501",
                       .message = "the sandbox wrote no kubeconfig",
                       .evidence = own.error().text(),
                       .remedy = "check the owner, the mode and the free space of " + m_folder.string(),
                       .changed = kNothingChanged});
    for (const std::string& name : readyClusters()) {
        auto context = own->resolve(name);
        auto added = context ? kube::addContext(m_kubeconfigPath, {.name = name,
                                                                   .server = context->endpoint.url(),
                                                                   .identity = context->identity,
                                                                   .federation = "sandbox",
                                                                   .mark = std::string(kMark)})
                             : Result<void>(kubefed::fail(context.error()));
        if (!added) {
            removeContexts();
            return giveUp({.id = "KF1202",
                           .message = "context \"" + name + "\" cannot be written",
                           .evidence = added.error().text(),
                           .remedy = "choose other names with --clusters, or another file with --kubeconfig",
                           .changed = kNothingChanged});
        }
        env().report.done("cluster " + name, context->endpoint.url());
    }
    env().report.line("The contexts are in " + m_kubeconfigPath.string() + ". Next: kubefed join NAME");
    finish(kDone);
}

// ---- down

void Sandbox::down() {
    const bool hadContexts = removeContexts();
    if (!isUp()) {
        const bool hadData = fs::exists(m_folder);
        return finishDown("the sandbox was not up",
                          hadContexts || hadData ? kDone : unchangedCode(m_options.common));
    }
    env().processes.terminate(m_pid);
    env().report.doing("ending the sandbox");
    waitUntilEnded();
}

void Sandbox::waitUntilEnded() {
    if (env().processes.isRunning(m_pid, m_folder)) {
        // Nothing in a sandbox is to be kept: whoever does not listen is killed.
        if (env().clock.now() - m_started >= m_options.timeout)
            env().processes.kill(m_pid);
        m_timer = env().clock.after(kPollEvery, [this] { waitUntilEnded(); });
        return;
    }
    finishDown("the sandbox is down", kDone);
}

void Sandbox::removeData() {
    if (auto removed = removeFolder(m_folder); !removed)
        env().report.warn(removed.error().text());
}

void Sandbox::finishDown(const std::string& words, int exitCode) {
    removeData();
    env().report.line(words);
    finish(exitCode);
}

bool Sandbox::removeContexts() {
    const auto kubeconfig = kube::Kubeconfig::load(
        m_options.common.kubeconfig.empty() ? std::nullopt
                                            : std::optional<fs::path>(m_options.common.kubeconfig));
    if (!kubeconfig)
        return false;
    const auto names = kubeconfig->markedContexts(kMark);
    for (const std::string& name : names)
        if (auto removed = kube::removeContext(m_kubeconfigPath, name); !removed)
            env().report.warn("context \"" + name + "\" stays: " + removed.error().text());
    return !names.empty();
}

// ---- status, fault

void Sandbox::command(const std::string& line) {
    if (!isUp())
        return fail({.id = "KF1502",
                     .message = "the sandbox does not run",
                     .evidence = "no process has the folder " + m_folder.string(),
                     .remedy = "kubefed sandbox up",
                     .changed = "nothing was changed"});
    m_control =
        std::make_unique<Control>(m_folder / "control.sock", line, env().clock,
                                  [this](Result<std::string> answer) { onAnswer(std::move(answer)); });
}

void Sandbox::onAnswer(Result<std::string> answer) {
    const auto document =
        answer ? kube::parseJson(*answer) : Result<kube::Json>(kubefed::fail(answer.error()));
    if (!document || !document->is_object())
        return fail({.id = "KF1503",
                     .message = "the sandbox did not answer",
                     .evidence = answer ? *answer : answer.error().text(),
                     .remedy = "kubefed sandbox down, then kubefed sandbox up",
                     .changed = m_options.action == SandboxOptions::Action::Fault
                                    ? "whether it was done is not known"
                                    : kNothingChanged});
    const kube::JsonObject& object = document->get_object();
    if (!kube::boolAt(object, {"ok"}, true))
        return fail({.id = "KF1503",
                     .message = "the sandbox refused",
                     .evidence = std::string(kube::stringAt(object, {"error"})),
                     .remedy = "kubefed sandbox status lists its clusters",
                     .changed = "nothing was changed"});
    if (m_options.action == SandboxOptions::Action::Fault) {
        env().report.line("cluster " + m_options.cluster + ": " + m_options.fault + " done");
        return finish(kDone);
    }
    Table table;
    table.headers = {"NAME", "STATE", "SERVER"};
    if (const kube::JsonArray* clusters = kube::arrayAt(object, {"clusters"}))
        for (const kube::Json& item : *clusters)
            if (const kube::JsonObject* cluster = item.if_object())
                table.rows.push_back({std::string(kube::stringAt(*cluster, {"name"})),
                                      std::string(kube::stringAt(*cluster, {"state"})),
                                      std::string(kube::stringAt(*cluster, {"server"}))});
    env().out << table.text() << std::flush;
    finish(kDone);
}

}  // namespace kubefed::cli

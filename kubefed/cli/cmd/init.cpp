// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/init.h"

#include <algorithm>
#include <ostream>
#include <tuple>

#include "kubefed/cli/member_objects.h"
#include "kubefed/client/locate.h"
#include "kubefed/fed/names.h"
#include "kubefed/fed/types.h"
#include "kubefed/util/file.h"

namespace kubefed::cli {
namespace {

constexpr Duration kPollEvery{50};
constexpr std::string_view kProgram = "kubefed-controller";

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";
constexpr std::string_view kInfoRole = "kubefed:info";

kube::Object infoRole() {
    auto role = kube::Object::make({std::string(kRbac), "v1", "Role"}, "kube-public", kInfoRole);
    role.document()["rules"] =
        kube::JsonArray{kube::JsonObject{{"apiGroups", kube::JsonArray{""}},
                                         {"resources", kube::JsonArray{"configmaps"}},
                                         {"resourceNames", kube::JsonArray{"kubefed-info"}},
                                         {"verbs", kube::JsonArray{"get"}}}};
    return role;
}

kube::Object infoBinding() {
    auto binding = kube::Object::make({std::string(kRbac), "v1", "RoleBinding"}, "kube-public", kInfoRole);
    binding.document()["roleRef"] =
        kube::JsonObject{{"apiGroup", kRbac}, {"kind", "Role"}, {"name", kInfoRole}};
    binding.document()["subjects"] = kube::JsonArray{
        kube::JsonObject{{"apiGroup", kRbac}, {"kind", "Group"}, {"name", "system:authenticated"}}};
    return binding;
}

}  // namespace

Init::Init(Environment& environment, InitOptions options)
    : Verb(environment), m_options(std::move(options)), m_local(environment.dataHome, m_options.name) {}

std::string Init::contextName() const {
    return m_options.contextName.empty() ? m_options.name : m_options.contextName;
}

void Init::run() {
    m_started = env().clock.now();
    check();
}

void Init::interrupt() {
    env().report.line(clean());
    finish(kInterrupted);
}

void Init::check() {
    if (!isDnsLabel(m_options.name))
        return fail({.id = "KF1008",
                     .message = "\"" + m_options.name + "\" cannot be the name of a federation",
                     .evidence = "names are lower-case letters, digits and '-', 63 at most",
                     .remedy = "choose another name",
                     .changed = "nothing was changed"});
    if (!m_options.federationId.empty() && !isUuid(m_options.federationId))
        return fail({.id = "KF1008",
                     .message = "\"" + m_options.federationId + "\" is not a federation id",
                     .evidence = "ids are UUIDs in lower case, as kubefed init prints them",
                     .remedy = "kubectl --context MEMBER get serviceaccounts -n kubefed-system -o yaml shows "
                               "it in a member",
                     .changed = "nothing was changed"});
    if (!m_options.pluginDir.empty()) {
        // The controller runs elsewhere than this command.
        m_options.pluginDir = std::filesystem::absolute(m_options.pluginDir).string();
        std::error_code problem;
        const std::filesystem::directory_iterator readable(m_options.pluginDir, problem);
        if (problem)
            return fail({.id = "KF1008",
                         .message = "the folder of --plugin-dir cannot be read",
                         .evidence = m_options.pluginDir + ": " + problem.message(),
                         .remedy = "make it, or name another folder",
                         .changed = "nothing was changed"});
    }
    if (m_options.onlyStart && !m_local.exists())
        return fail({.id = "KF1205",
                     .message = "there is no federation \"" + m_options.name + "\" on this machine",
                     .evidence = "there is no " + (m_local.folder() / "config.yaml").string(),
                     .remedy = "kubefed init " + m_options.name,
                     .changed = "nothing was changed"});
    if (!m_options.onlyStart && m_local.exists())
        return fail({.id = "KF1201",
                     .message = "federation \"" + m_options.name + "\" exists already",
                     .evidence = "its data is in " + m_local.folder().string(),
                     .remedy = "kubefed up " + m_options.name + " starts it; kubefed deinit " +
                               m_options.name + " removes it",
                     .changed = "nothing was changed"});
    auto kubeconfig = loadKubeconfig(m_options.common.kubeconfig);
    // A file that is still to be made is no mistake here.
    const bool missing = !kubeconfig && !m_options.common.kubeconfig.empty() &&
                         !std::filesystem::exists(m_options.common.kubeconfig);
    if (!kubeconfig && !missing)
        return fail(kubeconfig.error());
    m_kubeconfigPath = missing ? std::filesystem::path(m_options.common.kubeconfig) : kubeconfig->writePath();
    if (kubeconfig)
        return checkContext(*kubeconfig);
    create();
}

void Init::checkContext(const kube::Kubeconfig& kubeconfig) {
    const auto contexts = kubeconfig.contexts();
    const auto ours = kubeconfig.federationContexts();
    const bool present = std::ranges::find(contexts, contextName()) != contexts.end();
    const bool federation = std::ranges::find(ours, contextName()) != ours.end();
    const auto resolved = kubeconfig.resolve(contextName());
    const bool same = federation && resolved && resolved->federation == m_options.name;
    if (present && !same)
        return fail(
            {.id = "KF1202",
             .message = "the kubeconfig has a context \"" + contextName() + "\" already",
             .evidence = federation ? "it is of federation \"" + (resolved ? resolved->federation : "") + "\""
                                    : "it is not of a federation",
             .remedy = "choose another with --context-name NAME",
             .changed = "nothing was changed"});
    create();
}

void Init::create() {
    if (!m_options.onlyStart) {
        if (m_local.isOrphaned())
            return fail({.id = "KF1206",
                         .message = "the data folder " + m_local.folder().string() + " is damaged",
                         .evidence = "there is a store, but the config.yaml of its federation is gone",
                         .remedy = "bring config.yaml back and run kubefed up " + m_options.name +
                                   ", or move the folder away",
                         .changed = "nothing was changed"});
        m_config.federation = m_options.name;
        m_config.federationId = m_options.federationId.empty() ? makeUuid() : m_options.federationId;
        m_config.address = m_options.address;
        m_config.pluginDir = m_options.pluginDir;
        m_config.hasDefaultPolicy = m_options.defaultPlacement != "none";
        // With --no-start nobody else chooses the port before the context is written.
        if (m_options.noStart) {
            const auto port = freePort(m_config.address);
            if (!port)
                return giveUp({.id = "KF1206",
                               .message = "no port could be chosen",
                               .evidence = port.error().text(),
                               .remedy = "name an IPv4 address of this machine with --address",
                               .changed = kNothingChanged});
            m_config.port = *port;
        }
        m_created = true;
        if (auto made = m_local.create(m_config); !made)
            return giveUp({.id = "KF1206",
                           .message = "the data folder " + m_local.folder().string() + " cannot be made",
                           .evidence = made.error().text(),
                           .remedy = "set $XDG_DATA_HOME to a folder that you may write",
                           .changed = kNothingChanged});
        env().report.done("CA, certificates and data folder", m_local.folder().string());
    }
    if (m_options.noStart)
        return printUnit();
    startController();
}

void Init::printUnit() {
    writeContext();
    if (!m_contextWritten)
        return;
    env().out << "# systemd unit: save as ~/.config/systemd/user/kubefed-" << m_options.name << ".service\n"
              << "[Unit]\nDescription=kubefed federation " << m_options.name
              << "\n\n[Service]\nExecStart=" << (env().programs / kProgram).string() << " --data "
              << m_local.folder().string();
    env().out << "\nRestart=on-failure\n\n[Install]\nWantedBy=default.target\n";
    env().report.line("federation id: " + m_config.federationId);
    env().report.line("Not started. Once the unit runs: kubefed up " + m_options.name +
                      " completes the federation");
    finish(kDone);
}

void Init::startController() {
    const std::filesystem::path program = env().programs / kProgram;
    if (const auto pid = m_local.readPid(); pid && env().processes.isRunning(*pid, m_local.folder())) {
        m_alreadyUp = true;
        return waitForPort();
    }
    if (!std::filesystem::exists(program))
        return giveUp(missingProgram(program));
    std::vector<std::string> arguments{"--data", m_local.folder().string()};
    if (m_options.onlyStart && !m_options.pluginDir.empty())
        arguments.insert(arguments.end(), {"--plugin-dir", m_options.pluginDir});
    if (m_options.withoutPolicies)
        arguments.emplace_back("--without-policies");
    const auto pid = env().processes.start(program, arguments, m_local.logFile(), m_local.logFile());
    if (!pid)
        return giveUp({.id = "KF1204",
                       .message = "kubefed-controller cannot be started",
                       .evidence = pid.error().text(),
                       .remedy = "check that you may run " + program.string() +
                                 ", and that its libraries are there: ldd " + program.string(),
                       .changed = kNothingChanged});
    m_pid = *pid;
    waitForPort();
}

bool Init::expired(std::string_view waitingFor) {
    // One that was killed is still to be seen for a moment; waiting for it to answer would be in vain.
    if (const auto pid = m_local.readPid();
        m_alreadyUp && !(pid && env().processes.isRunning(*pid, m_local.folder()))) {
        m_alreadyUp = false;
        startController();
        return true;
    }
    if (m_pid > 0 && !env().processes.isRunning(m_pid, m_local.folder())) {
        m_pid = 0;
        giveUp(
            {.id = "KF1204",
             .message = "kubefed-controller ended while it started",
             .evidence = m_local.logTail(5),
             .remedy = m_options.onlyStart && !m_options.withoutPolicies
                           ? "see the log, then try again; if a policy plugin may be at fault: kubefed up " +
                                 m_options.name + " --without-policies"
                           : "mend what its log says, then try again",
             .changed = kNothingChanged});
        return true;
    }
    if (env().clock.now() - m_started < m_options.timeout)
        return false;
    giveUp({.id = "KF1207",
            .message = "the federation did not answer within " + shortDuration(m_options.timeout),
            .evidence = "still waiting for " + std::string(waitingFor) +
                        "; the log's last lines are\n            " + m_local.logTail(5),
            .remedy = "try again with a longer --timeout",
            .changed = kNothingChanged});
    return true;
}

void Init::waitForPort() {
    env().report.doing("starting federation \"" + m_options.name + "\"");
    auto config = m_local.readConfig();
    if (config && config->port != 0) {
        m_config = std::move(*config);
        auto identity = m_local.adminIdentity();
        if (!identity)
            return failDamaged(identity.error());
        const std::string host = m_config.address == "0.0.0.0" ? "127.0.0.1" : m_config.address;
        m_context = {.context = contextName(),
                     .cluster = contextName(),
                     .user = contextName(),
                     .ns = "default",
                     .endpoint = {.host = host, .port = m_config.port, .basePath = ""},
                     .identity = std::move(*identity),
                     .isFederation = true,
                     .federation = m_options.name};
        m_client = makeClient(env(), m_context);
        return waitForReady();
    }
    if (!expired("its port"))
        m_timer = env().clock.after(kPollEvery, [this] { waitForPort(); });
}

void Init::waitForReady() {
    m_request = m_client->raw("/readyz", Duration(2'000),
                              [this](Result<net::HttpResponse> answer) { onReady(std::move(answer)); });
}

void Init::onReady(Result<net::HttpResponse> answer) {
    if (!answer) {
        if (!expired("/readyz (" + answer.error().text() + ")"))
            m_timer = env().clock.after(kPollEvery, [this] { waitForReady(); });
        return;
    }
    env().report.done("federation \"" + m_options.name + "\" answers",
                      m_context.endpoint.url() + (m_alreadyUp ? " (was up already)" : ""));
    writeContext();
    if (!m_contextWritten)
        return;
    findInfo();
}

// The ConfigMap that describes the federation is written last: where it is missing, nobody has completed this
// store yet (init --no-start, an init that was killed, a store that was lost).
void Init::findInfo() {
    m_request =
        m_client->get(configMaps(), {"kube-public", "kubefed-info"}, [this](Result<kube::Object> found) {
            if (!found && !(found.error().status && found.error().status->httpCode == 404))
                return giveUp(federationError(found.error(), m_context, "reading kube-public/kubefed-info"));
            m_objects = systemObjects(!found);
            if (found)
                m_before = std::move(*found);
            writeObjects(0);
        });
}

void Init::writeContext() {
    if (m_client == nullptr) {
        auto identity = m_local.adminIdentity();
        if (!identity)
            return failDamaged(identity.error());
        m_context.endpoint = {.host = m_config.address, .port = m_config.port, .basePath = ""};
        m_context.identity = std::move(*identity);
    }
    const auto before = readFile(m_kubeconfigPath);
    auto added = kube::addContext(m_kubeconfigPath, {.name = contextName(),
                                                     .server = m_context.endpoint.url(),
                                                     .identity = m_context.identity,
                                                     .federation = m_options.name});
    if (!added)
        return giveUp({.id = added.error().code == Code::AlreadyExists ? std::string_view("KF1202")
                                                                       : std::string_view("KF1006"),
                       .message = "context \"" + contextName() + "\" cannot be written",
                       .evidence = added.error().text(),
                       .remedy = "choose another with --context-name NAME, or another file with --kubeconfig",
                       .changed = kNothingChanged});
    m_contextWritten = true;
    const auto after = readFile(m_kubeconfigPath);
    m_hasChanged = m_hasChanged || !before || !after || *before != *after;
    env().report.done("kubeconfig context \"" + contextName() + "\"", m_kubeconfigPath.string());
}

std::vector<kube::Object> Init::systemObjects(bool isNew) const {
    std::vector<kube::Object> objects;
    objects.push_back(kube::Object::make({"", "v1", "Namespace"}, "", fed::kSystemNamespace));
    objects.push_back(kube::Object::make({"", "v1", "Namespace"}, "", "kube-public"));
    // Whoever may use the federation finds it: nothing in it is secret.
    objects.push_back(infoRole());
    objects.push_back(infoBinding());
    if (isNew && m_config.hasDefaultPolicy)
        objects.push_back(fed::makeDefaultPolicy());
    auto info = kube::Object::make({"", "v1", "ConfigMap"}, "kube-public", "kubefed-info");
    info.document()["data"] = kube::JsonObject{{"federation", m_config.federation},
                                               {"federationId", m_config.federationId},
                                               {"server", m_context.endpoint.url()},
                                               {"ca.crt", m_context.identity.caPem}};
    objects.push_back(std::move(info));
    return objects;
}

void Init::writeObjects(std::size_t index) {
    if (index == m_objects.size())
        return waitForEndpoint();
    env().report.doing("creating what belongs to the federation");
    const kube::Object& object = m_objects[index];
    const kube::Gvr gvr = object.kind() == "Namespace"   ? namespaces()
                          : object.kind() == "ConfigMap" ? configMaps()
                          : object.kind() == "Role"      ? kube::Gvr{std::string(kRbac), "v1", "roles"}
                          : object.kind() == "RoleBinding"
                              ? kube::Gvr{std::string(kRbac), "v1", "rolebindings"}
                              : fed::clusterPlacementPolicies();
    const auto done = [this, index](const Result<kube::Object>& answer) { onWritten(index, answer); };
    const kube::WriteOptions options{.fieldManager = std::string(kCliManager), .force = true};
    // What people may edit is made once; what describes the federation is kept right.
    if (object.kind() == "ConfigMap")
        m_request = m_client->patch(gvr, object.key(), kube::PatchType::Apply, object.text(), options, done);
    else
        m_request = m_client->create(gvr, object, options, done);
}

void Init::onWritten(std::size_t index, const Result<kube::Object>& answer) {
    const kube::Object& object = m_objects[index];
    if (!answer && !(answer.error().status && answer.error().status->httpCode == 409))
        return giveUp(federationError(answer.error(), m_context,
                                      "creating " + std::string(object.kind()) + " " + object.key().text()));
    if (answer)
        m_hasChanged =
            m_hasChanged || object.kind() != "ConfigMap" || !m_before || !isSameContent(*m_before, *answer);
    writeObjects(index + 1);
}

// The controller writes it into the ConfigMap that was just made; without it no policy can be installed.
void Init::waitForEndpoint() {
    m_request = client::locate(*m_client, m_context.identity,
                               [this](const Result<client::FederationEndpoint>& endpoint) {
                                   if (endpoint)
                                       return success();
                                   if (!expired("its gRPC endpoint (" + endpoint.error().text() + ")"))
                                       m_timer = env().clock.after(kPollEvery, [this] { waitForEndpoint(); });
                               });
}

void Init::success() {
    const auto took = std::chrono::duration_cast<Duration>(env().clock.now() - m_started);
    if (m_options.onlyStart) {
        if (m_options.withoutPolicies && m_alreadyUp)
            env().report.warn(
                "it goes on with the policies that it has; to start it without them: kubefed down " +
                m_options.name + " && kubefed up " + m_options.name + " --without-policies");
        env().report.line("federation \"" + m_options.name + "\" is up" +
                          (m_options.withoutPolicies && !m_alreadyUp
                               ? " without its installed policies; disable the one at fault (kubefed policy "
                                 "disable NAME), then: kubefed down " +
                                     m_options.name + " && kubefed up " + m_options.name
                               : std::string()));
        return finish(m_alreadyUp && !m_hasChanged ? unchangedCode(m_options.common) : kDone);
    }
    env().report.line("federation \"" + m_options.name + "\" is ready after " + shortDuration(took) +
                      ", id " + m_config.federationId);
    env().report.line(
        "Keep the id: with it (kubefed init --federation-id) a lost federation takes its members over. "
        "Next: kubefed join NAME --cluster-context CONTEXT");
    finish(kDone);
}

void Init::failDamaged(const Error& error) {
    giveUp({.id = "KF1206",
            .message = "the data folder " + m_local.folder().string() + " is damaged",
            .evidence = error.text(),
            .remedy =
                "bring the file back from a backup (docs/operations.md), then: kubefed up " + m_options.name,
            .changed = kNothingChanged});
}

std::string Init::clean() {
    m_request.cancel();
    m_timer.cancel();
    if (m_pid > 0 && !m_created)
        env().processes.terminate(m_pid);
    if (!m_created)
        return m_hasChanged ? "what was completed of federation \"" + m_options.name + "\" until then stays"
                            : kNothingChanged;
    if (m_pid > 0)
        env().processes.kill(m_pid);  // it holds nothing that is to be kept
    Result<void> removed = m_local.remove();
    if (m_contextWritten)
        if (auto context = kube::removeContext(m_kubeconfigPath, contextName()); !context)
            removed = context;
    return removed ? "everything that this run made was removed again"
                   : "what this run made could not all be removed again: " + removed.error().text();
}

void Init::giveUp(CliError error) {
    error.changed = clean();
    fail(error);
}

}  // namespace kubefed::cli

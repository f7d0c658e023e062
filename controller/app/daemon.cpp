// SPDX-License-Identifier: Apache-2.0
#include "controller/app/daemon.h"

#include <QCoreApplication>

#include "controller/rpc/policy_values.h"
#include "kubefed/util/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace kubefed::controller {
namespace {

constexpr Duration kMetricsEvery{5'000};
// One that was killed holds its lock until all its threads have ended.
constexpr Duration kLockPatience{5'000};
constexpr Duration kLockRetry{20};

}  // namespace

Result<std::unique_ptr<PidFile>> PidFile::make(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(Code::PermissionDenied, "\"" + file.string() + "\" cannot be written");
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd);
        return fail(Code::AlreadyExists,
                    "another kubefed-controller works on \"" + file.parent_path().string() + "\"");
    }
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0 ||
        ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        ::close(fd);
        return fail(Code::Internal, "\"" + file.string() + "\" cannot be written");
    }
    return std::unique_ptr<PidFile>(new PidFile(file, fd));
}

PidFile::~PidFile() {
    ::unlink(m_file.c_str());
    ::close(m_fd);
}

Daemon::Daemon(DaemonConfig config, std::function<void(int)> finished)
    : m_config(std::move(config)), m_finished(std::move(finished)) {}

Daemon::~Daemon() {
    std::ignore = shutDown();
}

bool Daemon::shutDown() {
    if (std::exchange(m_isDown, true))
        return true;
    log::info("the controller ends", {{"federation", m_config.federation}});
    m_lockTimer.cancel();
    m_metricsTimer.cancel();
    if (m_rpc)
        m_rpc->stop();
    m_controller.reset();
    const bool isPlannerLeft = m_planner && !m_planner->end(ThreadPlanner::kPatience);
    m_rpc.reset();
    m_links.reset();
    m_policyManager.reset();
    m_prober.reset();
    m_leader.reset();
    m_host.reset();
    m_client.reset();
    m_api.reset();  // commits what was written
    if (isPlannerLeft) {
        log::error("a policy plugin did not come back in time for the controller's end",
                   {{"why", m_liveness->trouble()}});
        m_monitor->endsInOrder();
        std::ignore = m_policies.release();
        std::ignore = m_registry.release();
        std::ignore = m_monitor.release();
    }
    m_planner.reset();
    m_policies.reset();
    m_registry.reset();
    m_monitor.reset();
    if (m_hungCalls)
        m_hungCalls->close();  // a monitor that is left keeps it, and may still tell
    m_hungCalls.reset();
    m_pidFile.reset();
    return !isPlannerLeft;
}

void Daemon::start() {
    m_lockUntil = m_clock.now() + kLockPatience;
    m_lockTimer = m_clock.after(Duration::zero(), [this] { lock(); });
}

void Daemon::lock() {
    Result<std::unique_ptr<PidFile>> pidFile = PidFile::make(m_config.data / "kubefed-controller.pid");
    if (!pidFile) {
        if (pidFile.error().code == Code::AlreadyExists && m_clock.now() < m_lockUntil) {
            m_lockTimer = m_clock.after(kLockRetry, [this] { lock(); });
            return;
        }
        log::error("the controller cannot start", {{"why", pidFile.error().text()}});
        return m_finished(1);
    }
    m_pidFile = std::move(*pidFile);
    if (!openMonitor())
        return m_finished(1);
    m_registry = std::make_unique<plugins::PolicyRegistry>(m_config.data / "policies", m_monitor.get());
    m_policies = std::make_unique<RegistryPolicySource>(*m_registry, m_liveness);
    m_planner = std::make_unique<ThreadPlanner>(*m_policies);
    m_api = std::make_unique<ApiThread>(m_config, m_liveness,
                                        [this](Result<Served> served) { listening(std::move(served)); });
}

// Built-in policies stay as they are while the controller runs, those that always run among them.
std::string RegistryPolicySource::versions(const fed::Policy& policy) const {
    const std::vector<plugins::PluginInfo> loaded = m_registry.plugins();
    std::string text;
    for (const fed::PluginUse& use : policy.plugins)
        for (const plugins::PluginInfo& plugin : loaded)
            if (plugin.manifest.name == use.name)
                text += use.name + "@" + plugin.sha256 + "\n";
    return text;
}

// Who hangs is told by /livez, and whoever watches over it ends us; the next start then knows the name.
bool Daemon::openMonitor() {
    plugins::CallMonitor::Config config;
    config.file = m_config.data / "policy-calls";
    config.limit = m_config.policyCallLimit;
    config.notesSignals = true;
    // Of what does not fit the last would be missing: sixteen changes, each at least an eighth of the limit
    // apart.
    m_hungCalls = std::make_shared<HungCalls>(16, [this](auto changes) {
        if (m_policyManager)
            m_policyManager->setHung(changes.back());
    });
    config.hung = [liveness = m_liveness, calls = m_hungCalls](const plugins::CallMonitor::Suspect* suspect) {
        std::ignore = calls->push(suspect == nullptr ? std::nullopt : std::optional(*suspect));
        if (suspect == nullptr) {
            log::warning("a policy plugin has come back");
            return liveness->setTrouble({});
        }
        const std::string trouble = "policy plugin \"" + suspect->plugin + "\" " + suspect->text();
        log::error("decisions stand still", {{"why", trouble}});
        liveness->setTrouble(trouble);
    };
    Result<std::unique_ptr<plugins::CallMonitor>> monitor = plugins::CallMonitor::open(std::move(config));
    if (!monitor) {
        log::error("the controller cannot start", {{"why", monitor.error().text()}});
        return false;
    }
    m_monitor = std::move(*monitor);
    for (const plugins::CallMonitor::Suspect& doubt : m_monitor->doubts())
        log::warning(
            "the controller before ended without a word while a policy plugin was running; a second "
            "time disables the plugin",
            {{"plugin", doubt.plugin}, {"in", std::string(toString(doubt.doing))}});
    return true;
}

void Daemon::listening(Result<Served> served) {
    if (!served) {
        log::error("the API server cannot start", {{"why", served.error().text()}});
        return m_finished(1);
    }
    if (m_config.port != served->port)
        if (const Result<void> written = writePort(m_config.data, "port", served->port); !written) {
            log::error("the chosen port cannot be kept", {{"why", written.error().text()}});
            return m_finished(1);
        }
    log::info("the federation API is served",
              {{"address", m_config.address}, {"port", std::to_string(served->port)}});
    Result<net::CertificateInfo> self = net::readCertificate(m_config.client.certPem);
    if (!self) {
        log::error("the controller's certificate cannot be read", {{"why", self.error().text()}});
        return m_finished(1);
    }
    // As the user of its certificate, without the cost of TLS to itself.
    m_client = std::make_unique<kube::Client>(served->local->connect(std::move(*self), m_clock),
                                              "kubefed-controller");
    m_host = std::make_unique<ClientHostApi>(*m_client, m_clock);
    // The data folder's lock already makes it the only one; a constant name lets a restart go on at once.
    m_leader = std::make_unique<Leader>(
        *m_host, m_clock, "embedded-" + m_config.federationId, [this] { startPolicies(); },
        [this] {
            log::error("the controller's Lease was lost");
            m_finished(1);
        });
    m_leader->start();
}

void Daemon::startPolicies() {
    const std::filesystem::path builtins = plugins::builtinPolicyFolder();
    const std::filesystem::path folder = m_config.data / "policies";
    m_prober = std::make_unique<ProcessProber>(
        ProcessProber::Config{
            .program = std::filesystem::path(QCoreApplication::applicationDirPath().toStdString()) /
                       "kubefed-policy-probe",
            .builtins = builtins,
            .scratch = m_config.data / "policy-probes"},
        m_clock);
    m_policyManager = std::make_unique<PolicyManager>(
        *m_host, *m_registry, *m_prober, m_clock,
        PolicyManager::Config{.folder = folder,
                              .builtins = builtins,
                              .pluginDirs = m_config.pluginDirs,
                              .federation = m_config.federation,
                              .onlyBuiltins = m_config.withoutPolicies},
        PolicyManager::Handlers{.changed =
                                    [this] {
                                        if (m_controller)
                                            m_controller->policiesChanged();
                                    },
                                .policies =
                                    [this] {
                                        return m_controller ? m_controller->mirror().policies()
                                                            : std::vector<const fed::Policy*>();
                                    },
                                .suspectKnown = [this] { m_monitor->forgetSuspect(); }});
    m_policyManager->start(m_monitor->suspect(), [this] { startController(); });
}

void Daemon::startController() {
    m_links = std::make_unique<ShardLinkFactory>(m_config.shards);
    m_controller = std::make_unique<Controller>(*m_host, *m_links, *m_planner, m_clock,
                                                ControllerConfig{.federationId = m_config.federationId});
    m_rpc = std::make_unique<RpcPart>(
        m_config, KUBEFED_VERSION, *m_host, m_clock, [this] { return toClient(m_policyManager->list()); },
        intakeOf(*m_policyManager));
    m_controller->observe(m_rpc->observer());
    m_controller->start([this] {
        if (const Result<void> started = m_rpc->start(*m_controller); !started) {
            log::error("gRPC cannot be served", {{"why", started.error().text()}});
            return m_finished(1);
        }
        m_api->setReady(true);
        log::info("the controller is ready", {{"federation", m_config.federation}});
    });
    publishMetrics();
}

void Daemon::publishMetrics() {
    std::string text = m_controller->metricsText() + m_policyManager->metricsText();
    printHeader(text, "kubefed_build_info", "gauge", "What is running.");
    printSample(text, "kubefed_build_info", {{"version", KUBEFED_VERSION}}, 1);
    m_api->setMetrics(std::move(text));
    m_metricsTimer = m_clock.after(kMetricsEvery, [this] { publishMetrics(); });
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "controller/app/daemon.h"

#include "kubefed/util/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace kubefed::controller {
namespace {

constexpr Duration kMetricsEvery{5'000};

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
    : m_config(std::move(config)), m_finished(std::move(finished)), m_registry(m_config.data / "policies") {}

Daemon::~Daemon() {
    log::info("the controller ends", {{"federation", m_config.federation}});
}

Result<void> Daemon::start() {
    Result<std::unique_ptr<PidFile>> pidFile = PidFile::make(m_config.data / "kubefed-controller.pid");
    if (!pidFile)
        return fail(std::move(pidFile.error()));
    m_pidFile = std::move(*pidFile);
    loadPolicies();
    m_api = std::make_unique<ApiThread>(m_config,
                                        [this](Result<std::uint16_t> port) { listening(std::move(port)); });
    return {};
}

void Daemon::loadPolicies() {
    std::vector<std::filesystem::path> folders = m_config.pluginDirs;
    if (const std::filesystem::path builtin = plugins::builtinPolicyFolder(); !builtin.empty())
        folders.insert(folders.begin(), builtin);
    for (const std::filesystem::path& folder : folders) {
        const plugins::ScanReport report = m_registry.loadFolder(folder);
        for (const plugins::Refusal& refusal : report.refused)
            log::error("a policy library is refused",
                       {{"file", refusal.file.string()}, {"why", refusal.error.text()}});
        for (const plugins::PluginInfo& plugin : report.loaded)
            log::info("a policy plugin is loaded",
                      {{"name", plugin.manifest.name}, {"version", plugin.manifest.version}});
    }
}

void Daemon::listening(Result<std::uint16_t> port) {
    if (!port) {
        log::error("the API server cannot start", {{"why", port.error().text()}});
        return m_finished(1);
    }
    if (m_config.port != *port)
        if (const Result<void> written = writePort(m_config.data, *port); !written) {
            log::error("the chosen port cannot be kept", {{"why", written.error().text()}});
            return m_finished(1);
        }
    log::info("the federation API is served",
              {{"address", m_config.address}, {"port", std::to_string(*port)}});
    const bool any = m_config.address == "0.0.0.0" || m_config.address == "::";
    const net::Endpoint endpoint{.host = any ? "127.0.0.1" : m_config.address, .port = *port, .basePath = {}};
    net::Identity identity;
    identity.caPem = m_config.caPem;
    identity.clientCertPem = m_config.client.certPem;
    identity.clientKeyPem = m_config.client.keyPem;
    m_connections = std::make_unique<net::ConnectionCache>(m_clock);
    m_client =
        std::make_unique<kube::Client>(m_connections->transport(endpoint, identity), "kubefed-controller");
    m_host = std::make_unique<ClientHostApi>(*m_client, m_clock);
    // The data folder's lock already makes it the only one; a constant name lets a restart go on at once.
    m_leader = std::make_unique<Leader>(
        *m_host, m_clock, "embedded-" + m_config.federationId, [this] { elected(); },
        [this] {
            log::error("the controller's Lease was lost");
            m_finished(1);
        });
    m_leader->start();
}

void Daemon::elected() {
    m_links = std::make_unique<ShardLinkFactory>(m_config.shards);
    m_controller =
        std::make_unique<Controller>(*m_host, *m_links, m_policies, m_clock,
                                     ControllerConfig{.federationId = m_config.federationId, .health = {}});
    m_controller->start([this] {
        m_api->setReady(true);
        log::info("the controller is ready", {{"federation", m_config.federation}});
    });
    publishMetrics();
}

void Daemon::publishMetrics() {
    std::string text = m_controller->metricsText();
    printHeader(text, "kubefed_build_info", "gauge", "What is running.");
    printSample(text, "kubefed_build_info", {{"version", KUBEFED_VERSION}}, 1);
    m_api->setMetrics(std::move(text));
    m_metricsTimer = m_clock.after(kMetricsEvery, [this] { publishMetrics(); });
}

}  // namespace kubefed::controller

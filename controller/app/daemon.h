// SPDX-License-Identifier: Apache-2.0
//
// The composition root: builds everything from a DaemonConfig through constructors, and takes it down in one
// order (shutDown()). Main thread. `finished` comes once with the exit code, when the daemon cannot go on.
#pragma once

#include <functional>
#include <memory>

#include "controller/app/api_thread.h"
#include "controller/app/leader.h"
#include "controller/app/rpc_part.h"
#include "controller/controller.h"
#include "controller/host/client_host_api.h"
#include "controller/membership/shard_link.h"
#include "controller/policies/policy_manager.h"
#include "controller/policies/process_prober.h"
#include "controller/scheduling/thread_planner.h"
#include "kubefed/util/mailbox.h"
#include "kubefed/util/qt_clock.h"
#include "plugins/host/registry.h"

namespace kubefed::controller {

class PidFile {
public:
    // AlreadyExists: another controller works on this folder.
    [[nodiscard]] static Result<std::unique_ptr<PidFile>> make(const std::filesystem::path& file);
    ~PidFile();
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;

private:
    PidFile(std::filesystem::path file, int fd) : m_file(std::move(file)), m_fd(fd) {}
    std::filesystem::path m_file;
    int m_fd;
};

class RegistryPolicySource final : public PolicySource {
public:
    RegistryPolicySource(plugins::PolicyRegistry& registry, std::shared_ptr<const Liveness> liveness)
        : m_registry(registry), m_liveness(std::move(liveness)) {}
    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) override {
        return m_registry.open(policy);
    }
    void forget(const std::string& policyUid) override { m_registry.forget(policyUid); }
    [[nodiscard]] std::string versions(const fed::Policy& policy) const override;
    [[nodiscard]] std::string trouble() const override { return m_liveness->trouble(); }

private:
    plugins::PolicyRegistry& m_registry;
    const std::shared_ptr<const Liveness> m_liveness;
};

class Daemon {
public:
    // Who hangs, none for who has come back; from the monitor's thread.
    using HungCalls = Mailbox<std::optional<plugins::CallMonitor::Suspect>>;

    Daemon(DaemonConfig config, std::function<void(int)> finished);
    ~Daemon();  // shutDown()
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void start();
    // Ends everything, in order. False: a plugin does not come back, so its thread stands where it stands and
    // what it may touch is left as it is; the process must end without cleaning up.
    [[nodiscard]] bool shutDown();

private:
    void lock();
    [[nodiscard]] bool openMonitor();
    void startPolicies();
    void startController();
    void listening(Result<Served> served);
    void publishMetrics();

    DaemonConfig m_config;
    std::function<void(int)> m_finished;
    QtClock m_clock;
    const std::shared_ptr<Liveness> m_liveness = std::make_shared<Liveness>();
    SteadyTime m_lockUntil{};
    Request m_lockTimer;
    bool m_isDown = false;
    // What follows is taken down from the last to the first, see shutDown().
    std::unique_ptr<PidFile> m_pidFile;
    std::shared_ptr<HungCalls> m_hungCalls;  // the monitor's, too
    std::unique_ptr<plugins::CallMonitor> m_monitor;
    std::unique_ptr<plugins::PolicyRegistry> m_registry;
    std::unique_ptr<RegistryPolicySource> m_policies;
    std::unique_ptr<ThreadPlanner> m_planner;
    std::unique_ptr<ApiThread> m_api;
    std::unique_ptr<kube::Client> m_client;
    std::unique_ptr<ClientHostApi> m_host;
    std::unique_ptr<Leader> m_leader;
    std::unique_ptr<ProcessProber> m_prober;
    std::unique_ptr<PolicyManager> m_policyManager;
    std::unique_ptr<ShardLinkFactory> m_links;
    std::unique_ptr<RpcPart> m_rpc;  // stopped before the controller goes, which it observes
    std::unique_ptr<Controller> m_controller;
    Request m_metricsTimer;
};

}  // namespace kubefed::controller

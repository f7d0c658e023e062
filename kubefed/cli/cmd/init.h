// SPDX-License-Identifier: Apache-2.0
//
// `kubefed init` and `kubefed up`: make a federation on this machine, or start the one that is there. Each
// does the next missing step until the federation answers and everything that belongs to it stands; what a
// failed or interrupted `init` made, it removes. One object is one run; main thread.
#pragma once

#include <optional>
#include <vector>

#include "kubefed/cli/local_federation.h"
#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct InitOptions {
    CommonOptions common;
    std::string name;
    bool onlyStart = false;    // up
    std::string contextName;   // empty: like the name
    std::string federationId;  // empty: a new one
    std::string address = "127.0.0.1";
    std::string defaultPlacement = "divide";  // or "none"
    std::string pluginDir;
    bool withoutPolicies = false;  // up: but those built in
    bool noStart = false;
    Duration timeout{30'000};
};

class Init final : public Verb {
public:
    Init(Environment& environment, InitOptions options);
    void interrupt() override;

protected:
    void run() override;

private:
    void check();
    void checkContext(const kube::Kubeconfig& kubeconfig);
    void create();
    void printUnit();
    void startController();
    void waitForPort();
    void waitForReady();
    void onReady(Result<net::HttpResponse> answer);
    void writeContext();
    void findInfo();
    void writeObjects(std::size_t index);
    void onWritten(std::size_t index, const Result<kube::Object>& answer);
    void waitForEndpoint();
    void success();
    // True: this way of waiting is over (in vain, or the controller has to be started after all).
    [[nodiscard]] bool expired(std::string_view waitingFor);
    // Ends what this run started, removes what it made.
    void giveUp(CliError error);
    void failDamaged(const Error& error);
    [[nodiscard]] std::string clean();  // and what it says of that
    [[nodiscard]] std::string contextName() const;
    [[nodiscard]] std::vector<kube::Object> systemObjects(bool isNew) const;

    InitOptions m_options;
    LocalFederation m_local;
    LocalConfig m_config;
    std::filesystem::path m_kubeconfigPath;
    bool m_created = false;
    bool m_contextWritten = false;
    pid_t m_pid = 0;  // started by this run
    bool m_alreadyUp = false;
    bool m_hasChanged = false;             // of what was there before this run
    std::optional<kube::Object> m_before;  // the ConfigMap
    SteadyTime m_started{};
    kube::ContextConfig m_context;
    std::unique_ptr<kube::Client> m_client;
    std::vector<kube::Object> m_objects;
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// One run of one command: started once, says its exit code once, from the event loop or from start() itself.
// Owned by main(); destroying it ends everything it has under way. Long ones do the next missing step each
// time one has ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kubefed/cli/environment.h"
#include "kubefed/kube/client.h"
#include "kubefed/kube/kubeconfig.h"

namespace kubefed::cli {

// What every command that talks to a federation takes.
struct CommonOptions {
    std::string kubeconfig;
    std::string context;  // --context, --host-cluster-context
    bool verbose = false;
    bool errorUnchanged = false;  // --error-unchanged
};

// How a command ends that has found everything as it should be.
[[nodiscard]] inline int unchangedCode(const CommonOptions& common) {
    return common.errorUnchanged ? kUnchanged : kDone;
}

class Verb {
public:
    using Done = std::function<void(int exitCode)>;

    explicit Verb(Environment& environment) : m_env(environment) {}
    Verb(const Verb&) = delete;
    Verb& operator=(const Verb&) = delete;
    virtual ~Verb() = default;

    void start(Done done) {
        m_done = std::move(done);
        run();
    }
    // Ctrl-C: leaves no half-written state, then ends with kInterrupted.
    virtual void interrupt() { finish(kInterrupted); }

protected:
    virtual void run() = 0;

    void finish(int exitCode) {
        m_env.report.endDoing();
        if (auto done = std::exchange(m_done, nullptr))
            done(exitCode);
    }
    void fail(const CliError& error) {
        if (m_done)
            finish(m_env.report.error(error));
    }
    [[nodiscard]] Environment& env() const { return m_env; }

private:
    Environment& m_env;
    Done m_done;
};

// Loads the kubeconfig; KF1006.
[[nodiscard]] std::expected<kube::Kubeconfig, CliError> loadKubeconfig(const std::string& explicitPath);
// Finds the federation: the flag, $KUBEFED_CONTEXT, the only one known; KF1001, KF1002, KF1007.
[[nodiscard]] std::expected<kube::ContextConfig, CliError> chooseFederation(
    const kube::Kubeconfig& kubeconfig, const std::string& flag, const std::string& variable);
// Resolves a context by name; KF1001, KF1006, KF1007.
[[nodiscard]] std::expected<kube::ContextConfig, CliError> resolveContext(const kube::Kubeconfig& kubeconfig,
                                                                          std::string_view name);
// A client that traces its requests with -v.
[[nodiscard]] std::unique_ptr<kube::Client> makeClient(Environment& environment,
                                                       const kube::ContextConfig& context);
// What an error of the federation's API means to a person; KF1004, KF1005, KF1009, KF1011. It is of a read:
// after a write, `changed` is the caller's to say.
[[nodiscard]] CliError federationError(const Error& error, const kube::ContextConfig& federation,
                                       std::string what);
// The same of its controller, asked by gRPC; KF1005, KF1012, KF1013, KF1014, KF1401.
[[nodiscard]] CliError controllerError(const Error& error, const kube::ContextConfig& federation,
                                       std::string what);
// The same but for what servers and controllers write: status, versions, managedFields.
[[nodiscard]] bool isSameContent(const kube::Object& before, const kube::Object& after);
// What to do where a type is not known.
[[nodiscard]] std::string typesRemedy(const kube::ContextConfig& federation);
// The words of a command line as they were given; "nothing" for none.
[[nodiscard]] std::string spaced(const std::vector<std::string>& words);
// "1 cluster", "2 clusters"
[[nodiscard]] std::string counted(std::int64_t number, std::string_view noun);
// Valid as a DNS label, which names of federations and members are.
[[nodiscard]] bool isDnsLabel(std::string_view name);

// Base of the verbs that work with one federation: holds its kubeconfig, context and client.
class FederationVerb : public Verb {
public:
    FederationVerb(Environment& environment, CommonOptions common)
        : Verb(environment), m_common(std::move(common)) {}

protected:
    // False: the verb has ended with an error.
    [[nodiscard]] bool connect();
    [[nodiscard]] const CommonOptions& common() const { return m_common; }
    [[nodiscard]] const kube::Kubeconfig& kubeconfig() const { return *m_kubeconfig; }
    [[nodiscard]] const kube::ContextConfig& federation() const { return m_federation; }
    // The name for people: what the federation said, else from the context's mark, else the context.
    [[nodiscard]] const std::string& federationName() const {
        return m_federation.federation.empty() ? m_federation.context : m_federation.federation;
    }
    void setFederationName(std::string name) { m_federation.federation = std::move(name); }
    [[nodiscard]] kube::Client& client() const { return *m_client; }
    void failWith(const Error& error, std::string what) {
        fail(federationError(error, m_federation, std::move(what)));
    }
    // Of the one write that there is: what is not answered may have been done.
    void failWrite(const Error& error, std::string what);

private:
    CommonOptions m_common;
    std::optional<kube::Kubeconfig> m_kubeconfig;
    kube::ContextConfig m_federation;
    std::unique_ptr<kube::Client> m_client;
};

}  // namespace kubefed::cli

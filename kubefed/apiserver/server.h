// SPDX-License-Identifier: Apache-2.0
//
// A Kubernetes-compatible API server as a library: several may run in one process, each on its own thread
// with its own storage. HTTP in (net::HttpHandler), SQLite behind (group commit, WAL: a write is answered
// only after it is on disk), everything served from memory. The owner makes it on the thread of its loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/apiserver/auth.h"
#include "kubefed/apiserver/strategy.h"
#include "kubefed/net/http_server.h"

namespace kubefed::apiserver {

struct ApiServerConfig {
    std::filesystem::path database;      // empty: in memory (simulated members, tests)
    std::string signingKeyPem;           // service account tokens
    std::string clusterCaPem;            // for the kube-root-ca.crt ConfigMaps
    std::string gitVersion = "v1.34.4";  // what /version says; "+kubefed" is the federation's suffix
    std::chrono::seconds maxTokenLife{720 * 3600};
    // Of each type, at some 4 KB each; a watch from before them gets 410 and lists again.
    std::size_t historyEvents = 1500;
    std::vector<kube::JsonObject> crds;  // applied at start
    // Part of the built-in controllers: namespace deletion, owner references, service account "default",
    // kube-root-ca.crt. Pods without a kubelet: a deleted pod goes at once if no node is assigned.
    bool podsVanishOnDelete = true;
};

class ApiServer final : public net::HttpHandler {
public:
    // DataLoss: the database is damaged or of a newer schema version (message says what to do).
    [[nodiscard]] static Result<std::unique_ptr<ApiServer>> open(ApiServerConfig config, Clock& clock);
    ~ApiServer() override;  // commits what was accepted; ends watches

    void handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) override;

    // For controllers that live in the same process and thread (sandbox): the state, and its changes.
    [[nodiscard]] const ObjectReader& objects() const;
    enum class ChangeType { Added, Modified, Deleted };
    using ChangeListener = std::function<void(const kube::Gvr&, ChangeType, const kube::ObjectPtr&)>;
    [[nodiscard]] Request listen(ChangeListener listener);
    // Prometheus text of this server; /metrics serves it with `appended` text of the owner after it.
    void setExtraMetrics(std::function<std::string()> appended);

private:
    class Impl;
    explicit ApiServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::apiserver

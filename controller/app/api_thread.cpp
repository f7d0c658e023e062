// SPDX-License-Identifier: Apache-2.0
#include "controller/app/api_thread.h"

#include "kubefed/apiserver/server.h"
#include "kubefed/fed/crds.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/net/lasting_port.h"
#include "kubefed/util/qt_clock.h"

namespace kubefed::controller {
namespace {

constexpr Duration kDrain{2'000};
constexpr std::size_t kPortAttempts = 50;

// Holds back "ready" until the controller has read what it needs, and "alive" while nothing is decided.
class HealthGate final : public net::HttpHandler {
public:
    HealthGate(net::HttpHandler& inner, const std::atomic<bool>& ready, const Liveness& liveness)
        : m_inner(inner), m_ready(ready), m_liveness(liveness) {}
    void handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) override {
        if (request.path == "/livez" || request.path == "/healthz")
            if (const std::string trouble = m_liveness.trouble(); !trouble.empty())
                return writer->respond(500, {{"content-type", "text/plain; charset=utf-8"}},
                                       "[-]controller failed: " + trouble + "\nlivez check failed\n");
        if (m_ready || request.path != "/readyz" || request.method != "GET")
            return m_inner.handle(std::move(request), std::move(writer));
        writer->respond(503, {{"content-type", "text/plain; charset=utf-8"}},
                        "[-]controller failed: still reading the federation\nreadyz check failed\n");
    }

private:
    net::HttpHandler& m_inner;
    const std::atomic<bool>& m_ready;
    const Liveness& m_liveness;
};

Result<apiserver::ApiServerConfig> serverConfig(const DaemonConfig& config) {
    apiserver::ApiServerConfig result;
    result.database = config.data / "kubefed.db";
    result.signingKeyPem = config.signingKeyPem;
    result.clusterCaPem = config.caPem;
    result.gitVersion += "+kubefed";
    for (const fed::CrdDocument& crd : fed::crdDocuments()) {
        Result<std::vector<kube::Json>> parsed = kube::parseYaml(crd.yaml);
        if (!parsed)
            return fail(std::move(parsed.error()).withContext(std::string(crd.name)));
        for (kube::Json& document : *parsed)
            result.crds.push_back(std::move(document.as_object()));
    }
    return result;
}

// Listens on the federation's port, or on one that it will find free after every restart, too.
Result<std::uint16_t> listen(const DaemonConfig& config, net::HttpHandler& handler, Clock& clock,
                             std::unique_ptr<net::HttpServer>& server) {
    net::ServerConfig settings;
    settings.address = config.address;
    settings.certificate = config.server;
    settings.clientCaPem = config.caPem;
    std::vector<std::uint16_t> ports{config.port};
    if (config.port == 0) {
        ports = net::lastingPorts(kPortAttempts);
        ports.push_back(0);
    }
    Result<std::uint16_t> listening = fail(Code::Unavailable, "no port is left");
    for (const std::uint16_t port : ports) {
        settings.port = port;
        server = std::make_unique<net::HttpServer>(settings, handler, clock);
        listening = server->listen();
        if (listening)
            break;
    }
    return listening;
}

}  // namespace

ApiThread::ApiThread(DaemonConfig config, std::shared_ptr<const Liveness> liveness,
                     std::function<void(Result<Served>)> listening)
    : m_config(std::move(config)),
      m_liveness(std::move(liveness)),
      m_listening(4, [listening = std::move(listening)](std::vector<std::shared_ptr<Result<Served>>> all) {
          for (const auto& served : all)
              listening(*served);
      }) {
    start();
}

ApiThread::~ApiThread() {
    {
        const std::scoped_lock lock(m_lock);
        m_quitting = true;
        if (m_quit != nullptr)
            m_quit->notify();
    }
    join();
}

void ApiThread::setMetrics(std::string text) {
    const std::scoped_lock lock(m_lock);
    m_metrics = std::move(text);
}

void ApiThread::work() {
    QtClock clock;
    const auto report = [this](Result<Served> result) {
        std::ignore = m_listening.push(std::make_shared<Result<Served>>(std::move(result)));
    };
    Result<apiserver::ApiServerConfig> config = serverConfig(m_config);
    if (!config)
        return report(fail(std::move(config.error())));
    Result<std::unique_ptr<apiserver::ApiServer>> api = apiserver::ApiServer::open(std::move(*config), clock);
    if (!api)
        return report(fail(std::move(api.error())));
    (*api)->setExtraMetrics([this] {
        const std::scoped_lock lock(m_lock);
        return m_metrics;
    });
    HealthGate gate(**api, m_ready, *m_liveness);
    net::InProcessServer local(gate);
    std::unique_ptr<net::HttpServer> server;
    const Result<std::uint16_t> port = listen(m_config, gate, clock, server);
    if (!port)
        return report(fail(port.error()));
    report(Served{.port = *port, .local = &local});
    Wakeup quitting([this, &server] { server->drain(kDrain, [this] { quit(); }); });
    {
        const std::scoped_lock lock(m_lock);
        m_quit = &quitting;
        if (m_quitting)
            quitting.notify();
    }
    exec();
    const std::scoped_lock lock(m_lock);
    m_quit = nullptr;
}

}  // namespace kubefed::controller

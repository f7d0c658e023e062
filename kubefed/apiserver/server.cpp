// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/server.h"

#include <map>
#include <utility>

#include "kubefed/apiserver/controllers/bootstrap.h"
#include "kubefed/apiserver/controllers/event_expiry.h"
#include "kubefed/apiserver/controllers/garbage_collector.h"
#include "kubefed/apiserver/controllers/namespace_controller.h"
#include "kubefed/apiserver/controllers/role_aggregator.h"
#include "kubefed/apiserver/crd/crd_controller.h"
#include "kubefed/apiserver/rest/non_resource.h"
#include "kubefed/apiserver/rest/router.h"
#include "kubefed/apiserver/schema_data.h"
#include "kubefed/apiserver/storage/memory_storage.h"
#include "kubefed/apiserver/storage/sqlite_storage.h"

namespace kubefed::apiserver {
namespace {

std::unique_ptr<Storage> makeStorage(const std::filesystem::path& database) {
    if (database.empty())
        return std::make_unique<MemoryStorage>();
    return std::make_unique<SqliteStorage>(database);
}

// Hands committed changes to whoever lives in the same process.
class Listeners final : public StateObserver {
public:
    void onChange(const Collection& collection, const HistoryEvent& event) override {
        if (m_listeners->empty())
            return;
        const kube::ObjectPtr object = decode(*event.now);
        const auto type = static_cast<ApiServer::ChangeType>(event.kind);
        const std::map<std::uint64_t, ApiServer::ChangeListener> listeners = *m_listeners;
        for (const auto& [id, listener] : listeners)
            if (m_listeners->contains(id))
                listener(collection.gvr, type, object);
    }
    Request add(ApiServer::ChangeListener listener) {
        m_listeners->emplace(++m_last, std::move(listener));
        return Request(std::make_unique<Handle>(m_listeners, m_last));
    }

private:
    using Map = std::map<std::uint64_t, ApiServer::ChangeListener>;
    class Handle final : public Request::State {
    public:
        Handle(std::weak_ptr<Map> listeners, std::uint64_t id) : m_map(std::move(listeners)), m_id(id) {}
        ~Handle() override {
            if (const auto map = m_map.lock())
                map->erase(m_id);
        }

    private:
        std::weak_ptr<Map> m_map;
        std::uint64_t m_id;
    };
    std::shared_ptr<Map> m_listeners = std::make_shared<Map>();
    std::uint64_t m_last = 0;
};

static_assert(static_cast<int>(ApiServer::ChangeType::Deleted) == static_cast<int>(EventKind::Deleted));

}  // namespace

class ApiServer::Impl {
public:
    Impl(ApiServerConfig config, Clock& clock, std::shared_ptr<const SchemaData> schemas,
         std::unique_ptr<TokenIssuer> tokens)
        : m_config(std::move(config)),
          m_clock(clock),
          m_tokens(std::move(tokens)),
          m_state(makeStorage(m_config.database), m_config.historyEvents),
          m_registry(m_state),
          m_writes(m_state, m_registry, {m_config.podsVanishOnDelete}),
          m_watches(m_state, clock),
          m_services{m_state, m_registry, m_writes, m_watches, *m_tokens, m_config.maxTokenLife},
          m_openApi(m_registry, schemas),
          m_nonResource(m_services, m_openApi, m_metrics, m_config.gitVersion),
          m_router(m_services, clock, m_metrics, [this](const ExchangePtr& e) { m_nonResource.handle(e); }),
          m_internal(m_writes, clock),
          m_crds(m_internal, m_openApi, m_watches, clock),
          m_namespaces(m_internal, clock, m_config.clusterCaPem),
          m_garbage(m_internal, clock),
          m_events(m_internal, clock),
          m_roles(m_internal, clock) {
        for (ResourceSpec& spec : builtinResources(*schemas->schemas))
            m_registry.add(std::move(spec));
    }

    Result<void> start() {
        KUBEFED_TRY(m_state.load());
        // Definitions first: a type is served before anyone hears that it is defined.
        m_state.addObserver(m_crds);
        m_state.addObserver(m_watches);
        m_state.addObserver(m_listeners);
        m_state.addObserver(m_namespaces);
        m_state.addObserver(m_garbage);
        m_state.addObserver(m_events);
        m_state.addObserver(m_roles);
        bootstrap();
        m_crds.start(m_config.crds);
        m_namespaces.start();
        m_garbage.start();
        m_events.start();
        m_roles.start();
        awaitStart();
        return {};
    }

    void bootstrap() {
        createBootstrapObjects(m_internal, [this](bool done) {
            if (!done)
                startAgain();
        });
    }

    void awaitStart() {
        m_state.afterCommit([this](const Result<void>& stored) {
            if (!stored)
                startAgain();
            else if (!m_again.isActive())
                m_nonResource.setStarted(true);
        });
    }

    void startAgain() {
        if (!m_again.isActive())
            m_again = m_clock.after(std::chrono::seconds(1), [this] {
                m_again = Request();
                bootstrap();
                awaitStart();
            });
    }

    const ApiServerConfig m_config;
    Clock& m_clock;
    Request m_again;  // after the store refused what a server starts with
    const std::unique_ptr<TokenIssuer> m_tokens;
    State m_state;
    Registry m_registry;
    WritePipeline m_writes;
    WatchHub m_watches;
    Listeners m_listeners;
    Metrics m_metrics;
    Services m_services;
    OpenApi m_openApi;
    NonResourceHandler m_nonResource;
    Router m_router;
    InternalWriter m_internal;
    CrdController m_crds;
    NamespaceController m_namespaces;
    GarbageCollector m_garbage;
    EventExpiry m_events;
    RoleAggregator m_roles;
};

Result<std::unique_ptr<ApiServer>> ApiServer::open(ApiServerConfig config, Clock& clock) {
    Result<std::shared_ptr<const SchemaData>> schemas = schemaData();
    if (!schemas)
        return std::unexpected(std::move(schemas.error()));
    Result<std::unique_ptr<TokenIssuer>> tokens = TokenIssuer::make(config.signingKeyPem);
    if (!tokens)
        return std::unexpected(std::move(tokens.error()));
    auto impl = std::make_unique<Impl>(std::move(config), clock, std::move(*schemas), std::move(*tokens));
    if (Result<void> started = impl->start(); !started)
        return std::unexpected(std::move(started.error()));
    return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
ApiServer::~ApiServer() = default;

void ApiServer::handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) {
    m_impl->m_router.route(std::move(request), std::move(writer));
}

const ObjectReader& ApiServer::objects() const {
    return m_impl->m_state;
}

Request ApiServer::listen(ChangeListener listener) {
    return m_impl->m_listeners.add(std::move(listener));
}

void ApiServer::setExtraMetrics(std::function<std::string()> appended) {
    m_impl->m_nonResource.setExtraMetrics(std::move(appended));
}

}  // namespace kubefed::apiserver

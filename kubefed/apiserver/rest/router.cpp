// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kubefed/apiserver/metrics.h"
#include "kubefed/apiserver/rest/access.h"
#include "kubefed/apiserver/rest/field_manager.h"

namespace kubefed::apiserver {
namespace {

constexpr std::size_t kMaxPendingWrites = 10'000;

bool isOpenToAll(std::string_view path) {
    return path == "/livez" || path == "/readyz" || path == "/healthz" || path == "/version" ||
           path.starts_with("/livez/") || path.starts_with("/readyz/");
}

bool isWrite(std::string_view verb) {
    return verb != "get" && verb != "list" && verb != "watch";
}

bool has(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

// fieldManager, or what the user agent calls itself.
Result<std::string> managerOf(const Exchange& exchange) {
    const std::string& verb = exchange.info.verb;
    const std::string_view given = exchange.info.query.get("fieldManager");
    const char* const options = verb == "create"   ? "CreateOptions"
                                : verb == "update" ? "UpdateOptions"
                                : verb == "patch"  ? "PatchOptions"
                                                   : nullptr;
    if (options == nullptr || given.empty())
        return managerFromAgent(net::header(exchange.request.headers, "user-agent"));
    KUBEFED_TRY(checkFieldManager(given, options));
    return std::string(given);
}

}  // namespace

Router::Router(Services& services, Clock& clock, Metrics& metrics, NonResource nonResource)
    : m_services(services), m_clock(clock), m_metrics(metrics), m_nonResource(std::move(nonResource)) {}

void Router::route(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    exchange->writer = std::move(writer);
    exchange->now = m_clock.wallNow();
    measure(exchange);
    Result<RequestInfo> info =
        parseRequest(exchange->request.method, exchange->request.path, exchange->request.query);
    if (!info)
        return exchange->fail(info.error());
    exchange->info = std::move(*info);
    if (!admit(exchange))
        return;
    if (exchange->info.isResource)
        return routeResource(exchange);
    m_nonResource(exchange);
}

void Router::measure(const ExchangePtr& exchange) {
    exchange->onAnswered = [this, begin = m_clock.now(), weak = std::weak_ptr(exchange)](int status) {
        const ExchangePtr answered = weak.lock();
        if (!answered)
            return;
        const std::chrono::duration<double> took = m_clock.now() - begin;
        const RequestInfo& asked = answered->info;
        // Refused requests name whatever their sender liked.
        const SpecPtr spec = !asked.isResource ? nullptr
                             : answered->spec
                                 ? answered->spec
                                 : m_services.registry.find(asked.group, asked.version, asked.resource);
        const bool known =
            spec && std::any_of(spec->subresources.begin(), spec->subresources.end(),
                                [&](const SubresourceSpec& sub) { return sub.name == asked.subresource; });
        m_metrics.countRequest(asked.verb, spec ? spec->gvr.resource : std::string(),
                               known ? asked.subresource : std::string(), status, took.count());
    };
}

// Authentication and authorisation; false: refused and answered.
bool Router::admit(const ExchangePtr& exchange) {
    const bool open = !exchange->info.isResource && isOpenToAll(exchange->info.path);
    std::optional<User> user =
        authenticate(exchange->request, m_services.tokens, m_services.state, exchange->now);
    const bool anonymous = user && user->name == "system:anonymous";
    if (!user || (anonymous && !open)) {
        exchange->fail(kube::unauthorized());
        return false;
    }
    exchange->user = std::move(*user);
    for (const auto& [name, value] : exchange->request.headers) {
        if (name.starts_with("impersonate-")) {
            exchange->fail(kube::forbidden(
                {}, "", "this server does not support impersonation: ask as the user itself"));
            return false;
        }
    }
    if (open)
        return true;
    const Result<void> allowed = checkAccess(*exchange, exchange->info.verb, m_services.state);
    if (!allowed)
        exchange->fail(allowed.error());
    return allowed.has_value();
}

void Router::routeResource(const ExchangePtr& exchange) {
    const RequestInfo& info = exchange->info;
    exchange->spec = m_services.registry.find(info.group, info.version, info.resource);
    if (!exchange->spec && info.resource == "bindings" && info.group.empty() && info.verb == "create") {
        exchange->spec = m_services.registry.find("", "v1", "pods");
        return handleBinding(m_services, exchange);
    }
    if (!exchange->spec) {
        if (m_services.registry.ofVersion(info.group, info.version).empty() || !info.group.empty())
            return exchange->respondText(404, "text/plain; charset=utf-8", "404 page not found\n");
        return exchange->fail(genericError(404));
    }
    Result<Format> format = negotiate(net::header(exchange->request.headers, "accept"));
    if (!format)
        return exchange->fail(format.error());
    exchange->format = *format;
    Result<std::string> manager = managerOf(*exchange);
    if (!manager)
        return exchange->fail(manager.error());
    exchange->fieldManager = std::move(*manager);
    const ResourceSpec& spec = *exchange->spec;
    if (spec.kind == "Endpoints" && info.group.empty())
        exchange->warnings.emplace_back(
            "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
    const bool inNamespace = !info.ns.empty() && info.resource != "namespaces";
    if (inNamespace != spec.namespaced) {
        // Over all namespaces one can only list and watch.
        const bool over = spec.namespaced && (info.verb == "list" || info.verb == "watch");
        if (!over && !(spec.namespaced && !spec.stored))
            return exchange->fail(genericError(spec.namespaced && info.isCollection() ? 405 : 404));
    }
    if (isWrite(info.verb) && m_services.state.pending() > kMaxPendingWrites)
        return exchange->fail(
            kube::tooManyRequests("too many writes are waiting for the disk, please try again later", 1));
    if (!info.subresource.empty())
        return routeSubresource(exchange);
    const bool fits = info.verb == "create"
                          ? info.name.empty()
                          : (info.verb != "update" && info.verb != "patch") || !info.name.empty();
    if (!has(spec.verbs, info.verb) || !fits)
        return exchange->fail(genericError(405));
    dispatch(exchange);
}

void Router::routeSubresource(const ExchangePtr& exchange) {
    const RequestInfo& info = exchange->info;
    const auto& all = exchange->spec->subresources;
    const auto sub = std::find_if(all.begin(), all.end(),
                                  [&](const SubresourceSpec& s) { return s.name == info.subresource; });
    if (sub == all.end())
        return exchange->fail(genericError(404));
    if (!has(sub->verbs, info.verb))
        return exchange->fail(genericError(405));
    if (sub->name == "scale")
        return handleScale(m_services, exchange);
    if (sub->name == "binding")
        return handleBinding(m_services, exchange);
    if (sub->name == "token")
        return handleTokenRequest(m_services, exchange);
    dispatch(exchange);
}

void Router::dispatch(const ExchangePtr& exchange) {
    const std::string& verb = exchange->info.verb;
    if (!exchange->spec->stored)
        return handleReview(m_services, exchange);
    if (verb == "get")
        return handleGet(m_services, exchange);
    if (verb == "list")
        return handleList(m_services, exchange);
    if (verb == "watch")
        return m_services.watches.start(exchange, m_services.registry.collection(*exchange->spec));
    if (verb == "create")
        return handleCreate(m_services, exchange);
    if (verb == "update")
        return handleUpdate(m_services, exchange);
    if (verb == "patch")
        return handlePatch(m_services, exchange);
    if (verb == "delete")
        return handleDelete(m_services, exchange);
    handleDeleteCollection(m_services, exchange);
}

}  // namespace kubefed::apiserver

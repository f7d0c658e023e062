// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/non_resource.h"

#include <utility>
#include <vector>

#include "kubefed/apiserver/discovery/discovery.h"
#include "kubefed/util/log.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

// "v1.34.4+kubefed": {"1", "34"}.
std::pair<std::string, std::string> majorMinor(std::string_view version) {
    if (version.starts_with('v'))
        version.remove_prefix(1);
    const std::size_t first = version.find('.');
    const std::string_view rest =
        first == std::string_view::npos ? std::string_view() : version.substr(first + 1);
    return {std::string(version.substr(0, first)), std::string(rest.substr(0, rest.find('.')))};
}

bool answer(const ExchangePtr& exchange, std::string body) {
    if (body.empty())
        return false;
    exchange->respondJson(200, std::move(body));
    return true;
}

}  // namespace

namespace {

// Nothing is described in OpenAPI v2, but kubectl asks for it before it creates a List, and takes an empty
// document for "the server checks".
void emptyOpenApi2(const ExchangePtr& exchange) {
    const std::string_view accept = net::header(exchange->request.headers, "accept");
    if (accept.find("proto-openapi.spec.v2") != std::string_view::npos)
        return exchange->respondText(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
                                     "\n\x03"
                                     "2.0");  // Document{swagger: "2.0"}
    exchange->respondText(
        200, "application/json",
        "{\"swagger\":\"2.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"unversioned\"},\"paths\":{}}");
}

}  // namespace

void NonResourceHandler::handle(const ExchangePtr& exchange) {
    const std::string& path = exchange->info.path;
    if (exchange->request.method != "GET" && exchange->request.method != "HEAD")
        return exchange->fail(genericError(405));
    if (path == "/version" || path == "/version/")
        return version(exchange);
    if (path == "/healthz" || path.starts_with("/livez") || path.starts_with("/readyz"))
        return health(exchange);
    if (path == "/metrics")
        return metrics(exchange);
    if (path == "/openapi/v2")
        return emptyOpenApi2(exchange);
    Result<Format> format = negotiate(net::header(exchange->request.headers, "accept"));
    if (!format)
        return exchange->fail(format.error());
    exchange->format = *format;
    if (discovery(exchange) || openApi(exchange))
        return;
    exchange->respondText(404, kPlain, "404 page not found\n");
}

bool NonResourceHandler::discovery(const ExchangePtr& exchange) {
    std::string_view path = exchange->info.path;
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    const Registry& registry = m_services.registry;
    if (path == "/api" || path == "/apis") {
        const bool core = path == "/api";
        if (exchange->format.aggregatedDiscovery) {
            exchange->respondText(200, kAggregatedType, aggregatedText(registry, core));
            return true;
        }
        return answer(exchange, core ? apiVersionsText(net::header(exchange->request.headers, "host"))
                                     : apiGroupListText(registry));
    }
    if (path.starts_with("/api/"))
        return answer(exchange, apiResourceListText(registry, "", path.substr(5)));
    if (!path.starts_with("/apis/"))
        return false;
    path.remove_prefix(6);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos)
        return answer(exchange, apiGroupText(registry, path));
    const std::string_view group = path.substr(0, slash);
    if (answer(exchange, apiResourceListText(registry, group, path.substr(slash + 1))))
        return true;
    if (path.find('/', slash + 1) != std::string_view::npos || apiGroupText(registry, group).empty())
        return false;
    exchange->fail(genericError(404));  // a known group, another version
    return true;
}

bool NonResourceHandler::openApi(const ExchangePtr& exchange) {
    const std::string_view path = exchange->info.path;
    if (path == "/openapi/v3" || path == "/openapi/v3/")
        return answer(exchange, m_openApi.index());
    return path.starts_with("/openapi/v3/") && answer(exchange, m_openApi.document(path.substr(12)));
}

void NonResourceHandler::version(const ExchangePtr& exchange) {
    const auto [major, minor] = majorMinor(m_gitVersion);
    exchange->respondJson(200, kube::printJson(kube::JsonObject{{"major", major},
                                                                {"minor", minor},
                                                                {"gitVersion", m_gitVersion},
                                                                {"gitCommit", ""},
                                                                {"gitTreeState", ""},
                                                                {"buildDate", "1970-01-01T00:00:00Z"},
                                                                {"goVersion", ""},
                                                                {"compiler", "gcc"},
                                                                {"platform", "linux/amd64"}}));
}

void NonResourceHandler::health(const ExchangePtr& exchange) {
    const std::string& path = exchange->info.path;
    const std::size_t slash = path.find('/', 1);
    const std::string kind = path.substr(1, slash == std::string::npos ? std::string::npos : slash - 1);
    const std::string only = slash == std::string::npos ? "" : path.substr(slash + 1);
    // A store that refuses commits makes the server unready; it stays alive, since the disk may recover.
    const std::string& problem = m_services.state.problem();
    struct Check {
        const char* name;
        bool ok;
    };
    const Check checks[] = {{"ping", true},
                            {"storage", kind != "readyz" || problem.empty()},
                            {"poststarthook/bootstrap", kind != "readyz" || m_started}};
    std::string text;
    bool ok = true, known = only.empty();
    for (const Check& check : checks) {
        if (!only.empty() && only != check.name)
            continue;
        known = true;
        ok = ok && check.ok;
        text += (check.ok ? "[+]" : "[-]") + std::string(check.name) +
                (check.ok ? " ok\n" : " failed: reason withheld\n");
    }
    if (!known)
        return exchange->respondText(404, kPlain, "404 page not found\n");
    text += kind + " check " + (ok ? "passed\n" : "failed\n");
    if (ok && !exchange->info.query.has("verbose"))
        text = "ok";
    exchange->respondText(ok ? 200 : 500, kPlain, std::move(text));
}

void NonResourceHandler::metrics(const ExchangePtr& exchange) {
    MetricsText out;
    m_metrics.print(out);
    const State& state = m_services.state;
    const CommitStatistics& commits = state.statistics();
    out.family("apiserver_storage_commits_total", "counter", "Transactions committed to the store.");
    out.sample("apiserver_storage_commits_total", "", static_cast<double>(commits.commits));
    out.family("apiserver_storage_writes_total", "counter", "Writes committed to the store.");
    out.sample("apiserver_storage_writes_total", "", static_cast<double>(commits.writes));
    out.family("apiserver_storage_failures_total", "counter", "Commits that the store refused.");
    out.sample("apiserver_storage_failures_total", "", static_cast<double>(commits.failures));
    out.family("apiserver_storage_commit_seconds_total", "counter", "Time spent committing.");
    out.sample("apiserver_storage_commit_seconds_total", "", commits.seconds);
    out.family("apiserver_storage_size_bytes", "gauge", "Size of the store on disk.");
    out.sample("apiserver_storage_size_bytes", "", static_cast<double>(state.storageBytes()));
    out.family("apiserver_storage_pending_writes", "gauge", "Accepted writes that are not on disk yet.");
    out.sample("apiserver_storage_pending_writes", "", static_cast<double>(state.pending()));
    const auto perResource = [&](std::string_view family, std::string_view help, const auto& value) {
        out.family(family, "gauge", help);
        for (const auto& [name, collection] : state.collections())
            out.sample(family, "resource=\"" + name + "\"", static_cast<double>(value(*collection)));
    };
    perResource("apiserver_registered_watchers", "Open watches by resource.",
                [this](const Collection& collection) { return m_services.watches.sizeOf(collection); });
    perResource("apiserver_storage_objects", "Stored objects by resource.",
                [](const Collection& collection) { return collection.slots.size(); });
    std::string text = std::move(out).take();
    if (m_extraMetrics)
        text += m_extraMetrics();
    exchange->respondText(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text));
}

}  // namespace kubefed::apiserver

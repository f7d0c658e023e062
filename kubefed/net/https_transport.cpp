// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/https_transport.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kubefed/net/connection_pool.h"
#include "kubefed/net/tls_config.h"

namespace kubefed::net {
namespace {

bool isToken(std::string_view text) {
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        return c <= ' ' || c >= '\x7f' ||
               std::string_view("()<>@,;:\\\"/[]?={}").find(c) != std::string_view::npos ||
               (c >= 'A' && c <= 'Z');
    });
}
bool isValue(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}
bool isTarget(std::string_view text) {
    return text.starts_with('/') && std::ranges::all_of(text, [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '#';
           });
}

// What a peer would answer with a reset of the stream, without saying why.
std::string malformed(const HttpRequest& request) {
    if (!isTarget(request.target))
        return "the path '" + request.target + "' is not percent-encoded or does not begin with '/'";
    if (request.method.empty() ||
        !std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "'" + request.method + "' is not a method";
    for (const auto& [name, value] : request.headers)
        if (!isToken(name) || !isValue(value))
            return "the header '" + name + "' has invalid characters";
    return {};
}

std::string authorityOf(const Endpoint& endpoint) {
    const std::string url = Endpoint{.host = endpoint.host, .port = endpoint.port, .basePath = {}}.url();
    return url.substr(url.find("//") + 2);
}

class HttpsTransport final : public HttpTransport {
public:
    explicit HttpsTransport(std::shared_ptr<ConnectionPool> pool) : m_pool(std::move(pool)) {}

    [[nodiscard]] Request send(HttpRequest request, Callback<HttpResponse> done) override {
        const std::string problem = malformed(request);
        return start(std::make_shared<Exchange>(std::move(request), std::move(done)), problem);
    }
    [[nodiscard]] Request stream(HttpRequest request, HttpStream& stream) override {
        const std::string problem = malformed(request);
        return start(std::make_shared<Exchange>(std::move(request), stream), problem);
    }
    void resume(HttpStream& stream) override { m_pool->resume(stream); }

private:
    [[nodiscard]] Request start(std::shared_ptr<Exchange> exchange, const std::string& problem) {
        if (problem.empty())
            return m_pool->start(std::move(exchange));
        return m_pool->refuse(std::move(exchange), makeProblem(Problem::Malformed, problem));
    }

    std::shared_ptr<ConnectionPool> m_pool;
};

}  // namespace

class ConnectionCache::Impl {
public:
    Impl(Clock& clock, TransportConfig config) : m_config(config), m_loop(std::make_shared<Loop>(clock)) {}
    ~Impl() {
        for (const auto& [key, pool] : m_pools)
            pool->shutDown();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::shared_ptr<HttpTransport> transport(const Endpoint& endpoint, const Identity& identity) {
        forgetUnused();
        auto& pool = m_pools[Key{endpoint, identity}];
        if (!pool)
            pool = std::make_shared<ConnectionPool>(Target{.endpoint = endpoint,
                                                           .peerName = expectedName(endpoint, identity),
                                                           .authority = authorityOf(endpoint),
                                                           .bearerToken = identity.bearerToken,
                                                           .config = m_config},
                                                    clientTls(identity), m_loop);
        return std::make_shared<HttpsTransport>(pool);
    }
    [[nodiscard]] std::size_t openConnections() const {
        std::size_t open = 0;
        for (const auto& [key, pool] : m_pools)
            open += pool->openConnections();
        return open;
    }

private:
    using Key = std::pair<Endpoint, Identity>;

    // Pools of identities that nobody uses any more (renewed tokens) and whose connections have ended.
    void forgetUnused() {
        std::erase_if(m_pools, [](const auto& entry) {
            return entry.second.use_count() == 1 && entry.second->openConnections() == 0;
        });
    }

    const TransportConfig m_config;
    const std::shared_ptr<Loop> m_loop;
    std::map<Key, std::shared_ptr<ConnectionPool>> m_pools;
};

ConnectionCache::ConnectionCache(Clock& clock, TransportConfig config)
    : m_impl(std::make_unique<Impl>(clock, config)) {}
ConnectionCache::~ConnectionCache() = default;

std::shared_ptr<HttpTransport> ConnectionCache::transport(const Endpoint& endpoint,
                                                          const Identity& identity) {
    return m_impl->transport(endpoint, identity);
}
std::size_t ConnectionCache::openConnections() const {
    return m_impl->openConnections();
}

}  // namespace kubefed::net

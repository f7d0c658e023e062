// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/connection_pool.h"

#include <algorithm>
#include <utility>

namespace kubefed::net {
namespace {

// How often one request is sent at most: again because a server certainly had not processed it, and again
// because it is idempotent and its connection died.
constexpr int kMostRefusals = 5;
constexpr int kMostRepeats = 2;
// Between attempts to open a further connection that fail.
constexpr Duration kConnectPause{1'000};

}  // namespace

ConnectionPool::ConnectionPool(Target target, Result<QSslConfiguration> tls, std::shared_ptr<Loop> loop)
    : m_target(std::move(target)), m_tls(std::move(tls)), m_loop(std::move(loop)) {}

ConnectionPool::~ConnectionPool() {
    shutDown();
}

void ConnectionPool::shutDown() {
    m_shutDown = true;
    for (const auto& connection : std::exchange(m_connections, {}))
        connection->close();
    for (const auto& exchange : std::exchange(m_waiting, {}))
        exchange->abandon();
    for (const auto& [stream, exchange] : std::exchange(m_streams, {}))
        if (const auto paused = exchange.lock())
            paused->abandon();
}

Request ConnectionPool::start(std::shared_ptr<Exchange> exchange) {
    exchange->host = weak_from_this();
    Request handle = exchange->makeHandle();
    if (m_shutDown)
        return handle;
    if (!m_tls) {
        failLater(std::move(exchange), m_tls.error());
        return handle;
    }
    if (const HttpStream* stream = exchange->consumer()) {
        if (m_streams.size() >= m_pruneAt) {
            std::erase_if(m_streams, [](const auto& entry) { return entry.second.expired(); });
            m_pruneAt = std::max(m_pruneAt, 2 * m_streams.size());
        }
        m_streams[stream] = exchange;
    }
    exchange->watchTime(*m_loop, m_target.authority);
    enqueue(std::move(exchange), false);
    return handle;
}

Request ConnectionPool::refuse(std::shared_ptr<Exchange> exchange, Error error) {
    exchange->host = weak_from_this();
    Request handle = exchange->makeHandle();
    failLater(std::move(exchange), std::move(error));
    return handle;
}

void ConnectionPool::forget(Exchange& exchange) {
    if (const HttpStream* stream = exchange.consumer())
        m_streams.erase(stream);
    if (const auto carrier = exchange.carrier.lock())
        carrier->cancel(exchange);
    else
        std::erase_if(m_waiting, [&exchange](const auto& waiting) { return waiting.get() == &exchange; });
}

void ConnectionPool::resume(HttpStream& stream) {
    m_loop->later([self = weak_from_this(), key = &stream] {
        const auto pool = self.lock();
        if (!pool)
            return;
        const auto found = pool->m_streams.find(key);
        const auto exchange = found == pool->m_streams.end() ? nullptr : found->second.lock();
        if (!exchange)
            return;
        exchange->resume();
        if (exchange->isOver())
            std::erase_if(pool->m_streams,
                          [&](const auto& e) { return e.first == key && e.second.lock() == exchange; });
    });
}

void ConnectionPool::enqueue(std::shared_ptr<Exchange> exchange, bool first) {
    exchange->carrier.reset();
    if (first)
        m_waiting.push_front(std::move(exchange));
    else
        m_waiting.push_back(std::move(exchange));
    serve();
}

void ConnectionPool::onRoom(std::uint32_t streamLimit) {
    m_streamLimit = streamLimit;
    serve();
}

void ConnectionPool::serve() {
    for (std::size_t i = 0; i < m_connections.size() && !m_waiting.empty(); ++i) {
        const auto connection = m_connections[i];
        while (!m_waiting.empty() && connection->submit(m_waiting.front()))
            m_waiting.pop_front();
    }
    openIfNeeded();
}

void ConnectionPool::openIfNeeded() {
    using State = ClientConnection::State;
    std::size_t usable = 0;
    std::size_t expected = 0;
    for (const auto& connection : m_connections) {
        usable += connection->state() == State::Draining ? 0 : 1;
        expected += connection->state() == State::Connecting ? m_streamLimit : 0;
    }
    if (usable > 0 && m_loop->now() < m_connectAgain)
        return;  // its streams will become free, too
    if (!m_shutDown && m_waiting.size() > expected &&
        usable < static_cast<std::size_t>(m_target.config.maxConnections))
        connect();
}

void ConnectionPool::connect() {
    const auto connection =
        std::make_shared<ClientConnection>(m_target, *m_tls, *this, *m_loop, m_streamLimit);
    m_connections.push_back(connection);
    connection->connect();
}

void ConnectionPool::failLater(std::shared_ptr<Exchange> exchange, Error error) {
    m_loop->later([self = weak_from_this(), exchange = std::move(exchange), error = std::move(error)] {
        const auto pool = self.lock();
        if (!pool || pool->m_shutDown) {
            exchange->abandon();
            return;
        }
        exchange->fail(error);
    });
}

void ConnectionPool::onUnprocessed(std::shared_ptr<Exchange> exchange, ClientConnection& by) {
    // A server that refuses streams is full or going away: its connection gets no more.
    by.retire();
    if (exchange->attempts >= kMostRefusals)
        failLater(
            std::move(exchange),
            makeProblem(Problem::Reset, "'" + m_target.authority + "' refused the request again and again"));
    else
        enqueue(std::move(exchange), true);
}

void ConnectionPool::onConnectionLost(ClientConnection& connection, Error error, bool wasReady,
                                      std::vector<std::shared_ptr<Exchange>> exchanges) {
    const auto keep = shared_from_this();
    std::erase_if(m_connections, [&connection](const auto& c) { return c.get() == &connection; });
    for (auto it = exchanges.rbegin(); it != exchanges.rend(); ++it) {
        if (wasReady && (*it)->mayRepeat() && (*it)->attempts < kMostRepeats) {
            (*it)->carrier.reset();
            m_waiting.push_front(std::move(*it));
        } else {
            failLater(std::move(*it), error);
        }
    }
    if (!wasReady)
        m_connectAgain = m_loop->now() + kConnectPause;
    const bool hope = wasReady || std::ranges::any_of(m_connections, [](const auto& c) {
                          return c->state() == ClientConnection::State::Ready ||
                                 c->state() == ClientConnection::State::Connecting;
                      });
    if (hope) {
        serve();
        return;
    }
    for (auto& waiting : std::exchange(m_waiting, {}))
        failLater(std::move(waiting), error);
}

}  // namespace kubefed::net

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
// How many waiting exchanges one connection that is being made may be expected to take.
constexpr std::size_t kExpectedRoom = 100;

}  // namespace

class ConnectionPool::Handle final : public Request::State {
public:
    Handle(std::weak_ptr<ConnectionPool> pool, std::shared_ptr<Exchange> exchange)
        : m_pool(std::move(pool)), m_exchange(std::move(exchange)) {}
    ~Handle() override {
        if (m_exchange->isOver())
            return;
        const auto pool = m_pool.lock();
        if (pool)
            pool->cancel(*m_exchange);
        m_exchange->abandon();
    }

private:
    std::weak_ptr<ConnectionPool> m_pool;
    std::shared_ptr<Exchange> m_exchange;
};

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
    Request handle(std::make_unique<Handle>(weak_from_this(), exchange));
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
    setDeadline(exchange);
    enqueue(std::move(exchange), false);
    return handle;
}

Request ConnectionPool::refuse(std::shared_ptr<Exchange> exchange, Error error) {
    Request handle(std::make_unique<Handle>(weak_from_this(), exchange));
    failLater(std::move(exchange), std::move(error));
    return handle;
}

void ConnectionPool::setDeadline(const std::shared_ptr<Exchange>& exchange) {
    const HttpRequest& request = exchange->request();
    exchange->lastActivity = m_loop->now();
    if (request.timeout <= Duration::zero() && request.idleTimeout <= Duration::zero())
        return;
    const Duration wait = request.timeout > Duration::zero() ? request.timeout : request.idleTimeout;
    exchange->deadline =
        m_loop->at(m_loop->now() + wait, [this, self = weak_from_this(), weak = std::weak_ptr(exchange)] {
            const auto pool = self.lock();
            if (const auto due = weak.lock(); pool && due && !due->isOver())
                onDeadline(due);
        });
}

void ConnectionPool::onDeadline(const std::shared_ptr<Exchange>& exchange) {
    const HttpRequest& request = exchange->request();
    const bool streaming = exchange->consumer() != nullptr && exchange->headSeen();
    if (streaming) {
        // The head came in time; from now on only silence counts, and a consumer's pause is no silence.
        if (request.idleTimeout <= Duration::zero())
            return;
        const SteadyTime now = m_loop->now();
        if (exchange->isPaused())
            exchange->lastActivity = now;
        const SteadyTime due = exchange->lastActivity + request.idleTimeout;
        if (due > now) {
            exchange->deadline =
                m_loop->at(due, [this, self = weak_from_this(), weak = std::weak_ptr(exchange)] {
                    const auto pool = self.lock();
                    if (const auto again = weak.lock(); pool && again && !again->isOver())
                        onDeadline(again);
                });
            return;
        }
    }
    const Duration limit = streaming ? request.idleTimeout : request.timeout;
    cancel(*exchange);
    exchange->fail(makeProblem(Problem::Timeout, request.method + " '" + m_target.authority +
                                                     "': no answer within " + std::to_string(limit.count()) +
                                                     " ms"));
}

void ConnectionPool::cancel(Exchange& exchange) {
    if (const HttpStream* stream = exchange.consumer())
        m_streams.erase(stream);
    if (const auto connection = exchange.connection.lock())
        connection->cancel(exchange);
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
    exchange->connection.reset();
    if (first)
        m_waiting.push_front(std::move(exchange));
    else
        m_waiting.push_back(std::move(exchange));
    serve();
}

void ConnectionPool::onRoom() {
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
        expected += connection->state() == State::Connecting ? kExpectedRoom : 0;
    }
    if (!m_shutDown && m_waiting.size() > expected &&
        usable < static_cast<std::size_t>(m_target.config.maxConnections))
        connect();
}

void ConnectionPool::connect() {
    const auto connection = std::make_shared<ClientConnection>(m_target, *m_tls, *this, *m_loop);
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
        pool->cancel(*exchange);
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
            (*it)->connection.reset();
            m_waiting.push_front(std::move(*it));
        } else {
            failLater(std::move(*it), error);
        }
    }
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

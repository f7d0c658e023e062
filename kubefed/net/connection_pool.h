// SPDX-License-Identifier: Apache-2.0
//
// The connections of one (endpoint, identity) pair and the exchanges that wait for one. Opens another
// connection when the present ones are full (up to a limit) or must not be used any more, and sends again
// what a server has certainly not processed, or what is idempotent. Shared by the transports of the pair and
// their handles; the ConnectionCache ends it. Private to net.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include <QSslConfiguration>

#include "kubefed/net/client_connection.h"

namespace kubefed::net {

class ConnectionPool final : public ClientConnection::Pool,
                             public ExchangeHost,
                             public std::enable_shared_from_this<ConnectionPool> {
public:
    ConnectionPool(Target target, Result<QSslConfiguration> tls, std::shared_ptr<Loop> loop);
    ~ConnectionPool() override;

    [[nodiscard]] Request start(std::shared_ptr<Exchange> exchange);
    // Never sent; it fails with `error`.
    [[nodiscard]] Request refuse(std::shared_ptr<Exchange> exchange, Error error);
    void resume(HttpStream& stream);
    // Ends everything silently; for the destruction of the cache.
    void shutDown();
    [[nodiscard]] std::size_t openConnections() const { return m_connections.size(); }

    void forget(Exchange& exchange) override;
    void onRoom(std::uint32_t streamLimit) override;
    void onUnprocessed(std::shared_ptr<Exchange> exchange, ClientConnection& by) override;
    void onConnectionLost(ClientConnection& connection, Error error, bool wasReady,
                          std::vector<std::shared_ptr<Exchange>> exchanges) override;

private:
    void enqueue(std::shared_ptr<Exchange> exchange, bool first);
    void serve();
    void openIfNeeded();
    void connect();
    void failLater(std::shared_ptr<Exchange> exchange, Error error);

    const Target m_target;
    const Result<QSslConfiguration> m_tls;
    const std::shared_ptr<Loop> m_loop;
    std::vector<std::shared_ptr<ClientConnection>> m_connections;
    std::deque<std::shared_ptr<Exchange>> m_waiting;
    std::unordered_map<const HttpStream*, std::weak_ptr<Exchange>> m_streams;
    std::uint32_t m_streamLimit = 100;  // what the server last said; before that, what every known one takes
    SteadyTime m_connectAgain{};        // after a failed attempt, while other connections serve
    std::size_t m_pruneAt = 64;         // size of m_streams at which ended ones are dropped
    bool m_shutDown = false;
};

}  // namespace kubefed::net

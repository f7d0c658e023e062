// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/2 connection of a client: TCP and TLS set-up, its streams, PING, idle end. It belongs to a
// ConnectionPool, which hands it exchanges and takes back those that must go elsewhere. Private to net.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "kubefed/net/exchange.h"
#include "kubefed/net/http2_session.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/net/socket_pump.h"

namespace kubefed::net {

// What a connection needs to know, the same for all of a pool.
struct Target {
    Endpoint endpoint;
    std::string peerName;
    std::string authority;
    std::string bearerToken;
    TransportConfig config;
};

class ClientConnection final : public PumpOwner, public ExchangeCarrier {
public:
    enum class State { Connecting, Ready, Draining, Closed };

    class Pool {
    public:
        virtual ~Pool() = default;
        // Room for more exchanges than before; the server takes `streamLimit` at once.
        virtual void onRoom(std::uint32_t streamLimit) = 0;
        // The server has not processed it.
        virtual void onUnprocessed(std::shared_ptr<Exchange> exchange, ClientConnection& by) = 0;
        // With what was under way; the connection is forgotten by the pool.
        virtual void onConnectionLost(ClientConnection& connection, Error error, bool wasReady,
                                      std::vector<std::shared_ptr<Exchange>> exchanges) = 0;
    };

    // `assumedStreams`: how many the server takes at once, until it says so itself.
    ClientConnection(const Target& target, const QSslConfiguration& tls, Pool& pool, Loop& loop,
                     std::uint32_t assumedStreams);
    ~ClientConnection() override;

    void connect();
    // False: no room, or not ready. The exchange fails through its own callback if it cannot be sent at all.
    [[nodiscard]] bool submit(const std::shared_ptr<Exchange>& exchange);
    void cancel(Exchange& exchange) override;
    void consumed(const Exchange& exchange, std::size_t bytes) override;
    // No new exchanges; closes when the present ones have ended.
    void retire();
    // Silently, now.
    void close();

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] std::size_t room() const;

    void onBytes(std::string_view bytes) override;
    void onPull(std::string& out, std::size_t limit) override;
    void onLost(Error error) override;

private:
    void onEncrypted();
    void dispatchEvents();
    void dispatch(Http2Event& event);
    void onClosed(const Http2Event& event);
    void announceRoom();
    void streamGone();
    void endIfDrained();
    void lose(Error error);
    void watch();
    [[nodiscard]] std::string name() const;

    const Target& m_target;
    Pool* m_pool;
    Loop& m_loop;
    Http2Session m_session;
    State m_state = State::Connecting;
    std::unordered_map<std::int32_t, std::shared_ptr<Exchange>> m_streams;
    std::vector<Http2Event> m_events;
    SteadyTime m_idleSince;
    SteadyTime m_pingSent;
    bool m_pinging = false;
    Loop::Deadline m_watch;
    SocketPump m_pump;  // last: its destructor may still speak of the others
};

}  // namespace kubefed::net

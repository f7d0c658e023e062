// SPDX-License-Identifier: Apache-2.0
//
// What the two protocols of the server share: the connection as the server sees it, and the ResponseWriter
// that a handler holds. A writer may outlive its connection; it then ignores everything. Private to net.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kubefed/net/http_server.h"
#include "kubefed/net/loop.h"
#include "kubefed/net/socket_pump.h"

namespace kubefed::net {

// Bodies of peers that show neither a certificate nor a token: nobody will do what they ask for.
inline constexpr std::size_t kMaxStrangersBody = 64U << 10U;

class ServerConnection;

// The server, as its connections see it.
struct ServerContext {
    const ServerConfig& config;
    HttpHandler& handler;
    Loop& loop;
    std::function<void(ServerConnection&)> onGone;
};

struct Peer {
    std::string address;
    std::optional<CertificateInfo> certificate;
    bool rejected = false;
};

class ServerConnection : public PumpOwner {
public:
    // Begins to speak; called once, when the connection is owned.
    virtual void start() = 0;
    // Finishes the requests under way, then ends.
    virtual void drain() = 0;
    // Now and silently; writers learn of it.
    virtual void close() = 0;
};

[[nodiscard]] std::shared_ptr<ServerConnection> makeHttp1Connection(std::unique_ptr<QSslSocket> socket,
                                                                    Peer peer, ServerContext& context);
[[nodiscard]] std::shared_ptr<ServerConnection> makeHttp2Connection(std::unique_ptr<QSslSocket> socket,
                                                                    Peer peer, ServerContext& context);

// How a writer reaches its connection; `id` is the stream, or the number of the request on HTTP/1.1.
class ResponseSink {
public:
    virtual ~ResponseSink() = default;
    // `body` of a whole answer; without it, data and end follow.
    virtual void sendHead(std::int64_t id, int status, Headers headers, std::optional<std::string> body) = 0;
    // Returns the bytes of this answer that wait to be sent.
    virtual std::size_t sendData(std::int64_t id, std::string chunk) = 0;
    virtual void sendEnd(std::int64_t id) = 0;
    virtual void sendReset(std::int64_t id) = 0;
};

class ServerWriter final : public ResponseWriter {
public:
    ServerWriter(std::weak_ptr<void> keeper, ResponseSink& sink, std::int64_t id, std::size_t maxBuffered)
        : m_keeper(std::move(keeper)), m_sink(&sink), m_id(id), m_maxBuffered(maxBuffered) {}
    ~ServerWriter() override;

    void respond(int status, Headers headers, std::string body) override;
    void begin(int status, Headers headers) override;
    bool write(std::string chunk) override;
    void finish() override;
    void reset() override;
    void setOnDrained(std::function<void()> drained) override { m_onDrained = std::move(drained); }
    void setOnClosed(std::function<void()> closed) override { m_onClosed = std::move(closed); }
    [[nodiscard]] bool isClosed() const override { return m_state == State::Closed; }

    // By the connection: nothing can be sent any more. Runs onClosed unless all was said.
    void connectionGone();
    // By the connection: `unsent` bytes wait now.
    void connectionProgress(std::size_t unsent);

private:
    enum class State { Fresh, Streaming, Finished, Closed };
    // Null when the connection is gone; keeps it alive meanwhile.
    [[nodiscard]] std::shared_ptr<void> keep() const {
        return m_state == State::Closed ? nullptr : m_keeper.lock();
    }
    void end();

    std::weak_ptr<void> m_keeper;
    ResponseSink* m_sink;
    const std::int64_t m_id;
    const std::size_t m_maxBuffered;
    State m_state = State::Fresh;
    bool m_full = false;
    std::function<void()> m_onDrained;
    std::function<void()> m_onClosed;
};

// A Status object as Kubernetes clients expect it, for what is refused before any handler sees it.
[[nodiscard]] std::string refusalBody(int status);
// Splits a request target into path and query.
void setTarget(ServerRequest& request, std::string_view target);

// As the Date header has it: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string httpDate(WallTime time);
// What every answer of a server says beside its handler's headers: date, and content-length for a whole body.
void completeHead(Headers& headers, int status, const std::string* body, WallTime now);

}  // namespace kubefed::net

// SPDX-License-Identifier: Apache-2.0
//
// An HTTPS server for one event loop: HTTP/2 (nghttp2) and HTTP/1.1 (Boost.Beast's parser) by ALPN over
// QSslServer, client certificates asked for and verified against a client CA but not required. It only
// carries: routing, authentication of tokens and everything else belongs to the handler. Limits (header and
// body size, connections, streams per connection, idle time) answer 431/413 or close; a slow reader stops
// its own stream only (bounded buffer, then write() answers false until onDrained).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kubefed/net/http.h"
#include "kubefed/net/tls.h"

namespace kubefed::net {

struct ServerRequest {
    std::string method;
    std::string path;   // percent-decoded never: as it came, without the query
    std::string query;  // as it came, without '?'
    Headers headers;
    std::string body;
    std::string remoteAddress;
    std::optional<CertificateInfo> peer;  // a verified client certificate
    bool peerRejected = false;            // a client certificate was shown that does not verify: answer 401
};

// The answer of one request; shared by the handler and the connection. Server thread only. When the client
// goes away, onClosed runs once and further writes are ignored.
class ResponseWriter {
public:
    virtual ~ResponseWriter() = default;
    // The whole answer at once.
    virtual void respond(int status, Headers headers, std::string body) = 0;
    // A streamed answer: begin, write..., finish.
    virtual void begin(int status, Headers headers) = 0;
    // False: more than the buffer limit is waiting (this chunk was taken all the same). A writer that goes
    // on regardless is reset at four times the limit.
    virtual bool write(std::string chunk) = 0;
    virtual void finish() = 0;
    // Aborts the stream (RST_STREAM, or closes an HTTP/1.1 connection).
    virtual void reset() = 0;
    virtual void setOnDrained(std::function<void()> drained) = 0;
    virtual void setOnClosed(std::function<void()> closed) = 0;
    [[nodiscard]] virtual bool isClosed() const = 0;
};

class HttpHandler {
public:
    virtual ~HttpHandler() = default;
    virtual void handle(ServerRequest request, std::shared_ptr<ResponseWriter> writer) = 0;
};

struct ServerConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    KeyPair certificate;
    std::string clientCaPem;  // empty: client certificates are not asked for
    std::size_t maxHeader = 64U << 10U;
    std::size_t maxBody = 3U << 20U;      // kube-apiserver's limit
    std::size_t maxBuffered = 4U << 20U;  // unsent bytes per stream before write() answers false
    int maxConnections = 2000;
    std::uint32_t maxStreams = 250;
    Duration idle{120'000};      // a connection without requests
    Duration handshake{10'000};  // TCP accept to the end of TLS
    Duration stall{60'000};      // unsent bytes and no progress
};

class HttpServer {
public:
    HttpServer(ServerConfig config, HttpHandler& handler, Clock& clock);
    ~HttpServer();  // closes everything; no handler call afterwards
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Unavailable: the address is taken. The bound port otherwise.
    [[nodiscard]] Result<std::uint16_t> listen();
    // Stops accepting, sends GOAWAY, lets running requests end for `grace`, then calls done.
    void drain(Duration grace, std::function<void()> done);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::net

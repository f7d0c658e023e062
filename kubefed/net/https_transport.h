// SPDX-License-Identifier: Apache-2.0
//
// HttpTransport over TLS: HTTP/2 on nghttp2 over QSslSocket. A ConnectionCache belongs to one thread and
// holds the connections of all endpoints used there, keyed by (endpoint, identity): transports for the same
// pair share connections, different identities never do. PING after 30 s idle, 15 s for its answer; a second
// connection on GOAWAY, REFUSED_STREAM or when the peer's stream limit is reached, while the first drains;
// requests above the last stream id, refused, or idempotent and unanswered are sent again transparently.
#pragma once

#include <memory>

#include "kubefed/net/http.h"
#include "kubefed/net/tls.h"

namespace kubefed::net {

struct TransportConfig {
    Duration connectTimeout{10'000};  // TCP and TLS together
    Duration pingAfter{30'000};
    Duration pingTimeout{15'000};
    Duration closeIdleAfter{90'000};  // a connection without streams; 0: never
    Duration stall{60'000};           // unsent bytes and no progress
    int maxConnections = 4;           // per (endpoint, identity); draining ones not counted
    std::size_t maxHeader = 64U << 10U;
    std::uint32_t streamWindow = 1U << 20U;
    std::uint32_t connectionWindow = 4U << 20U;
};

class ConnectionCache {
public:
    explicit ConnectionCache(Clock& clock, TransportConfig config = {});
    ~ConnectionCache();  // every transport made by it must be gone before
    ConnectionCache(const ConnectionCache&) = delete;
    ConnectionCache& operator=(const ConnectionCache&) = delete;

    [[nodiscard]] std::shared_ptr<HttpTransport> transport(const Endpoint& endpoint,
                                                           const Identity& identity);
    [[nodiscard]] std::size_t openConnections() const;

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

// The certificate chain that a server shows, read without trusting it: what join says about names and expiry.
struct ServerProbe {
    CertificateInfo certificate;
    std::string chainPem;
    Problem problem = Problem::None;  // None: trusted by the identity's CA and for the name
    std::string problemText;          // what TLS said
    Duration roundTrip{0};
};
[[nodiscard]] Request probeServer(const Endpoint& endpoint, const Identity& identity, Clock& clock,
                                  Duration timeout, Callback<ServerProbe> done);

}  // namespace kubefed::net

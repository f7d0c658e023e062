// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the layers above see it, whatever carries it: HTTP/2 or HTTP/1.1 over TLS, an in-process server,
// or a test's fake. A transport speaks for one (endpoint, identity) pair, belongs to one thread, and calls
// back there. Errors: Unavailable (refused, reset, unreachable, GOAWAY without retry), DeadlineExceeded,
// Unauthenticated (TLS: unknown CA, name mismatch, expired; evidence in the message), ResourceExhausted
// (body or header limit), Cancelled never reaches a callback; problemOf() tells them apart. HTTP statuses are
// not errors here. A request goes on when its transport is destroyed, as long as its handle lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"
#include "kubefed/util/request.h"

namespace kubefed::net {

// Names in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string_view header(const Headers& headers, std::string_view lowerCaseName);

// Why a transport failed, for messages and exit codes that differ by cause.
enum class Problem {
    None,          // not an error of a transport
    NameNotFound,  // the host's name does not resolve
    Refused,       // nobody listens there
    Unreachable,   // no way to the host
    Timeout,       // no connection or no answer in time
    Reset,         // the connection or the stream broke
    UnknownCa,     // the server's certificate is signed by nobody we trust
    NameMismatch,  // the server's certificate is for another name
    Expired,
    NotYetValid,
    Tls,        // any other failure of TLS, among them a refused client certificate
    Protocol,   // the peer does not speak HTTP/2, or wrongly
    TooLarge,   // a header or body limit
    Malformed,  // the request itself cannot be sent
};
// Read from the stable words before the first ": " of error.message, which makeProblem() put there.
[[nodiscard]] Problem problemOf(const Error& error);
[[nodiscard]] Error makeProblem(Problem problem, std::string_view detail);

struct HttpRequest {
    std::string method = "GET";
    std::string target;  // path and query, percent-encoded
    Headers headers;     // authorization is added by the transport's identity, not here
    std::string body;
    Duration timeout{30'000};          // send(): until the whole answer; stream(): until the answer's head
    Duration idleTimeout{0};           // stream(): longest silence between chunks; 0: none
    std::size_t maxBody = 64U << 20U;  // send() only
    bool idempotent = false;  // may be sent again after a connection died in the middle; GET, HEAD are anyway
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

// Receives a streamed answer. Called in the order head, data..., end; nothing after end.
class HttpStream {
public:
    virtual ~HttpStream() = default;
    virtual void onHead(int status, const Headers& headers) = 0;
    // Returns true to go on. False pauses: no more data (and no more HTTP/2 window) until
    // HttpTransport::resume(). The chunk itself counts as taken either way.
    virtual bool onData(std::string_view chunk) = 0;
    // ok: the server ended the stream cleanly.
    virtual void onEnd(Result<void> result) = 0;
};

class HttpTransport {
public:
    HttpTransport() = default;
    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;
    virtual ~HttpTransport() = default;

    [[nodiscard]] virtual Request send(HttpRequest request, Callback<HttpResponse> done) = 0;
    // `stream` outlives the returned handle or the end of the stream, whichever is first.
    [[nodiscard]] virtual Request stream(HttpRequest request, HttpStream& stream) = 0;
    virtual void resume(HttpStream& stream) = 0;
};

}  // namespace kubefed::net

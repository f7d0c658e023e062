// SPDX-License-Identifier: Apache-2.0
//
// The HTTP/2 of one connection without its socket: bytes in, events out; requests and answers in, bytes out.
// Client and server side; nghttp2 inside. Nobody is called back: events wait until takeEvents(), so whoever
// handles one may do anything, even destroy the session. Malformed input ends the session with an error and
// never harms it. Single thread. Private to net.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/net/http.h"

namespace kubefed::net {

// RFC 9113, section 7.
enum class Http2Error : std::uint32_t {
    None = 0,
    Protocol = 1,
    Internal = 2,
    RefusedStream = 7,
    Cancel = 8,
    EnhanceYourCalm = 11,
};

struct Http2Limits {
    std::size_t maxHeader = 64U << 10U;  // of a received header list, and of one that is sent
    std::uint32_t maxStreams = 250;  // server: that the peer may open; client: that it takes until it says so
    std::uint32_t streamWindow = 1U << 20U;
    std::uint32_t connectionWindow = 4U << 20U;
};

struct Http2Event {
    enum class Kind {
        Head,         // a request's or a final answer's, pseudo headers included
        HeadTooLong,  // the same, over maxHeader, headers left out
        Data,
        End,      // the peer has sent everything of this stream
        Closed,   // nothing follows; error is 0 after both sides ended
        Goaway,   // no new requests on this connection
        Settings  // the peer's, among them its stream limit
    };
    Kind kind{};
    std::int32_t stream = 0;
    std::uint32_t error = 0;
    std::string_view data = {};  // into what receive() was given
    Headers headers = {};
};

class Http2Session {
public:
    enum class Side { Client, Server };

    Http2Session(Side side, const Http2Limits& limits);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    // Unavailable, with what was wrong: the connection cannot go on (send what output() still has, then
    // close).
    [[nodiscard]] Result<void> receive(std::string_view bytes);
    // Appends what is to be sent, about `limit` bytes at most.
    void output(std::string& out, std::size_t limit);
    void takeEvents(std::vector<Http2Event>& into);
    // True when the protocol is over: nothing to send and nothing to wait for.
    [[nodiscard]] bool isFinished() const;

    // Client. Pseudo headers first. The body is shared because a request may have to be sent again elsewhere.
    [[nodiscard]] Result<std::int32_t> request(const Headers& headers,
                                               std::shared_ptr<const std::string> body);
    // How many more requests the peer takes now; 0 after GOAWAY.
    [[nodiscard]] std::size_t freeStreams() const;
    // How many it takes at once.
    [[nodiscard]] std::uint32_t streamLimit() const;

    // Server. `more`: write() and finish() follow.
    void respond(std::int32_t stream, int status, const Headers& headers, bool more);
    // Either side. Returns the bytes of that stream that wait to be sent.
    std::size_t write(std::int32_t stream, std::string chunk);
    void finish(std::int32_t stream);
    [[nodiscard]] std::size_t unsent(std::int32_t stream) const;

    // Opens the stream's window again by what its consumer took.
    void consume(std::int32_t stream, std::size_t bytes);
    void reset(std::int32_t stream, Http2Error error);
    void ping();
    // GOAWAY; `final` false: only announces it, and requests still under way are taken (RFC 9113, 6.8).
    void goaway(bool final, Http2Error error = Http2Error::None);
    [[nodiscard]] std::size_t openStreams() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::net

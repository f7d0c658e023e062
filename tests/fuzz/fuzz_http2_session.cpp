// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a hostile peer into both sides of the HTTP/2 core, which answers as a server or client would. The
// first byte chooses the side and the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kubefed/net/http2_session.h"

using namespace kubefed::net;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

void react(Http2Session& session, bool isServer) {
    std::vector<Http2Event> events;
    session.takeEvents(events);
    for (const auto& event : events) {
        if (event.kind == Http2Event::Kind::Data)
            session.consume(event.stream, event.data.size());
        if (isServer && event.kind == Http2Event::Kind::End) {
            session.respond(event.stream, 200, {{"a", "b"}}, true);
            session.write(event.stream, "answer");
            session.finish(event.stream);
        }
    }
    std::string out;
    session.output(out, 65536);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const bool isServer = (data[0] & 1U) != 0;
    const std::size_t piece = 1 + (data[0] >> 1U);
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    Http2Session session(
        isServer ? Http2Session::Side::Server : Http2Session::Side::Client,
        {.maxHeader = 2000, .maxStreams = 4, .streamWindow = 1000, .connectionWindow = 100'000});
    if (isServer)
        (void)session.receive(kPreface);
    else
        for (int i = 0; i < 3; ++i)
            (void)session.request(
                {{":method", "GET"}, {":scheme", "https"}, {":authority", "h"}, {":path", "/"}},
                std::make_shared<const std::string>("body"));
    react(session, isServer);
    while (!bytes.empty() && !session.isFinished()) {
        if (!session.receive(bytes.substr(0, piece)))
            break;
        bytes.remove_prefix(std::min(piece, bytes.size()));
        react(session, isServer);
    }
    return 0;
}

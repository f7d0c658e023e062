// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a hostile client into the HTTP/1.1 parser, in pieces whose size the first byte chooses; what comes
// out must keep the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kubefed/net/http1_parser.h"

using namespace kubefed::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::size_t piece = 1 + data[0];
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    constexpr std::size_t maxBody = 100;
    Http1Parser parser(200, maxBody, maxBody);
    while (!bytes.empty()) {
        auto state = parser.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        while (state == Http1Parser::State::Complete) {
            const Http1Request request = parser.take();
            if (request.body.size() > maxBody || request.method.empty())
                std::abort();
            state = parser.feed({});
        }
        (void)parser.takeContinue();
        if (state != Http1Parser::State::Failed)
            continue;
        if (parser.refusal() < 400)
            std::abort();
        break;
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 requests out of a stream of bytes, one at a time: Boost.Beast's parser without its I/O (and the
// only file that sees Beast is this one's .cpp). Limits on head and body. Single thread. Private to net.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "kubefed/net/http.h"

namespace kubefed::net {

struct Http1Request {
    std::string method;
    std::string target;
    Headers headers;
    std::string body;
    bool keepAlive = true;
    bool chunkedAnswer = true;  // false: HTTP/1.0, whose streamed answers end with the connection
};

class Http1Parser {
public:
    enum class State { NeedMore, Complete, Failed };

    // `maxBodyWithoutToken`: of requests without an Authorization header.
    Http1Parser(std::size_t maxHeader, std::size_t maxBody, std::size_t maxBodyWithoutToken);
    ~Http1Parser();
    Http1Parser(const Http1Parser&) = delete;
    Http1Parser& operator=(const Http1Parser&) = delete;

    // Takes bytes until one request is complete; the rest waits for the next one (see take()).
    State feed(std::string_view bytes);
    // Of Failed: 400, 413 or 431.
    [[nodiscard]] int refusal() const;
    // Once per request: its head is complete, its body is not, and its sender waits for "100 Continue".
    [[nodiscard]] bool takeContinue();
    // Of Complete. Afterwards feed({}) goes on with the next request.
    [[nodiscard]] Http1Request take();
    // Nothing of a request has come yet.
    [[nodiscard]] bool isIdle() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::net

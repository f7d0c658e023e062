// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/http1_parser.h"

#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace kubefed::net {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

int refusalFor(const boost::beast::error_code& error) {
    if (error == http::error::body_limit)
        return 413;
    return error == http::error::header_limit ? 431 : 400;
}

std::string lowerCase(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

std::string_view plain(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

struct Http1Parser::Impl {
    Impl(std::size_t headerLimit, std::size_t bodyLimit, std::size_t withoutToken)
        : maxHeader(headerLimit), maxBody(bodyLimit), maxBodyWithoutToken(withoutToken) {
        begin();
    }

    const std::size_t maxHeader;
    const std::size_t maxBody;
    const std::size_t maxBodyWithoutToken;
    std::optional<Parser> parser;
    std::string pending;  // not taken by the parser yet
    State state = State::NeedMore;
    int refusal = 0;
    bool mayContinue = true;

    void begin() {
        parser.emplace();
        parser->eager(true);
        parser->header_limit(static_cast<std::uint32_t>(maxHeader));
        parser->body_limit(maxBody);
        state = State::NeedMore;
        mayContinue = true;
    }
    void parse();
    [[nodiscard]] bool isTooMuchWithoutToken() const {
        return parser->is_header_done() && parser->get().count(http::field::authorization) == 0 &&
               (parser->get().body().size() > maxBodyWithoutToken ||
                parser->content_length().value_or(0) > maxBodyWithoutToken);
    }
};

// The shortest end of a chunked body, "0\r\n\r\n". Beast asserts that it is never asked again with less of
// it.
constexpr std::size_t kLastChunk = 5;

void Http1Parser::Impl::parse() {
    while (!pending.empty() && state == State::NeedMore) {
        if (parser->is_header_done() && parser->chunked() && pending.size() < kLastChunk)
            return;
        boost::beast::error_code error;
        const std::size_t taken = parser->put(boost::asio::buffer(pending), error);
        pending.erase(0, taken);
        if (isTooMuchWithoutToken()) {
            state = State::Failed;
            refusal = 413;
            return;
        }
        if (error == http::error::need_more)
            return;
        if (error) {
            state = State::Failed;
            refusal = refusalFor(error);
        } else if (parser->is_done()) {
            state = State::Complete;
        } else if (taken == 0) {
            return;
        }
    }
}

Http1Parser::Http1Parser(std::size_t maxHeader, std::size_t maxBody, std::size_t maxBodyWithoutToken)
    : m_impl(std::make_unique<Impl>(maxHeader, maxBody, maxBodyWithoutToken)) {}
Http1Parser::~Http1Parser() = default;

Http1Parser::State Http1Parser::feed(std::string_view bytes) {
    m_impl->pending.append(bytes);
    m_impl->parse();
    if (m_impl->state == State::Complete && m_impl->parser->get().version() >= 11 &&
        m_impl->parser->get().count(http::field::host) != 1) {
        m_impl->state = State::Failed;
        m_impl->refusal = 400;
    }
    return m_impl->state;
}

int Http1Parser::refusal() const {
    return m_impl->refusal;
}

bool Http1Parser::takeContinue() {
    if (m_impl->state != State::NeedMore || !m_impl->parser->is_header_done() || !m_impl->mayContinue)
        return false;
    m_impl->mayContinue = false;
    return lowerCase(plain(m_impl->parser->get()[http::field::expect])) == "100-continue";
}

Http1Request Http1Parser::take() {
    auto message = m_impl->parser->release();
    Http1Request request{.method = std::string(plain(message.method_string())),
                         .target = std::string(plain(message.target())),
                         .headers = {},
                         .body = std::move(message.body()),
                         .keepAlive = message.keep_alive(),
                         .chunkedAnswer = message.version() >= 11};
    for (const auto& entry : message)
        request.headers.emplace_back(lowerCase(plain(entry.name_string())), plain(entry.value()));
    m_impl->begin();
    return request;
}

bool Http1Parser::isIdle() const {
    return m_impl->pending.empty() && !m_impl->parser->got_some();
}

}  // namespace kubefed::net

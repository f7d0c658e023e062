// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "kubefed/net/http1_parser.h"
#include "kubefed/net/server_connection.h"

namespace kubefed::net {
namespace {

// Answers that the client has not taken; beyond it the next request waits.
constexpr std::size_t kMaxUnsent = 256U << 10U;

constexpr std::string_view reasonPhrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        default:
            return "Status";  // RFC 9112: clients ignore it
    }
}

class Http1Connection final : public ServerConnection, public ResponseSink {
public:
    Http1Connection(std::unique_ptr<QSslSocket> socket, Peer peer, ServerContext& context)
        : m_context(context),
          m_peer(std::move(peer)),
          m_parser(context.config.maxHeader, context.config.maxBody,
                   m_peer.certificate ? context.config.maxBody : kMaxStrangersBody),
          m_pump(std::move(socket), *this, context.loop, context.config.stall) {}

    void start() override {
        m_pump.start();
        watchIdle();
    }
    void drain() override;
    void close() override;

    void onBytes(std::string_view bytes) override;
    void onPull(std::string& out, std::size_t limit) override;
    void onLost(Error) override { close(); }

    void sendHead(std::int64_t id, int status, Headers headers, std::optional<std::string> body) override;
    std::size_t sendData(std::int64_t id, std::string chunk) override;
    void sendEnd(std::int64_t id) override;
    void sendReset(std::int64_t id) override;

private:
    [[nodiscard]] bool isCurrent(std::int64_t id) const { return m_busy && id == m_current && !m_closed; }
    void parse(std::string_view bytes);
    void handle();
    void refuse(int status);
    void answered();
    void nextRequest();
    [[nodiscard]] std::size_t unsent() const { return m_out.size() - m_sent; }
    void watchIdle();
    void appendHead(int status, const Headers& headers, bool chunked);

    ServerContext& m_context;
    const Peer m_peer;
    Http1Parser m_parser;
    std::string m_out;
    std::size_t m_sent = 0;  // of m_out
    std::int64_t m_current = 0;
    std::weak_ptr<ServerWriter> m_writer;
    bool m_busy = false;      // a request is with the handler
    bool m_bodiless = false;  // the answer to HEAD
    bool m_chunked = false;
    bool m_chunkedAllowed = true;
    bool m_keepAlive = true;
    bool m_ending = false;  // close once all is sent
    bool m_closed = false;
    bool m_reportProgress = false;
    bool m_nextWaits = false;  // until the client has taken more of the answers
    Loop::Deadline m_idle;
    SocketPump m_pump;  // last: its destructor may still speak of the others
};

void Http1Connection::onBytes(std::string_view bytes) {
    parse(bytes);
}

void Http1Connection::parse(std::string_view bytes) {
    if (m_ending || m_closed)
        return;
    switch (m_parser.feed(bytes)) {
        case Http1Parser::State::NeedMore:
            if (m_parser.takeContinue()) {
                m_out.append("HTTP/1.1 100 Continue\r\n\r\n");
                m_pump.wake();
            }
            break;
        case Http1Parser::State::Complete:
            handle();
            break;
        case Http1Parser::State::Failed:
            refuse(m_parser.refusal());
            break;
    }
}

void Http1Connection::handle() {
    Http1Request parsed = m_parser.take();
    // The next request waits with the client until this one is answered.
    m_pump.setReading(false);
    m_busy = true;
    ++m_current;
    m_bodiless = parsed.method == "HEAD";
    m_keepAlive = parsed.keepAlive && !m_ending;
    m_chunkedAllowed = parsed.chunkedAnswer;
    ServerRequest request{.method = std::move(parsed.method),
                          .path = {},
                          .query = {},
                          .headers = std::move(parsed.headers),
                          .body = std::move(parsed.body),
                          .remoteAddress = m_peer.address,
                          .peer = m_peer.certificate,
                          .peerRejected = m_peer.rejected};
    setTarget(request, parsed.target);
    const auto writer =
        std::make_shared<ServerWriter>(weak_from_this(), *this, m_current, m_context.config.maxBuffered);
    m_writer = writer;
    m_idle.cancel();
    m_context.handler.handle(std::move(request), writer);
}

void Http1Connection::refuse(int status) {
    m_keepAlive = false;
    m_ending = true;
    const std::string body = refusalBody(status);
    appendHead(status,
               {{"content-type", "application/json"}, {"content-length", std::to_string(body.size())}},
               false);
    m_out.append(body);
    m_pump.wake();
}

void Http1Connection::appendHead(int status, const Headers& headers, bool chunked) {
    m_out.append("HTTP/1.1 ")
        .append(std::to_string(status))
        .append(" ")
        .append(reasonPhrase(status))
        .append("\r\n");
    for (const auto& [name, value] : headers)
        m_out.append(name).append(": ").append(value).append("\r\n");
    if (chunked)
        m_out.append("transfer-encoding: chunked\r\n");
    if (!m_keepAlive)
        m_out.append("connection: close\r\n");
    m_out.append("\r\n");
}

void Http1Connection::sendHead(std::int64_t id, int status, Headers headers,
                               std::optional<std::string> body) {
    if (!isCurrent(id))
        return;
    const bool mayHaveBody = status != 204 && status != 304;
    m_chunked = !body && m_chunkedAllowed && mayHaveBody && !m_bodiless;
    if (!body && !m_chunkedAllowed)
        m_keepAlive = false;  // its end is the connection's end
    completeHead(headers, status, body ? &*body : nullptr, m_context.loop.wallNow());
    appendHead(status, headers, m_chunked);
    if (body && !m_bodiless && mayHaveBody)
        m_out.append(*body);
    if (body)
        answered();
    m_pump.wake();
}

std::size_t Http1Connection::sendData(std::int64_t id, std::string chunk) {
    if (!isCurrent(id) || chunk.empty() || m_bodiless)
        return unsent();
    if (m_chunked) {
        std::array<char, 20> size{};
        const char* end = std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16).ptr;
        m_out.append(size.data(), static_cast<std::size_t>(end - size.data())).append("\r\n");
    }
    m_out.append(chunk);
    if (m_chunked)
        m_out.append("\r\n");
    m_reportProgress = true;
    m_pump.wake();
    return unsent();
}

void Http1Connection::sendEnd(std::int64_t id) {
    if (!isCurrent(id))
        return;
    if (m_chunked)
        m_out.append("0\r\n\r\n");
    answered();
    m_pump.wake();
}

void Http1Connection::sendReset(std::int64_t id) {
    if (isCurrent(id))
        m_context.loop.later([this, self = weak_from_this()] {
            if (const auto keep = self.lock())
                close();
        });
}

void Http1Connection::answered() {
    m_busy = false;
    m_writer.reset();
    if (!m_keepAlive) {
        m_ending = true;
        return;
    }
    watchIdle();
    // Not from inside the handler: the next request may already be here.
    m_context.loop.later([this, self = weak_from_this(), answeredId = m_current] {
        const auto keep = self.lock();
        if (keep && m_current == answeredId)
            nextRequest();
    });
}

void Http1Connection::nextRequest() {
    if (m_closed || m_busy)
        return;
    m_nextWaits = unsent() > kMaxUnsent;
    if (m_nextWaits)
        return;
    m_pump.setReading(true);
    parse({});
}

void Http1Connection::onPull(std::string& out, std::size_t limit) {
    const std::size_t part = std::min(limit, unsent());
    out.append(m_out, m_sent, part);
    m_sent += part;
    if (m_sent == m_out.size()) {
        m_out.clear();
        m_sent = 0;
    } else if (m_sent > m_out.size() / 2) {
        m_out.erase(0, std::exchange(m_sent, 0));
    }
    const bool ending = m_ending && part == 0;
    const bool goesOn = m_nextWaits && unsent() <= kMaxUnsent;
    if (!ending && !m_reportProgress && !goesOn)
        return;
    m_context.loop.later([this, self = weak_from_this(), ending, goesOn] {
        const auto keep = self.lock();
        if (!keep || m_closed)
            return;
        if (ending)
            m_pump.closeAfterSending();
        else if (const auto writer = m_writer.lock())
            writer->connectionProgress(unsent());
        if (goesOn)
            nextRequest();
    });
    m_reportProgress = m_reportProgress && !m_out.empty();
}

void Http1Connection::drain() {
    m_keepAlive = false;
    if (m_busy || m_closed)
        return;
    m_ending = true;
    m_pump.wake();
}

void Http1Connection::close() {
    if (std::exchange(m_closed, true))
        return;
    const auto keep = shared_from_this();
    m_idle.cancel();
    m_pump.close();
    if (const auto writer = m_writer.lock())
        writer->connectionGone();
    m_context.onGone(*this);
}

// A whole request must come within the idle time of the last one; its head, once begun, sooner.
void Http1Connection::watchIdle() {
    m_idle = m_context.loop.at(m_context.loop.now() + m_context.config.idle, [this] {
        if (!m_busy)
            close();
    });
}

}  // namespace

std::shared_ptr<ServerConnection> makeHttp1Connection(std::unique_ptr<QSslSocket> socket, Peer peer,
                                                      ServerContext& context) {
    return std::make_shared<Http1Connection>(std::move(socket), std::move(peer), context);
}

}  // namespace kubefed::net

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kubefed/net/http2_session.h"
#include "kubefed/net/server_connection.h"

namespace kubefed::net {
namespace {

// Of all request bodies of one connection together, in bodies of the greatest size.
constexpr std::size_t kBodiesPerConnection = 8;
// What is sent waits in its stream, where a full buffer can be seen, not in the socket.
constexpr std::uint32_t kConnectionWindow = 16U << 20U;
constexpr std::uint32_t kStreamWindow = 256U << 10U;

struct ServerStream {
    ServerRequest request;
    std::weak_ptr<ServerWriter> writer;  // once the request is complete; its handler holds it
    bool refused = false;
    bool complete = false;
    SteadyTime begun;
};

class Http2Connection final : public ServerConnection, public ResponseSink {
public:
    Http2Connection(std::unique_ptr<QSslSocket> socket, Peer peer, ServerContext& context)
        : m_context(context),
          m_peer(std::move(peer)),
          m_session(Http2Session::Side::Server, {.maxHeader = context.config.maxHeader,
                                                 .maxStreams = context.config.maxStreams,
                                                 .streamWindow = kStreamWindow,
                                                 .connectionWindow = kConnectionWindow}),
          m_idleSince(context.loop.now()),
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
    void dispatchEvents();
    void dispatch(Http2Event& event);
    void onHeaders(Http2Event& event);
    void onData(ServerStream& stream, const Http2Event& event);
    void onComplete(std::int32_t id, ServerStream& stream);
    void refuse(std::int32_t id, ServerStream& stream, int status);
    void forget(std::int32_t id);
    void reportProgress();
    void watchIdle();

    ServerContext& m_context;
    const Peer m_peer;
    Http2Session m_session;
    std::unordered_map<std::int32_t, ServerStream> m_streams;
    std::vector<std::int32_t> m_sending;  // streamed answers whose writer may wait for room
    std::vector<Http2Event> m_events;
    std::size_t m_bodyBytes = 0;
    bool m_closed = false;
    bool m_draining = false;
    SteadyTime m_idleSince;
    Loop::Deadline m_idle;
    SocketPump m_pump;  // last: its destructor may still speak of the others
};

void Http2Connection::onBytes(std::string_view bytes) {
    const auto result = m_session.receive(bytes);
    dispatchEvents();
    if (!result && !m_closed)
        m_pump.closeAfterSending();
}

void Http2Connection::onPull(std::string& out, std::size_t limit) {
    if (m_closed)
        return;
    m_session.output(out, limit);
    dispatchEvents();
    if (m_closed)
        return;
    reportProgress();
    if (out.empty() && (m_session.isFinished() || (m_draining && m_streams.empty())))
        m_context.loop.later([this, self = weak_from_this()] {
            if (const auto keep = self.lock(); keep && !m_closed && m_streams.empty())
                m_pump.closeAfterSending();
        });
}

void Http2Connection::reportProgress() {
    if (m_sending.empty())
        return;
    // A drained writer writes again, which must not disturb this loop.
    m_context.loop.later([this, self = weak_from_this(), ids = std::exchange(m_sending, {})] {
        const auto keep = self.lock();
        for (const std::int32_t id : ids) {
            const auto found = keep ? m_streams.find(id) : m_streams.end();
            if (!keep || m_closed)
                return;
            const auto writer = found == m_streams.end() ? nullptr : found->second.writer.lock();
            if (!writer)
                continue;
            const std::size_t unsent = m_session.unsent(id);
            if (unsent > m_context.config.maxBuffered / 2)
                m_sending.push_back(id);
            writer->connectionProgress(unsent);
        }
    });
}

void Http2Connection::dispatchEvents() {
    std::vector<Http2Event> events = std::move(m_events);  // for its capacity
    for (m_session.takeEvents(events); !events.empty(); m_session.takeEvents(events))
        for (auto& event : events) {
            if (m_closed)
                break;
            dispatch(event);
        }
    m_events = std::move(events);
}

void Http2Connection::dispatch(Http2Event& event) {
    using Kind = Http2Event::Kind;
    if (event.kind == Kind::Head || event.kind == Kind::HeadTooLong) {
        onHeaders(event);
        return;
    }
    const auto found = m_streams.find(event.stream);
    if (found == m_streams.end())
        return;
    if (event.kind == Kind::Data)
        onData(found->second, event);
    else if (event.kind == Kind::End)
        onComplete(event.stream, found->second);
    else if (event.kind == Kind::Closed)
        forget(event.stream);
}

void Http2Connection::onHeaders(Http2Event& event) {
    ServerStream& stream = m_streams[event.stream];
    stream.begun = m_context.loop.now();
    if (event.kind == Http2Event::Kind::HeadTooLong) {
        refuse(event.stream, stream, 431);
        return;
    }
    ServerRequest& request = stream.request;
    request.remoteAddress = m_peer.address;
    request.peer = m_peer.certificate;
    request.peerRejected = m_peer.rejected;
    request.headers.reserve(event.headers.size());
    for (auto& [name, value] : event.headers) {
        if (name == ":method")
            request.method = std::move(value);
        else if (name == ":path")
            setTarget(request, value);
        else if (name == ":authority")
            request.headers.emplace_back("host", std::move(value));
        else if (!name.starts_with(':'))
            request.headers.emplace_back(std::move(name), std::move(value));
    }
    if (header(request.headers, "expect") == "100-continue")
        m_session.respond(event.stream, 100, {}, true);
}

void Http2Connection::onData(ServerStream& stream, const Http2Event& event) {
    m_session.consume(event.stream, event.data.size());
    if (stream.refused)
        return;
    std::string& body = stream.request.body;
    const bool known = m_peer.certificate || !header(stream.request.headers, "authorization").empty();
    const std::size_t limit =
        known ? m_context.config.maxBody : std::min(m_context.config.maxBody, kMaxStrangersBody);
    if (body.size() + event.data.size() > limit) {
        refuse(event.stream, stream, 413);
        return;
    }
    if (m_bodyBytes + event.data.size() > kBodiesPerConnection * m_context.config.maxBody) {
        m_session.reset(event.stream, Http2Error::EnhanceYourCalm);
        return;
    }
    m_bodyBytes += event.data.size();
    body.append(event.data);
}

void Http2Connection::onComplete(std::int32_t id, ServerStream& stream) {
    m_bodyBytes -= stream.request.body.size();
    stream.complete = true;
    if (stream.refused)
        return;
    const auto writer =
        std::make_shared<ServerWriter>(weak_from_this(), *this, id, m_context.config.maxBuffered);
    stream.writer = writer;
    m_context.handler.handle(std::exchange(stream.request, {}), writer);
}

// Answers at once; what the client still sends of this request is thrown away.
void Http2Connection::refuse(std::int32_t id, ServerStream& stream, int status) {
    stream.refused = true;
    m_bodyBytes -= stream.request.body.size();
    stream.request = {};
    std::string body = refusalBody(status);
    m_session.respond(id, status,
                      {{"content-type", "application/json"}, {"content-length", std::to_string(body.size())}},
                      true);
    m_session.write(id, std::move(body));
    m_session.finish(id);
}

void Http2Connection::forget(std::int32_t id) {
    auto node = m_streams.extract(id);
    m_bodyBytes -= node.mapped().request.body.size();
    if (m_streams.empty())
        m_idleSince = m_context.loop.now();
    if (const auto writer = node.mapped().writer.lock())
        writer->connectionGone();
}

void Http2Connection::sendHead(std::int64_t id, int status, Headers headers,
                               std::optional<std::string> body) {
    const auto stream = static_cast<std::int32_t>(id);
    const bool more = !body || !body->empty();
    completeHead(headers, status, body ? &*body : nullptr, m_context.loop.wallNow());
    m_session.respond(stream, status, headers, more);
    if (body && more) {
        m_session.write(stream, std::move(*body));
        m_session.finish(stream);
    }
    m_pump.wake();
}

std::size_t Http2Connection::sendData(std::int64_t id, std::string chunk) {
    const auto stream = static_cast<std::int32_t>(id);
    const std::size_t unsent = m_session.write(stream, std::move(chunk));
    if (unsent > m_context.config.maxBuffered && std::ranges::find(m_sending, stream) == m_sending.end())
        m_sending.push_back(stream);
    m_pump.wake();
    return unsent;
}

void Http2Connection::sendEnd(std::int64_t id) {
    m_session.finish(static_cast<std::int32_t>(id));
    m_pump.wake();
}

void Http2Connection::sendReset(std::int64_t id) {
    m_session.reset(static_cast<std::int32_t>(id), Http2Error::Internal);
    m_pump.wake();
}

void Http2Connection::drain() {
    if (m_closed || std::exchange(m_draining, true))
        return;
    m_session.goaway(true);
    m_pump.wake();
}

void Http2Connection::close() {
    if (std::exchange(m_closed, true))
        return;
    const auto keep = shared_from_this();
    m_idle.cancel();
    m_pump.close();
    for (const auto& [id, stream] : std::exchange(m_streams, {}))
        if (const auto writer = stream.writer.lock())
            writer->connectionGone();
    m_context.onGone(*this);
}

void Http2Connection::watchIdle() {
    m_idle = m_context.loop.at(m_idleSince + m_context.config.idle, [this] {
        const SteadyTime now = m_context.loop.now();
        if (!m_streams.empty())
            m_idleSince = now;
        for (const auto& [id, stream] : m_streams)
            if (!stream.complete && now - stream.begun >= m_context.config.idle) {
                m_session.reset(id, Http2Error::Cancel);
                m_pump.wake();
            }
        if (now - m_idleSince >= m_context.config.idle)
            drain();
        else
            watchIdle();
    });
}

}  // namespace

std::shared_ptr<ServerConnection> makeHttp2Connection(std::unique_ptr<QSslSocket> socket, Peer peer,
                                                      ServerContext& context) {
    return std::make_shared<Http2Connection>(std::move(socket), std::move(peer), context);
}

}  // namespace kubefed::net

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/client_connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <QNetworkProxy>
#include <QSslConfiguration>

#include "kubefed/net/tls_config.h"

namespace kubefed::net {
namespace {

constexpr std::size_t kOwnStreamLimit = 1000;

std::unique_ptr<QSslSocket> makeSocket(const QSslConfiguration& tls) {
    auto socket = std::make_unique<QSslSocket>();
    socket->setProxy(QNetworkProxy::NoProxy);
    socket->setSslConfiguration(tls);
    return socket;
}

int statusOf(const Headers& headers) {
    const std::string_view text = header(headers, ":status");
    int status = 0;
    std::from_chars(text.data(), text.data() + text.size(), status);
    return status;
}

Headers requestHeaders(const Target& target, const HttpRequest& request, const std::string& body) {
    Headers headers;
    headers.reserve(request.headers.size() + 6);
    headers.emplace_back(":method", request.method);
    headers.emplace_back(":scheme", "https");
    headers.emplace_back(":authority", target.authority);
    headers.emplace_back(":path", target.endpoint.basePath + request.target);
    if (!target.bearerToken.empty())
        headers.emplace_back("authorization", "Bearer " + target.bearerToken);
    if (!body.empty())
        headers.emplace_back("content-length", std::to_string(body.size()));
    headers.insert(headers.end(), request.headers.begin(), request.headers.end());
    return headers;
}

}  // namespace

ClientConnection::ClientConnection(const Target& target, const QSslConfiguration& tls, Pool& pool, Loop& loop,
                                   std::uint32_t assumedStreams)
    : m_target(target),
      m_pool(&pool),
      m_loop(loop),
      m_session(Http2Session::Side::Client, {.maxHeader = target.config.maxHeader,
                                             .maxStreams = assumedStreams,
                                             .streamWindow = target.config.streamWindow,
                                             .connectionWindow = target.config.connectionWindow}),
      m_pump(makeSocket(tls), *this, loop, target.config.stall) {}

ClientConnection::~ClientConnection() = default;

std::string ClientConnection::name() const {
    return "'" + m_target.authority + "'";
}

void ClientConnection::connect() {
    QSslSocket* socket = m_pump.socket();
    QObject::connect(socket, &QSslSocket::encrypted, socket, [this] { onEncrypted(); });
    m_watch = m_loop.at(m_loop.now() + m_target.config.connectTimeout, [this] {
        lose(makeProblem(Problem::Timeout, name() + ": no connection within " +
                                               std::to_string(m_target.config.connectTimeout.count()) +
                                               " ms"));
    });
    socket->connectToHostEncrypted(QString::fromStdString(m_target.endpoint.host), m_target.endpoint.port,
                                   QString::fromStdString(m_target.peerName));
}

void ClientConnection::onEncrypted() {
    const auto keep = shared_from_this();
    QSslSocket* socket = m_pump.socket();
    socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    if (socket->sslConfiguration().nextNegotiatedProtocol() != QByteArrayLiteral("h2")) {
        lose(makeProblem(Problem::Protocol, name() + " does not speak HTTP/2"));
        return;
    }
    m_state = State::Ready;
    m_idleSince = m_loop.now();
    watch();
    m_pump.start();
    announceRoom();
}

void ClientConnection::announceRoom() {
    m_pool->onRoom(m_session.streamLimit());
}

std::size_t ClientConnection::room() const {
    if (m_state != State::Ready || m_streams.size() >= kOwnStreamLimit)
        return 0;
    return std::min(m_session.freeStreams(), kOwnStreamLimit - m_streams.size());
}

bool ClientConnection::submit(const std::shared_ptr<Exchange>& exchange) {
    if (room() == 0)
        return false;
    const auto id =
        m_session.request(requestHeaders(m_target, exchange->request(), *exchange->body()), exchange->body());
    if (!id) {
        m_loop.later([exchange, error = id.error()] { exchange->fail(error); });
        return true;
    }
    ++exchange->attempts;
    exchange->streamId = *id;
    exchange->carrier = std::static_pointer_cast<ClientConnection>(shared_from_this());
    m_streams.emplace(*id, exchange);
    m_pump.wake();
    return true;
}

void ClientConnection::cancel(Exchange& exchange) {
    const auto stream = static_cast<std::int32_t>(exchange.streamId);
    if (m_state == State::Closed || m_streams.erase(stream) == 0)
        return;
    m_session.reset(stream, Http2Error::Cancel);
    exchange.carrier.reset();
    m_pump.wake();
    streamGone();
}

void ClientConnection::consumed(const Exchange& exchange, std::size_t bytes) {
    if (m_state == State::Closed)
        return;
    m_session.consume(static_cast<std::int32_t>(exchange.streamId), bytes);
    m_pump.wake();
}

void ClientConnection::retire() {
    if (m_state != State::Ready)
        return;
    m_state = State::Draining;
    streamGone();
}

void ClientConnection::streamGone() {
    if (!m_streams.empty())
        return;
    m_idleSince = m_loop.now();
    // Not from inside a call of the pool's or the user's.
    if (m_state == State::Draining)
        m_loop.later([this, self = weak_from_this()] {
            if (const auto keep = self.lock())
                endIfDrained();
        });
}

void ClientConnection::endIfDrained() {
    if (m_state != State::Draining || !m_streams.empty())
        return;
    m_session.goaway(true);
    m_pump.closeAfterSending();
}

void ClientConnection::close() {
    m_state = State::Closed;
    m_pool = nullptr;
    m_watch.cancel();
    m_pump.close();
    for (const auto& [id, exchange] : std::exchange(m_streams, {}))
        exchange->abandon();
}

void ClientConnection::onBytes(std::string_view bytes) {
    const auto result = m_session.receive(bytes);
    dispatchEvents();
    if (!result && m_state != State::Closed) {
        std::string last;
        m_session.output(last, 4096);  // the GOAWAY that says why
        m_pump.socket()->write(last.data(), static_cast<qint64>(last.size()));
        m_pump.socket()->flush();
        lose(makeProblem(Problem::Protocol, name() + ": " + result.error().message));
    }
}

void ClientConnection::onPull(std::string& out, std::size_t limit) {
    if (m_state == State::Closed)
        return;
    m_session.output(out, limit);
    dispatchEvents();
    if (m_state != State::Closed && out.empty() && m_session.isFinished())
        m_loop.later([this, self = weak_from_this()] {
            if (const auto keep = self.lock(); keep && m_state != State::Closed)
                lose(makeProblem(Problem::Reset, name() + " ended the connection"));
        });
}

void ClientConnection::onLost(Error error) {
    lose(std::move(error));
}

void ClientConnection::dispatchEvents() {
    std::vector<Http2Event> events = std::move(m_events);  // for its capacity
    for (m_session.takeEvents(events); !events.empty(); m_session.takeEvents(events))
        for (auto& event : events) {
            if (m_state == State::Closed)
                break;
            dispatch(event);
        }
    m_events = std::move(events);
}

void ClientConnection::dispatch(Http2Event& event) {
    using Kind = Http2Event::Kind;
    if (event.kind == Kind::Goaway) {
        retire();
        announceRoom();
        return;
    }
    if (event.kind == Kind::Settings) {
        announceRoom();
        return;
    }
    const auto found = m_streams.find(event.stream);
    if (found == m_streams.end())
        return;
    const std::shared_ptr<Exchange> exchange = found->second;
    exchange->lastActivity = m_loop.now();
    switch (event.kind) {
        case Kind::Head: {
            const int status = statusOf(event.headers);
            std::erase_if(event.headers, [](const auto& h) { return h.first.starts_with(':'); });
            exchange->onHead(status, std::move(event.headers));
            break;
        }
        case Kind::HeadTooLong:
            cancel(*exchange);
            exchange->fail(makeProblem(
                Problem::TooLarge,
                "the headers are longer than " + std::to_string(m_target.config.maxHeader) + " bytes"));
            break;
        case Kind::Data:
            exchange->onData(event.data);
            break;
        case Kind::End:
            // An early answer to a request still being sent: the rest of it is not wanted.
            if (m_session.unsent(event.stream) > 0)
                m_session.reset(event.stream, Http2Error::Cancel);
            m_streams.erase(event.stream);
            streamGone();
            exchange->onEnd();
            if (m_state != State::Closed)
                announceRoom();
            break;
        default:
            onClosed(event);
            break;
    }
}

// A stream that ended before its answer did.
void ClientConnection::onClosed(const Http2Event& event) {
    const auto node = m_streams.extract(event.stream);
    streamGone();
    if (event.error == std::to_underlying(Http2Error::RefusedStream) && !node.mapped()->headSeen()) {
        m_pool->onUnprocessed(node.mapped(), *this);
        return;
    }
    node.mapped()->fail(makeProblem(
        Problem::Reset, name() + " reset the request, HTTP/2 error code " + std::to_string(event.error)));
    if (m_state != State::Closed)
        announceRoom();
}

void ClientConnection::lose(Error error) {
    if (m_state == State::Closed)
        return;
    const auto keep = shared_from_this();
    const bool wasReady = m_state != State::Connecting;
    m_state = State::Closed;
    m_watch.cancel();
    m_pump.close();
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (auto& [id, exchange] : std::exchange(m_streams, {}))
        exchanges.push_back(std::move(exchange));
    // In the order in which they were sent.
    std::ranges::sort(exchanges, {}, &Exchange::streamId);
    m_pool->onConnectionLost(*this, std::move(error), wasReady, std::move(exchanges));
}

// One deadline for all that a quiet connection needs: PING, its answer, the end of an idle one.
void ClientConnection::watch() {
    const TransportConfig& config = m_target.config;
    const SteadyTime now = m_loop.now();
    const SteadyTime heard = m_pump.lastReceived();
    if (m_pinging && heard >= m_pingSent)
        m_pinging = false;
    if (m_pinging && now - m_pingSent >= config.pingTimeout) {
        lose(makeProblem(Problem::Reset, name() + " did not answer a PING within " +
                                             std::to_string(config.pingTimeout.count()) + " ms"));
        return;
    }
    const bool endsIdle = config.closeIdleAfter > Duration::zero() && m_streams.empty();
    if (endsIdle && now - m_idleSince >= config.closeIdleAfter) {
        retire();
        return;
    }
    if (!m_pinging && now - heard >= config.pingAfter) {
        m_session.ping();
        m_pump.wake();
        m_pinging = true;
        m_pingSent = now;
    }
    SteadyTime next = m_pinging ? m_pingSent + config.pingTimeout : heard + config.pingAfter;
    if (endsIdle)
        next = std::min(next, m_idleSince + config.closeIdleAfter);
    else if (config.closeIdleAfter > Duration::zero())
        next = std::min(next, now + config.closeIdleAfter);
    m_watch = m_loop.at(next, [this] { watch(); });
}

}  // namespace kubefed::net

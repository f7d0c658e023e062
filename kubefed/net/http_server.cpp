// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/http_server.h"

#include <unordered_map>
#include <utility>

#include <QSslServer>

#include "kubefed/net/server_connection.h"
#include "kubefed/net/tls_config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace kubefed::net {
namespace {

constexpr int kBacklog = 1024;
// A client that has vanished without a word is noticed within about a minute and a half.
constexpr int kKeepAliveIdle = 30;
constexpr int kKeepAliveInterval = 15;
constexpr int kUserTimeoutMillis = 60'000;

void detectDeadPeers(const QSslSocket& socket) {
    const auto fd = static_cast<int>(socket.socketDescriptor());
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdle, sizeof kKeepAliveIdle);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveInterval, sizeof kKeepAliveInterval);
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis, sizeof kUserTimeoutMillis);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Peer peerOf(const QSslSocket& socket) {
    Peer peer{.address = socket.peerAddress().toString().toStdString(), .certificate = {}};
    const QSslCertificate certificate = socket.peerCertificate();
    if (certificate.isNull() || socket.peerVerifyMode() == QSslSocket::VerifyNone)
        return peer;
    auto info = readCertificate(certificate.toPem().toStdString());
    peer.rejected = !info || !socket.sslHandshakeErrors().isEmpty();
    if (!peer.rejected)
        peer.certificate = std::move(*info);
    return peer;
}

}  // namespace

class HttpServer::Impl {
public:
    Impl(ServerConfig config, HttpHandler& handler, Clock& clock)
        : m_config(std::move(config)),
          m_loop(clock),
          m_context{.config = m_config,
                    .handler = handler,
                    .loop = m_loop,
                    .onGone = [this](ServerConnection& connection) { onGone(connection); }} {
        QObject::connect(&m_server, &QTcpServer::pendingConnectionAvailable, &m_server, [this] { accept(); });
    }
    ~Impl() {
        m_drained = nullptr;
        for (const auto& [key, connection] : std::exchange(m_connections, {}))
            connection->close();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<std::uint16_t> listen();
    void drain(Duration grace, std::function<void()> done);

private:
    void accept();
    void onGone(ServerConnection& connection);
    void finishDraining();

    const ServerConfig m_config;
    Loop m_loop;
    ServerContext m_context;
    std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> m_connections;
    std::function<void()> m_drained;
    Loop::Deadline m_grace;
    QSslServer m_server;
};

Result<std::uint16_t> HttpServer::Impl::listen() {
    auto tls = serverTls(m_config.certificate, m_config.clientCaPem);
    if (!tls)
        return fail(std::move(tls.error()).withContext("making the server's TLS configuration"));
    const QHostAddress address(QString::fromStdString(m_config.address));
    if (address.isNull())
        return fail(Code::InvalidArgument, "'" + m_config.address + "' is not an address to listen on");
    m_server.setSslConfiguration(*tls);
    m_server.setHandshakeTimeout(static_cast<int>(m_config.handshake.count()));
    m_server.setListenBacklogSize(kBacklog);
    m_server.setMaxPendingConnections(kBacklog);
    if (!m_server.listen(address, m_config.port))
        return fail(Code::Unavailable, "cannot listen on '" + m_config.address + ":" +
                                           std::to_string(m_config.port) +
                                           "': " + m_server.errorString().toStdString());
    return m_server.serverPort();
}

void HttpServer::Impl::accept() {
    while (m_server.hasPendingConnections()) {
        std::unique_ptr<QSslSocket> socket(static_cast<QSslSocket*>(m_server.nextPendingConnection()));
        socket->setParent(nullptr);
        if (m_connections.size() >= static_cast<std::size_t>(m_config.maxConnections) ||
            socket->state() != QAbstractSocket::ConnectedState) {
            socket.release()->deleteLater();  // a signal of the socket's is what brought us here
            continue;
        }
        detectDeadPeers(*socket);
        Peer peer = peerOf(*socket);
        const bool http2 = socket->sslConfiguration().nextNegotiatedProtocol() == QByteArrayLiteral("h2");
        const auto connection = http2 ? makeHttp2Connection(std::move(socket), std::move(peer), m_context)
                                      : makeHttp1Connection(std::move(socket), std::move(peer), m_context);
        m_connections.emplace(connection.get(), connection);
        connection->start();
    }
}

void HttpServer::Impl::onGone(ServerConnection& connection) {
    m_connections.erase(&connection);
    if (m_connections.empty() && m_drained)
        m_loop.later([this] { finishDraining(); });
}

void HttpServer::Impl::drain(Duration grace, std::function<void()> done) {
    m_server.close();
    m_drained = std::move(done);
    m_grace = m_loop.at(m_loop.now() + grace, [this] { finishDraining(); });
    const auto connections = m_connections;  // draining may end some at once
    for (const auto& [key, connection] : connections)
        connection->drain();
    if (m_connections.empty())
        m_loop.later([this] { finishDraining(); });
}

void HttpServer::Impl::finishDraining() {
    const auto done = std::exchange(m_drained, nullptr);
    m_grace.cancel();
    for (const auto& [key, connection] : std::exchange(m_connections, {}))
        connection->close();
    if (done)
        done();
}

HttpServer::HttpServer(ServerConfig config, HttpHandler& handler, Clock& clock)
    : m_impl(std::make_unique<Impl>(std::move(config), handler, clock)) {}
HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen() {
    return m_impl->listen();
}
void HttpServer::drain(Duration grace, std::function<void()> done) {
    m_impl->drain(grace, std::move(done));
}

}  // namespace kubefed::net

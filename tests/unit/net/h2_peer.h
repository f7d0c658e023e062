// SPDX-License-Identifier: Apache-2.0
//
// An HTTP/2 server whose behaviour a test writes itself, frame by frame if it must: it refuses, goes away,
// stalls, or sends rubbish.
#pragma once

#include <map>

#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>

#include "kubefed/net/http2_session.h"
#include "tests/unit/net/net_fixture.h"

namespace kubefed::net {

class H2Peer {
public:
    struct Connection {
        QSslSocket* socket = nullptr;
        std::unique_ptr<Http2Session> session;
        std::vector<std::int32_t> streams;    // requests complete, in order
        std::vector<std::int32_t> cancelled;  // streams that ended before their answer
        std::size_t received = 0;
        bool frozen = false;  // neither reads nor writes any more
        bool closed = false;

        void flush() {
            std::string out;
            session->output(out, 16U << 20U);
            if (frozen || closed || out.empty())
                return;
            socket->write(out.data(), static_cast<qint64>(out.size()));
            socket->flush();
        }
        void answer(std::int32_t stream, std::string body, int status = 200) {
            session->respond(stream, status, {}, true);
            session->write(stream, std::move(body));
            session->finish(stream);
            flush();
        }
        void begin(std::int32_t stream, std::string data) {
            session->respond(stream, 200, {}, true);
            session->write(stream, std::move(data));
            flush();
        }
        void write(std::int32_t stream, std::string data) {
            session->write(stream, std::move(data));
            flush();
        }
    };
    using OnRequest = std::function<void(Connection&, std::int32_t stream, const std::string& path)>;

    explicit H2Peer(const KeyPair& certificate, Http2Limits limits = {}, QByteArray protocol = "h2")
        : m_limits(limits) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setLocalCertificate(QSslCertificate(QByteArray::fromStdString(certificate.certPem)));
        tls.setPrivateKey(QSslKey(QByteArray::fromStdString(certificate.keyPem), QSsl::Ec));
        if (!protocol.isEmpty())
            tls.setAllowedNextProtocols({std::move(protocol)});
        tls.setPeerVerifyMode(QSslSocket::VerifyNone);
        m_server.setSslConfiguration(tls);
        m_server.setMaxPendingConnections(1000);
        QObject::connect(&m_server, &QTcpServer::pendingConnectionAvailable, &m_server, [this] { accept(); });
        m_server.listen(QHostAddress::LocalHost);
    }
    [[nodiscard]] std::uint16_t port() const { return m_server.serverPort(); }
    [[nodiscard]] Connection& at(std::size_t i) { return *connections.at(i); }

    OnRequest onRequest = [](Connection& c, std::int32_t stream, const std::string&) {
        c.answer(stream, "ok");
    };
    std::string rubbish;  // sent instead of HTTP/2, when not empty
    std::vector<std::unique_ptr<Connection>> connections;

private:
    void accept() {
        auto* socket = static_cast<QSslSocket*>(m_server.nextPendingConnection());
        connections.push_back(std::make_unique<Connection>());
        Connection& c = *connections.back();
        c.socket = socket;
        c.session = std::make_unique<Http2Session>(Http2Session::Side::Server, m_limits);
        QObject::connect(socket, &QSslSocket::disconnected, socket, [&c] { c.closed = true; });
        if (!rubbish.empty()) {
            socket->write(rubbish.data(), static_cast<qint64>(rubbish.size()));
            socket->flush();
            return;
        }
        QObject::connect(socket, &QSslSocket::readyRead, socket, [this, &c] { read(c); });
        c.flush();
        read(c);
    }
    void read(Connection& c) {
        if (c.frozen || !c.socket->isOpen())
            return;
        const std::string bytes = c.socket->readAll().toStdString();
        c.received += bytes.size();
        if (!c.session->receive(bytes))
            return;
        std::vector<Http2Event> events;
        c.session->takeEvents(events);
        for (const auto& event : events) {
            if (event.kind == Http2Event::Kind::Head)
                m_paths[{&c, event.stream}] = std::string(header(event.headers, ":path"));
            else if (event.kind == Http2Event::Kind::Data)
                c.session->consume(event.stream, event.data.size());
            else if (event.kind == Http2Event::Kind::Closed && event.error != 0)
                c.cancelled.push_back(event.stream);
            else if (event.kind == Http2Event::Kind::End) {
                c.streams.push_back(event.stream);
                onRequest(c, event.stream, m_paths[{&c, event.stream}]);
            }
        }
        c.flush();
    }

    const Http2Limits m_limits;
    std::map<std::pair<Connection*, std::int32_t>, std::string> m_paths;
    QSslServer m_server;
};

}  // namespace kubefed::net

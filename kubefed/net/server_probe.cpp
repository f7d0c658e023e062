// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <QNetworkProxy>
#include <QSslConfiguration>

#include "kubefed/net/https_transport.h"
#include "kubefed/net/loop.h"
#include "kubefed/net/socket_pump.h"
#include "kubefed/net/tls_config.h"

namespace kubefed::net {
namespace {

// Shakes hands without insisting on trust, looks, and leaves before a byte of HTTP is said.
class Probe final : public Request::State {
public:
    Probe(const Endpoint& endpoint, const Identity& identity, Clock& clock, Duration timeout,
          Callback<ServerProbe> done)
        : m_name(endpoint.url()), m_loop(clock), m_done(std::move(done)), m_begun(m_loop.now()) {
        // The client certificate stays home: an unknown server learns nothing.
        auto tls = clientTls({.caPem = identity.caPem,
                              .clientCertPem = {},
                              .clientKeyPem = {},
                              .bearerToken = {},
                              .tlsServerName = {},
                              .insecureSkipVerify = false});
        if (!tls) {
            m_loop.later([this, error = tls.error()] { finish(std::unexpected(error)); });
            return;
        }
        tls->setPeerVerifyMode(QSslSocket::QueryPeer);
        m_socket->setProxy(QNetworkProxy::NoProxy);
        m_socket->setSslConfiguration(*tls);
        QObject::connect(m_socket, &QSslSocket::connected, m_socket, [this] { m_connected = m_loop.now(); });
        QObject::connect(m_socket, &QSslSocket::encrypted, m_socket, [this] { look(); });
        // Later, because a name that is an invalid address fails inside connectToHostEncrypted().
        QObject::connect(m_socket, &QSslSocket::errorOccurred, m_socket, [this] {
            m_loop.later([this, error = socketError(*m_socket)] { finish(std::unexpected(error)); });
        });
        m_deadline = m_loop.at(m_begun + timeout, [this, timeout] {
            finish(
                std::unexpected(makeProblem(Problem::Timeout, "'" + m_name + "': no connection within " +
                                                                  std::to_string(timeout.count()) + " ms")));
        });
        m_socket->connectToHostEncrypted(QString::fromStdString(endpoint.host), endpoint.port,
                                         QString::fromStdString(expectedName(endpoint, identity)));
    }
    ~Probe() override {
        m_socket->disconnect();
        m_socket->abort();
        m_socket->deleteLater();
    }

private:
    void look() {
        std::string chain;
        for (const QSslCertificate& certificate : m_socket->peerCertificateChain())
            chain += certificate.toPem().toStdString();
        auto info = readCertificate(chain);
        if (!info) {
            finish(std::unexpected(makeProblem(Problem::Tls, "'" + m_name + "': " + info.error().message)));
            return;
        }
        ServerProbe probe{.certificate = std::move(*info), .chainPem = std::move(chain), .problemText = {}};
        const auto errors = m_socket->sslHandshakeErrors();
        if (!errors.isEmpty()) {
            probe.problem = worstTlsProblem(errors);
            for (const QSslError& error : errors)
                probe.problemText.append(probe.problemText.empty() ? "" : "; ")
                    .append(error.errorString().toStdString());
        }
        probe.roundTrip = std::chrono::duration_cast<Duration>(m_connected - m_begun);
        finish(std::move(probe));
    }

    // The callback may destroy this.
    void finish(Result<ServerProbe> result) {
        if (auto done = std::exchange(m_done, nullptr))
            done(std::move(result));
    }

    const std::string m_name;
    Loop m_loop;
    Callback<ServerProbe> m_done;
    const SteadyTime m_begun;
    SteadyTime m_connected;
    Loop::Deadline m_deadline;
    QSslSocket* m_socket = new QSslSocket;  // deleteLater(): it may be the one whose signal is handled
};

}  // namespace

Request probeServer(const Endpoint& endpoint, const Identity& identity, Clock& clock, Duration timeout,
                    Callback<ServerProbe> done) {
    return Request(std::make_unique<Probe>(endpoint, identity, clock, timeout, std::move(done)));
}

}  // namespace kubefed::net

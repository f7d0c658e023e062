// SPDX-License-Identifier: Apache-2.0
//
// A TLS client that sends and receives plain bytes, for tests of what no well-behaved client sends.
#pragma once

#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslSocket>

#include "tests/unit/net/net_fixture.h"

namespace kubefed::net {

class RawClient {
public:
    RawClient(std::uint16_t port, const std::string& caPem, const char* protocol,
              const KeyPair* certificate = nullptr) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromData(QByteArray::fromStdString(caPem)));
        tls.setAllowedNextProtocols({QByteArray(protocol)});
        if (certificate != nullptr) {
            tls.setLocalCertificate(QSslCertificate(QByteArray::fromStdString(certificate->certPem)));
            tls.setPrivateKey(QSslKey(QByteArray::fromStdString(certificate->keyPem), QSsl::Ec));
        }
        m_socket.setSslConfiguration(tls);
        QObject::connect(&m_socket, &QSslSocket::readyRead, &m_socket,
                         [this] { received += m_socket.readAll().toStdString(); });
        QObject::connect(&m_socket, &QSslSocket::disconnected, &m_socket, [this] { closed = true; });
        m_socket.connectToHostEncrypted(QStringLiteral("127.0.0.1"), port);
    }
    void send(const std::string& bytes) {
        m_socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
        m_socket.flush();
    }
    [[nodiscard]] bool isReady() const { return m_socket.isEncrypted(); }
    [[nodiscard]] QSslSocket& socket() { return m_socket; }

    std::string received;
    bool closed = false;

private:
    QSslSocket m_socket;
};

}  // namespace kubefed::net

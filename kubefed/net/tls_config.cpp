// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/tls_config.h"

#include <algorithm>
#include <array>

#include <QSslCertificate>
#include <QSslKey>
#include <QSslSocket>

namespace kubefed::net {
namespace {

QByteArray bytes(const std::string& text) {
    return QByteArray::fromStdString(text);
}

Result<void> setCertificate(QSslConfiguration& tls, const KeyPair& pair) {
    KUBEFED_TRY(checkKeyPair(pair));
    const QByteArray pem = bytes(pair.keyPem);
    QSslKey key(pem, QSsl::Rsa);
    if (key.isNull())
        key = QSslKey(pem, QSsl::Ec);
    if (key.isNull())
        return fail(Code::InvalidArgument, "the certificate's private key is neither RSA nor EC");
    tls.setLocalCertificateChain(QSslCertificate::fromData(bytes(pair.certPem), QSsl::Pem));
    tls.setPrivateKey(key);
    return {};
}

Result<void> setCa(QSslConfiguration& tls, const std::string& pem) {
    const auto certificates = QSslCertificate::fromData(bytes(pem), QSsl::Pem);
    if (certificates.isEmpty())
        return fail(Code::InvalidArgument, "the CA certificates cannot be read");
    tls.setCaCertificates(certificates);
    return {};
}

Problem tlsProblem(QSslError::SslError error) {
    switch (error) {
        case QSslError::CertificateExpired:
            return Problem::Expired;
        case QSslError::CertificateNotYetValid:
            return Problem::NotYetValid;
        case QSslError::HostNameMismatch:
            return Problem::NameMismatch;
        case QSslError::UnableToGetIssuerCertificate:
        case QSslError::UnableToGetLocalIssuerCertificate:
        case QSslError::UnableToVerifyFirstCertificate:
        case QSslError::SelfSignedCertificate:
        case QSslError::SelfSignedCertificateInChain:
        case QSslError::CertificateUntrusted:
        case QSslError::CertificateSignatureFailed:
        case QSslError::AuthorityIssuerSerialNumberMismatch:
        case QSslError::SubjectIssuerMismatch:
            return Problem::UnknownCa;
        default:
            return Problem::Tls;
    }
}

}  // namespace

Result<QSslConfiguration> clientTls(const Identity& identity) {
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.setAllowedNextProtocols({QByteArrayLiteral("h2")});
    tls.setPeerVerifyMode(identity.insecureSkipVerify ? QSslSocket::VerifyNone : QSslSocket::VerifyPeer);
    if (!identity.caPem.empty())
        KUBEFED_TRY(setCa(tls, identity.caPem));
    if (!identity.clientCertPem.empty())
        KUBEFED_TRY(
            setCertificate(tls, {.certPem = identity.clientCertPem, .keyPem = identity.clientKeyPem}));
    return tls;
}

Result<QSslConfiguration> serverTls(const KeyPair& certificate, const std::string& clientCaPem) {
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    // Qt breaks the handshake of a client with whom it shares no protocol, so the old one is listed as well.
    tls.setAllowedNextProtocols(
        {QByteArrayLiteral("h2"), QByteArrayLiteral("http/1.1"), QByteArrayLiteral("http/1.0")});
    tls.setPeerVerifyMode(QSslSocket::VerifyNone);
    KUBEFED_TRY(setCertificate(tls, certificate));
    if (!clientCaPem.empty()) {
        KUBEFED_TRY(setCa(tls, clientCaPem));
        tls.setPeerVerifyMode(QSslSocket::QueryPeer);
    }
    return tls;
}

Problem worstTlsProblem(const QList<QSslError>& errors) {
    constexpr std::array order{Problem::UnknownCa, Problem::Expired, Problem::NotYetValid,
                               Problem::NameMismatch};
    for (const Problem problem : order)
        if (std::ranges::any_of(errors,
                                [problem](const QSslError& e) { return tlsProblem(e.error()) == problem; }))
            return problem;
    return Problem::Tls;
}

std::string expectedName(const Endpoint& endpoint, const Identity& identity) {
    return identity.tlsServerName.empty() ? endpoint.host : identity.tlsServerName;
}

}  // namespace kubefed::net

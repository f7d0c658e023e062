// SPDX-License-Identifier: Apache-2.0
#include "gui/app/caller.h"

#include <QtCore/QByteArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>

namespace kubefed::gui {

QString callerOf(const net::Identity& identity) {
    // Who sends both is, to servers, who the certificate names.
    if (const auto certificate = net::readCertificate(identity.clientCertPem))
        return QString::fromStdString(certificate->subjectCommonName);
    const QList<QByteArray> parts = QByteArray::fromStdString(identity.bearerToken).split('.');
    if (parts.size() != 3)
        return {};
    const auto claims =
        QJsonDocument::fromJson(QByteArray::fromBase64(parts[1], QByteArray::Base64UrlEncoding));
    const QString subject = claims.object().value("sub").toString();
    // What other issuers' subjects are called is up to the server's configuration.
    return subject.startsWith("system:serviceaccount:") ? subject : QString();
}

}  // namespace kubefed::gui

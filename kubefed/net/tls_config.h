// SPDX-License-Identifier: Apache-2.0
//
// From the PEM texts of tls.h to what QSslSocket wants, and from its errors to ours. Private to net.
#pragma once

#include <QList>
#include <QSslConfiguration>
#include <QSslError>

#include "kubefed/net/http.h"
#include "kubefed/net/tls.h"

namespace kubefed::net {

// InvalidArgument: something in it cannot be read, or key and certificate do not belong together.
[[nodiscard]] Result<QSslConfiguration> clientTls(const Identity& identity);
[[nodiscard]] Result<QSslConfiguration> serverTls(const KeyPair& certificate, const std::string& clientCaPem);

// Of several errors of one handshake the one that a person has to fix first.
[[nodiscard]] Problem worstTlsProblem(const QList<QSslError>& errors);

// The name that the server's certificate is checked for.
[[nodiscard]] std::string expectedName(const Endpoint& endpoint, const Identity& identity);

}  // namespace kubefed::net

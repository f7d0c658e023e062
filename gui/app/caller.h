// SPDX-License-Identifier: Apache-2.0
//
// Who somebody with these credentials is to a Kubernetes API: the common name of a client certificate, else
// the service account that a token was made for. Pure function; any thread.
#pragma once

#include <QtCore/QString>

#include "kubefed/net/tls.h"

namespace kubefed::gui {

// Empty: the credentials do not say.
[[nodiscard]] QString callerOf(const net::Identity& identity);

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// What a probe that failed says in a table, short enough to be read whole beside the count of probes.
// Functions of an error of kubefed/net; any thread.
#pragma once

#include <string>

#include "kubefed/net/tls.h"
#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"

namespace kubefed::controller {

// "no answer within 3 s", "10.1.0.4:6443 refuses connections"; else the error's own message. `timeout`: the
// probe's.
[[nodiscard]] std::string probeWords(const Error& error, const net::Endpoint& endpoint, Duration timeout);

}  // namespace kubefed::controller

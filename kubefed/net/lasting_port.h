// SPDX-License-Identifier: Apache-2.0
//
// Ports for a server that is to come back on the same one after a restart: outside the range from which the
// kernel serves outgoing connections (one of those may hold the port while the server is down) and below the
// node ports of Kubernetes. Any thread; no state; nothing is reserved: listening decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kubefed::net {

// In random order; fewer or none where the machine's range leaves no room.
[[nodiscard]] std::vector<std::uint16_t> lastingPorts(std::size_t count);

}  // namespace kubefed::net

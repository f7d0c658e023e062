// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/lasting_port.h"

#include <algorithm>
#include <fstream>
#include <random>

namespace kubefed::net {
namespace {

constexpr int kFirst = 20'000;
constexpr int kLast = 29'999;  // from 30000 on: node ports

}  // namespace

std::vector<std::uint16_t> lastingPorts(std::size_t count) {
    int from = 32'768, to = 60'999;  // the kernel's defaults
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> from >> to;
    std::vector<std::uint16_t> ports;
    for (int port = kFirst; port <= kLast; ++port)
        if (port < from || port > to)
            ports.push_back(static_cast<std::uint16_t>(port));
    std::random_device random;
    std::ranges::shuffle(ports, random);
    ports.resize(std::min(ports.size(), count));
    return ports;
}

}  // namespace kubefed::net

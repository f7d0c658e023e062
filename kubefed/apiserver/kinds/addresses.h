// SPDX-License-Identifier: Apache-2.0
//
// IP addresses as the API checks them. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

struct IpAddress {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{};  // the first four for IPv4
};
[[nodiscard]] std::optional<IpAddress> parseIp(std::string_view text);
// "10.0.0.0/8", "fd00::/8"; host bits may be set.
[[nodiscard]] bool isCidr(std::string_view text);
[[nodiscard]] std::string ipv4Text(std::uint32_t address);
[[nodiscard]] std::optional<std::uint32_t> ipv4Number(std::string_view text);
// The rules for addresses of endpoints: not loopback, link-local, unspecified.
void checkEndpointIp(Checker& checker, std::string_view address, const Path& path);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/addresses.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace kubefed::apiserver {

std::optional<IpAddress> parseIp(std::string_view text) {
    const std::string terminated(text);
    IpAddress address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1)
        return address;
    address.v6 = true;
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1)
        return address;
    return std::nullopt;
}

bool isCidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return false;
    const std::optional<IpAddress> address = parseIp(text.substr(0, slash));
    const std::string_view bits = text.substr(slash + 1);
    int length = -1;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
    return address && error == std::errc{} && end == bits.data() + bits.size() && length >= 0 &&
           length <= (address->v6 ? 128 : 32);
}

std::string ipv4Text(std::uint32_t address) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += (text.empty() ? "" : ".") + std::to_string((address >> static_cast<unsigned>(shift)) & 0xffU);
    return text;
}

std::optional<std::uint32_t> ipv4Number(std::string_view text) {
    const std::optional<IpAddress> address = parseIp(text);
    if (!address || address->v6)
        return std::nullopt;
    const auto& b = address->bytes;
    return (std::uint32_t{b[0]} << 24U) | (std::uint32_t{b[1]} << 16U) | (std::uint32_t{b[2]} << 8U) |
           std::uint32_t{b[3]};
}

void checkEndpointIp(Checker& checker, std::string_view text, const Path& path) {
    const std::optional<IpAddress> address = parseIp(text);
    if (!address) {
        checker.invalid(path, kube::Json(text), "must be a valid IP address");
        return;
    }
    const auto& b = address->bytes;
    const bool zeroHead = std::all_of(b.begin(), b.begin() + 15, [](std::uint8_t byte) { return byte == 0; });
    const bool unspecified =
        address->v6 ? zeroHead && b[15] == 0 : b[0] == 0 && b[1] == 0 && b[2] == 0 && b[3] == 0;
    if (unspecified)
        checker.invalid(path, kube::Json(text), "may not be unspecified (" + std::string(text) + ")");
    if (address->v6 ? zeroHead && b[15] == 1 : b[0] == 127)
        checker.invalid(path, kube::Json(text), "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    if (address->v6 ? b[0] == 0xfe && (b[1] & 0xc0U) == 0x80 : b[0] == 169 && b[1] == 254)
        checker.invalid(path, kube::Json(text),
                        "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    if (address->v6 ? b[0] == 0xff && (b[1] & 0x0fU) == 2 : b[0] == 224 && b[1] == 0 && b[2] == 0)
        checker.invalid(path, kube::Json(text),
                        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

}  // namespace kubefed::apiserver

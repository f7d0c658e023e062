// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/base64.h"

#include <cstdint>

namespace kubefed {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64Encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto at = [&](std::size_t k) -> std::uint32_t {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        const std::uint32_t word = at(0) << 16U | at(1) << 8U | at(2);
        out += kAlphabet[word >> 18U & 63U];
        out += kAlphabet[word >> 12U & 63U];
        out += i + 1 < bytes.size() ? kAlphabet[word >> 6U & 63U] : '=';
        out += i + 2 < bytes.size() ? kAlphabet[word & 63U] : '=';
    }
    return out;
}

std::optional<std::string> base64Decode(std::string_view text) {
    std::string out;
    std::uint32_t word = 0;
    int digits = 0;
    int padding = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r')
            continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const auto value = kAlphabet.find(c);
        if (value == std::string_view::npos || padding > 0)
            return std::nullopt;
        word = word << 6U | static_cast<std::uint32_t>(value);
        if (++digits % 4 != 0)
            continue;
        out += static_cast<char>(word >> 16U & 255U);
        out += static_cast<char>(word >> 8U & 255U);
        out += static_cast<char>(word & 255U);
        word = 0;
    }
    const int rest = digits % 4;
    if (rest == 1 || padding != (rest == 0 ? 0 : 4 - rest))
        return std::nullopt;
    if (rest == 2)
        out += static_cast<char>(word >> 4U & 255U);
    if (rest == 3) {
        out += static_cast<char>(word >> 10U & 255U);
        out += static_cast<char>(word >> 2U & 255U);
    }
    return out;
}

}  // namespace kubefed

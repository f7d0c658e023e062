// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace kubefed::kube {

namespace {

using namespace std::string_view_literals;

constexpr std::array kTrue{"y"sv,    "Y"sv,    "yes"sv, "Yes"sv, "YES"sv, "true"sv,
                           "True"sv, "TRUE"sv, "on"sv,  "On"sv,  "ON"sv};
constexpr std::array kFalse{"n"sv,     "N"sv,     "no"sv,  "No"sv,  "NO"sv, "false"sv,
                            "False"sv, "FALSE"sv, "off"sv, "Off"sv, "OFF"sv};
constexpr std::array kNull{""sv, "~"sv, "null"sv, "Null"sv, "NULL"sv};
constexpr std::array kNoNumber{".nan"sv,  ".NaN"sv,  ".NAN"sv,  ".inf"sv,  ".Inf"sv,  ".INF"sv,
                               "+.inf"sv, "+.Inf"sv, "+.INF"sv, "-.inf"sv, "-.Inf"sv, "-.INF"sv};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

// Base prefixes as in Go: 0x, 0o, 0b, and 0 alone for octal.
std::optional<Json> toInteger(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+'))
        text.remove_prefix(1);
    int base = 10;
    if (text.size() > 1 && text[0] == '0') {
        const char prefix = static_cast<char>(text[1] | 0x20);
        base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
        text.remove_prefix(prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
    }
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, base);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end)
        return std::nullopt;
    constexpr std::uint64_t kMinimum = 1ULL << 63U;
    if (negative) {
        if (value > kMinimum)
            return std::nullopt;
        return Json(value == kMinimum ? std::numeric_limits<std::int64_t>::min()
                                      : -static_cast<std::int64_t>(value));
    }
    if (value < kMinimum)
        return Json(static_cast<std::int64_t>(value));
    return Json(value);
}

// [-+]?(.digits | digits(.digits?)?)([eE][-+]?digits)?
bool looksLikeFloat(std::string_view text) {
    std::size_t i = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    const auto digits = [&] {
        const auto start = i;
        while (i < text.size() && isDigit(text[i]))
            ++i;
        return i - start;
    };
    const auto whole = digits();
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (digits() == 0 && whole == 0)
            return false;
    } else if (whole == 0) {
        return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '-' || text[i] == '+'))
            ++i;
        if (digits() == 0)
            return false;
    }
    return i == text.size();
}

std::optional<Json> toFloat(std::string_view text) {
    if (!looksLikeFloat(text))
        return std::nullopt;
    if (text.starts_with('+'))
        text.remove_prefix(1);
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
        return std::nullopt;
    // YAML goes to JSON text on its way to an API server, and there 1e3 is 1000, an integer.
    if (std::fabs(value) < 0x1p63 && value == std::trunc(value))
        return Json(static_cast<std::int64_t>(value));
    return Json(value);
}

}  // namespace

std::optional<Json> resolvePlainScalar(std::string_view text) {
    if (contains(kNull, text))
        return Json(nullptr);
    if (contains(kTrue, text))
        return Json(true);
    if (contains(kFalse, text))
        return Json(false);
    if (contains(kNoNumber, text))
        return std::nullopt;
    const Json asString(json::string_view(text.data(), text.size()));
    const char first = text[0];
    if (first == '.')
        return toFloat(text).value_or(asString);
    if (!isDigit(first) && first != '-' && first != '+')
        return asString;
    std::string plain(text);
    std::erase(plain, '_');
    if (auto value = toInteger(plain))
        return value;
    return toFloat(plain).value_or(asString);
}

}  // namespace kubefed::kube

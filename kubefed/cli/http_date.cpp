// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/http_date.h"

#include <array>
#include <cstdio>
#include <string>

namespace kubefed::cli {

std::optional<WallTime> parseHttpDate(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    // The only form that servers may still send (RFC 9110, 5.6.7).
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT")
        return std::nullopt;
    std::size_t month = 0;
    while (month < kMonths.size() && kMonths[month] != text.substr(8, 3))
        ++month;
    if (month == kMonths.size())
        return std::nullopt;
    char stamp[8];
    std::snprintf(stamp, sizeof stamp, "-%02zu-", month + 1);
    const std::string rfc3339 = std::string(text.substr(12, 4)) + stamp + std::string(text.substr(5, 2)) +
                                "T" + std::string(text.substr(17, 8)) + "Z";
    WallTime time;
    return parseRfc3339(rfc3339, time) ? std::optional(time) : std::nullopt;
}

}  // namespace kubefed::cli

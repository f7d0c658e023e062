// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/clock.h"

#include <cstdint>
#include <cstdio>
#include <string_view>

namespace kubefed {
namespace {

std::string format(WallTime time, bool micro) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<microseconds>(time - day)};
    char text[40];
    const int n = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                                unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                                int(clock.minutes().count()), int(clock.seconds().count()));
    std::string out(text, static_cast<std::size_t>(n));
    if (micro) {
        char fraction[16];
        std::snprintf(fraction, sizeof fraction, ".%06d", int(clock.subseconds().count()));
        out += fraction;
    }
    return out + "Z";
}

// Reads exactly `digits` digits at `pos`; -1 if there are not that many.
int number(std::string_view text, std::size_t pos, std::size_t digits) {
    if (pos + digits > text.size())
        return -1;
    int value = 0;
    for (std::size_t i = pos; i < pos + digits; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

std::string toRfc3339(WallTime time) {
    return format(time, false);
}
std::string toRfc3339Micro(WallTime time) {
    return format(time, true);
}

bool parseRfc3339(std::string_view text, WallTime& time) {
    using namespace std::chrono;
    const int y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2);
    const int h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
    if (y < 0 || mo < 1 || d < 1 || h < 0 || mi < 0 || s < 0 || h > 23 || mi > 59 || s > 60)
        return false;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return false;
    const year_month_day date{year{y}, month{unsigned(mo)}, day{unsigned(d)}};
    if (!date.ok())
        return false;
    std::size_t pos = 19;
    std::int64_t nanos = 0;
    if (pos < text.size() && text[pos] == '.') {
        std::int64_t scale = 100'000'000;
        const std::size_t start = ++pos;
        for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, scale /= 10)
            nanos += (text[pos] - '0') * scale;
        if (pos == start)
            return false;
    }
    minutes offset{0};
    if (pos >= text.size())
        return false;
    if (text[pos] == '+' || text[pos] == '-') {
        const int oh = number(text, pos + 1, 2), om = number(text, pos + 4, 2);
        if (oh < 0 || om < 0 || text[pos + 3] != ':' || pos + 6 != text.size())
            return false;
        offset = hours{oh} + minutes{om};
        if (text[pos] == '-')
            offset = -offset;
    } else if ((text[pos] != 'Z' && text[pos] != 'z') || pos + 1 != text.size()) {
        return false;
    }
    time = time_point_cast<WallTime::duration>(sys_days{date} + hours{h} + minutes{mi} + seconds{s} +
                                               nanoseconds{nanos} - offset);
    return true;
}

}  // namespace kubefed

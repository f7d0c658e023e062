// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/schema_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/kube/schema_pattern.h"

#include <arpa/inet.h>

namespace kubefed::kube {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isHex(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int numberAt(std::string_view text, std::size_t at, std::size_t digits) {
    int value = -1;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
}

bool isDate(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-')
        return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (i != 4 && i != 7 && !isDigit(text[i]))
            return false;
    const int year = numberAt(text, 0, 4), month = numberAt(text, 5, 2), day = numberAt(text, 8, 2);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::array<int, 12> days{31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[static_cast<std::size_t>(month - 1)];
}

// RFC 3339, in either case; no leap seconds.
bool isDateTime(std::string_view text) {
    if (text.size() < 20 || (text[10] != 'T' && text[10] != 't') || !isDate(text.substr(0, 10)))
        return false;
    const std::string_view time = text.substr(11);
    for (const std::size_t i : {0U, 1U, 3U, 4U, 6U, 7U})
        if (!isDigit(time[i]))
            return false;
    if (time[2] != ':' || time[5] != ':' || numberAt(time, 0, 2) > 23 || numberAt(time, 3, 2) > 59 ||
        numberAt(time, 6, 2) > 59)
        return false;
    std::string_view rest = time.substr(8);
    if (rest.size() > 1 && rest[0] == '.' && isDigit(rest[1])) {
        rest.remove_prefix(1);
        while (!rest.empty() && isDigit(rest[0]))
            rest.remove_prefix(1);
    }
    if (rest == "Z" || rest == "z")
        return true;
    return rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && isDigit(rest[1]) && isDigit(rest[2]) &&
           rest[3] == ':' && isDigit(rest[4]) && isDigit(rest[5]);
}

// A duration of Go ("1h30m"), or numbers with the names of units anywhere in it ("2 days").
bool isDuration(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kUnits{
        "ns", "us", "\xC2\xB5s", "\xCE\xBCs", "ms", "s", "m", "h", "d", "w", "hr", "wk"};
    static constexpr std::array<std::string_view, 8> kBeginnings{"nano", "micro", "milli", "sec",
                                                                 "min",  "hour",  "day",   "week"};
    std::string_view sign = text;
    if (sign.starts_with('-') || sign.starts_with('+'))
        sign.remove_prefix(1);
    if (sign == "0")
        return true;
    for (std::size_t i = 0; i < text.size();) {
        if (!isDigit(text[i])) {
            ++i;
            continue;
        }
        while (i < text.size() && isDigit(text[i]))
            ++i;
        std::size_t begin = i;
        while (begin < text.size() && text[begin] == ' ')
            ++begin;
        std::string unit;
        for (i = begin; i < text.size() && (isLetter(text[i]) || static_cast<signed char>(text[i]) < 0); ++i)
            unit += text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
        if (!unit.empty() && (std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end() ||
                              std::any_of(kBeginnings.begin(), kBeginnings.end(),
                                          [&](std::string_view word) { return unit.starts_with(word); })))
            return true;
    }
    return false;
}

// By hand: what stands in such a field can be long, and patterns give up on long texts.
bool isBase64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0)
        return false;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return isLetter(c) || isDigit(c) || c == '+' || c == '/'; });
}

// As Go's lenient reader has it: leading zeros are decimal.
bool isIpv4(std::string_view text) {
    int parts = 0;
    while (true) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        const std::string_view part = text.substr(0, dot);
        int value = 256;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (error != std::errc{} || end != part.data() + part.size() || value < 0 || value > 255 ||
            part.starts_with('-'))
            return false;
        ++parts;
        if (dot == text.size())
            return parts == 4;
        text.remove_prefix(dot + 1);
    }
}

bool isIpv6(std::string_view text) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

bool isIpv4Format(std::string_view text) {
    return isIpv4(text) || (text.find('.') != std::string_view::npos && isIpv6(text));
}

bool isCidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return false;
    const std::string_view address = text.substr(0, slash), bits = text.substr(slash + 1);
    int length = -1;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
    const int most = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
    return error == std::errc{} && end == bits.data() + bits.size() && length >= 0 && length <= most;
}

bool percentIsEscaped(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '%' && (i + 2 >= text.size() || !isHex(text[i + 1]) || !isHex(text[i + 2])))
            return false;
    return true;
}

// What can stand in a request line: a path, or a URI with its scheme.
bool isUri(std::string_view text) {
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) ||
        !percentIsEscaped(text))
        return false;
    if (text.starts_with('/'))
        return true;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !isLetter(text[0]))
        return false;
    if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.'; }))
        return false;
    const std::string_view rest = text.substr(colon + 1);
    const std::string_view host = rest.starts_with("//") ? rest.substr(2, rest.find('/', 2) - 2) : "";
    return host.find_first_of(" <>\"") == std::string_view::npos;
}

bool isEmail(std::string_view text) {
    if (text.ends_with('>') && text.find('<') != std::string_view::npos) {
        text.remove_prefix(text.find('<') + 1);
        text.remove_suffix(1);
    }
    const std::size_t at = text.find('@');
    return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
           text.find_first_of(" <>,") == std::string_view::npos &&
           text.find('@', at + 1) == std::string_view::npos;
}

std::string digitsOf(std::string_view text) {
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
                 [](char c) { return isDigit(c) || c == 'X'; });
    return digits;
}

bool isIsbn10(std::string_view text) {
    const std::string digits = digitsOf(text);
    if (digits.size() != 10)
        return false;
    int sum = 0;
    for (std::size_t i = 0; i < 10; ++i) {
        if (digits[i] == 'X' && i < 9)
            return false;
        sum += static_cast<int>(i + 1) * (digits[i] == 'X' ? 10 : digits[i] - '0');
    }
    return sum % 11 == 0;
}

bool isIsbn13(std::string_view text) {
    const std::string digits = digitsOf(text);
    if (digits.size() != 13 || digits.find('X') != std::string::npos)
        return false;
    int sum = 0;
    for (std::size_t i = 0; i < 13; ++i)
        sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
    return sum % 10 == 0;
}

bool isCreditCard(std::string_view text) {
    const std::string digits = digitsOf(text);
    if (digits.size() < 13 || digits.size() > 19 || digits.find('X') != std::string::npos)
        return false;
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int digit = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

// The rest are patterns, those of kube-openapi.
const void* patternOf(std::string_view format) {
    static const std::map<std::string_view, std::shared_ptr<const void>> kPatterns = [] {
        static constexpr const char* kColour = "\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*";
        const std::string colour(kColour);
        // "aa:aa" to so many bytes, in each of the three ways.
        const auto mac = [](const std::string& group, const std::string& between,
                            std::initializer_list<int> more) {
            std::string any;
            for (const int count : more)
                any += (any.empty() ? "^" : "|^") + group + "(" + between + group + "){" +
                       std::to_string(count) + "}$";
            return any;
        };
        const std::string two = "[0-9a-fA-F]{2}", four = "[0-9a-fA-F]{4}";
        const std::string label = "[a-zA-Z0-9\\p{S}\\p{L}]";
        std::map<std::string_view, std::shared_ptr<const void>> patterns;
        for (const auto& [name, pattern] : std::initializer_list<std::pair<std::string_view, std::string>>{
                 {"hostname", "^(" + label + "(-?" + label + "{0,62})?|(" + label +
                                  "([a-zA-Z0-9\\-\\p{S}\\p{L}]{0,61}" + label +
                                  ")?\\.)+[a-zA-Z\\p{L}]{2,63})$"},
                 {"mac", mac(two, ":", {5, 7, 19}) + "|" + mac(two, "-", {5, 7, 19}) + "|" +
                             mac(four, "\\.", {2, 3, 9})},
                 {"uuid",
                  "^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}$"},
                 {"uuid3",
                  "^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?3[0-9A-Fa-f]{3}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}$"},
                 {"uuid4",
                  "^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?4[0-9A-Fa-f]{3}-?[89ABab][0-9A-Fa-f]{3}-?[0-9A-Fa-f]{12}"
                  "$"},
                 {"uuid5",
                  "^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?5[0-9A-Fa-f]{3}-?[89ABab][0-9A-Fa-f]{3}-?[0-9A-Fa-f]{12}"
                  "$"},
                 {"ssn", "^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$"},
                 {"hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
                 {"rgbcolor", "^rgb\\(" + colour + "," + colour + "," + colour + "\\)$"},
                 {"bsonobjectid", "^[0-9a-fA-F]{24}$"}})
            patterns.emplace(name, compilePattern(pattern).value());
        return patterns;
    }();
    const auto found = kPatterns.find(format);
    return found == kPatterns.end() ? nullptr : found->second.get();
}

bool isHostname(std::string_view text) {
    if (text.size() > 255 || !matchesPattern(patternOf("hostname"), text))
        return false;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t dot = std::min(text.find('.', begin), text.size());
        if (dot - begin > 63)
            return false;
        begin = dot + 1;
    }
    return true;
}

using Check = bool (*)(std::string_view);
constexpr std::array<std::pair<std::string_view, Check>, 15> kChecks{{
    {"date", isDate},
    {"date-time", isDateTime},
    {"datetime", isDateTime},
    {"duration", isDuration},
    {"byte", isBase64},
    {"ipv4", isIpv4Format},
    {"ipv6", isIpv6},
    {"cidr", isCidr},
    {"uri", isUri},
    {"email", isEmail},
    {"hostname", isHostname},
    {"isbn", [](std::string_view text) { return isIsbn10(text) || isIsbn13(text); }},
    {"isbn10", isIsbn10},
    {"isbn13", isIsbn13},
    {"creditcard", isCreditCard},
}};

}  // namespace

bool hasFormat(std::string_view text, std::string_view format) {
    for (const auto& [name, check] : kChecks)
        if (name == format)
            return check(text);
    const void* pattern = patternOf(format);
    return pattern == nullptr || matchesPattern(pattern, text);
}

}  // namespace kubefed::kube

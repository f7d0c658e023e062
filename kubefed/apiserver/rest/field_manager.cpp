// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/field_manager.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "kubefed/kube/status_error.h"
#include "kubefed/util/utf8.h"

namespace kubefed::apiserver {
namespace {

constexpr std::size_t kMaxBytes = 128;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

char32_t codePoint(std::string_view sequence) {
    static constexpr std::array<unsigned char, 5> kFirstBits{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t value = static_cast<unsigned char>(sequence.front()) & kFirstBits[sequence.size()];
    for (const char c : sequence.substr(1))
        value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
    return value;
}

// Controls, blanks but the plain one, formatting characters and private use do not print.
bool isPrintable(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    static constexpr std::array kHidden{
        Range{0, 0x1F},        Range{0x7F, 0xA0},       Range{0xAD, 0xAD},       Range{0x600, 0x605},
        Range{0x61C, 0x61C},   Range{0x6DD, 0x6DD},     Range{0x70F, 0x70F},     Range{0x1680, 0x1680},
        Range{0x180E, 0x180E}, Range{0x2000, 0x200F},   Range{0x2028, 0x202F},   Range{0x205F, 0x206F},
        Range{0x3000, 0x3000}, Range{0xE000, 0xF8FF},   Range{0xFEFF, 0xFEFF},   Range{0xFFF0, 0xFFFB},
        Range{0xFFFE, 0xFFFF}, Range{0xE0000, 0xE0FFF}, Range{0xF0000, 0x10FFFF}};
    return std::none_of(kHidden.begin(), kHidden.end(),
                        [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::string named(char32_t c) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(c));
    return text.data();
}

Error refused(std::string_view optionsKind, std::string reason, std::string why) {
    return kube::invalid({"meta.k8s.io", "v1", std::string(optionsKind)}, "",
                         {{std::move(reason), std::move(why), "fieldManager"}});
}

}  // namespace

Result<void> checkFieldManager(std::string_view manager, std::string_view optionsKind) {
    if (manager.size() > kMaxBytes)
        return fail(refused(optionsKind, "FieldValueTooLong", "Too long: may not be more than 128 bytes"));
    for (std::size_t at = 0; at < manager.size();) {
        const std::size_t length = utf8SequenceLength(manager.substr(at));
        if (length == 0)
            return fail(kube::badRequest("fieldManager is not UTF-8"));
        const char32_t c = codePoint(manager.substr(at, length));
        if (!isPrintable(c))
            return fail(refused(optionsKind, "FieldValueInvalid",
                                "Invalid value: " + kube::printJson(kube::Json(manager)) +
                                    ": invalid character " + named(c) + " (at position " +
                                    std::to_string(at) + ")"));
        at += length;
    }
    return {};
}

std::string managerFromAgent(std::string_view userAgent) {
    std::string_view rest = userAgent.substr(0, userAgent.find('/'));
    std::string name;
    while (!rest.empty()) {
        const std::size_t length = utf8SequenceLength(rest);
        const std::string_view shown = length == 0 ? kReplacement : rest.substr(0, length);
        rest.remove_prefix(std::max<std::size_t>(length, 1));
        if (!isPrintable(codePoint(shown)))
            continue;
        if (name.size() + shown.size() > kMaxBytes)
            break;
        name += shown;
    }
    return name.empty() ? "unknown" : name;
}

}  // namespace kubefed::apiserver

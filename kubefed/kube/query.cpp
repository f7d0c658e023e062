// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/query.h"

namespace kubefed::kube {

std::string percentEncode(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~' || c == ':';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4U];
        out += kHex[byte & 15U];
    }
    return out;
}

void Query::add(std::string_view name, std::string_view value) {
    if (value.empty())
        return;
    m_text += m_text.empty() ? '?' : '&';
    m_text += name;
    m_text += '=';
    m_text += percentEncode(value);
}

}  // namespace kubefed::kube

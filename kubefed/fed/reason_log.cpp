// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "kubefed/fed/explanation.h"
#include "kubefed/util/utf8.h"

namespace kubefed::fed {

namespace {

constexpr std::size_t kMaxFormats = 256;  // of one round
constexpr std::size_t kMaxTextBytes = 512;

// Plugins may say anything; what is shown and stored is valid text.
std::string sanitized(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const bool isControl = first < 0x20 || first == 0x7F;
        const std::size_t length = isControl ? 0 : utf8SequenceLength(text);
        if (length == 0)
            out += '?';
        else
            out += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

void append(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
        return;
    }
    std::array<char, 400> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed, 3);
    std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
    if (text.ends_with('.'))
        text.remove_suffix(1);
    out += text == "-0" ? "0" : text;
}

void append(std::string& out, const ReasonValue& value) {
    if (const auto* number = std::get_if<double>(&value))
        append(out, *number);
    else if (const auto* integer = std::get_if<std::int64_t>(&value))
        out += std::to_string(*integer);
    else
        out += std::get<std::string_view>(value);
}

}  // namespace

std::string formatReason(std::string_view format, std::span<const ReasonValue> values) {
    std::string out;
    out.reserve(format.size() + 16);
    std::size_t next = 0;
    for (std::size_t i = 0; i < format.size(); ++i) {
        const std::string_view two = format.substr(i, 2);
        if (two == "{}") {
            if (next < values.size())
                append(out, values[next++]);
            else
                out += '?';
            ++i;
        } else {
            out += format[i];
            if (two == "{{" || two == "}}")
                ++i;
        }
    }
    return out;
}

std::uint32_t ReasonLog::intern(std::string_view format) {
    format = format.substr(0, kMaxTextBytes);
    // A plugin passes the same literals again and again: by address first, then by content. The address alone
    // proves nothing (a caller may reuse a buffer), so the content is compared in any case.
    for (std::size_t i = 0; i < m_seen.size(); ++i)
        if (m_seen[i].data() == format.data() && m_formats[i] == format)
            return static_cast<std::uint32_t>(i);
    for (std::size_t i = 0; i < m_formats.size(); ++i) {
        if (m_formats[i] == format) {
            m_seen[i] = format;
            return static_cast<std::uint32_t>(i);
        }
    }
    if (m_formats.size() >= kMaxFormats)  // someone makes formats up; do not grow without end for it
        return intern(m_formats.front());
    m_formats.emplace_back(format);
    m_seen.push_back(format);
    return static_cast<std::uint32_t>(m_formats.size() - 1);
}

ReasonId ReasonLog::add(std::string_view format, std::span<const ReasonValue> values) {
    const std::size_t count = std::min(values.size(), kMaxReasonValues);
    m_records.push_back(
        {intern(format), static_cast<std::uint32_t>(m_values.size()), static_cast<std::uint32_t>(count)});
    for (const ReasonValue& value : values.first(count)) {
        Value stored{};
        if (const auto* number = std::get_if<double>(&value)) {
            stored.type = Value::Type::Number;
            stored.number = *number;
        } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            stored.type = Value::Type::Integer;
            stored.integer = *integer;
        } else {
            const std::string_view text = std::get<std::string_view>(value).substr(0, kMaxTextBytes);
            stored.type = Value::Type::Text;
            stored.size = static_cast<std::uint32_t>(text.size());
            stored.offset = m_chars.size();
            m_chars += text;
        }
        m_values.push_back(stored);
    }
    return static_cast<ReasonId>(m_records.size());
}

const ReasonLog::Record* ReasonLog::find(ReasonId id) const {
    return id == 0 || id > m_records.size() ? nullptr : &m_records[id - 1];
}

ReasonValue ReasonLog::value(const Value& stored) const {
    if (stored.type == Value::Type::Number)
        return stored.number;
    if (stored.type == Value::Type::Integer)
        return stored.integer;
    return std::string_view(m_chars).substr(stored.offset, stored.size);
}

std::string ReasonLog::text(ReasonId id) const {
    return text(id, 0);
}

std::string ReasonLog::text(ReasonId id, std::uint32_t hidden) const {
    const Record* record = find(id);
    if (record == nullptr)
        return {};
    std::array<ReasonValue, kMaxReasonValues> values;
    for (std::size_t i = 0; i < record->values; ++i)
        values[i] = ((hidden >> i) & 1U) != 0 ? ReasonValue(std::string_view("..."))
                                              : value(m_values[record->firstValue + i]);
    return sanitized(formatReason(m_formats[record->format], std::span(values).first(record->values)));
}

std::uint32_t ReasonLog::formatId(ReasonId id) const {
    const Record* record = find(id);
    return record == nullptr ? 0 : record->format + 1;
}

std::uint32_t ReasonLog::differing(ReasonId a, ReasonId b) const {
    const Record* first = find(a);
    const Record* second = find(b);
    if (first == nullptr || second == nullptr)
        return 0;
    std::uint32_t result = 0;
    for (std::uint32_t i = 0; i < std::max(first->values, second->values); ++i)
        if (i >= first->values || i >= second->values ||
            value(m_values[first->firstValue + i]) != value(m_values[second->firstValue + i]))
            result |= 1U << i;
    return result;
}

}  // namespace kubefed::fed

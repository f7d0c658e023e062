// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <system_error>
#include <unordered_set>

#include <boost/json/basic_parser_impl.hpp>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

namespace {

// What Boost's own parser does not tell: which keys were said twice, and where.
class DuplicateKeys {
public:
    void open(bool isArray) { m_levels.push_back({.isArray = isArray, .pathSize = m_path.size()}); }
    void close() {
        m_path.resize(m_levels.back().pathSize);
        m_levels.pop_back();
    }
    void key(std::string_view name) {
        Level& level = m_levels.back();
        m_path.resize(level.pathSize);
        if (!m_path.empty())
            m_path += '.';
        m_path += name;
        if (level.seen.emplace(name).second)
            return;
        if (m_duplicates.size() >= kMost || m_bytes > kMostBytes)
            return;
        std::string text = "duplicate field \"" + m_path + "\"";
        if (!m_told.insert(text).second)
            return;
        m_bytes += text.size();
        m_duplicates.push_back(std::move(text));
    }
    // A value begins: an element of an array gets its place in the path.
    void value() {
        if (m_levels.empty() || !m_levels.back().isArray)
            return;
        Level& level = m_levels.back();
        m_path.resize(level.pathSize);
        m_path += "[" + std::to_string(level.next++) + "]";
    }
    std::vector<std::string> release() { return std::move(m_duplicates); }

private:
    struct Level {
        bool isArray = false;
        std::size_t pathSize = 0;
        std::size_t next = 0;
        std::unordered_set<std::string> seen = {};
    };
    std::string m_path;
    std::vector<Level> m_levels;
    // As many as kube-apiserver's decoder tells.
    static constexpr std::size_t kMost = 100;
    static constexpr std::size_t kMostBytes = 64U << 10U;

    std::unordered_set<std::string> m_told;
    std::vector<std::string> m_duplicates;
    std::size_t m_bytes = 0;
};

// Builds the document from Boost's parser events. Numbers with a fraction or an exponent are read from their
// text, because Boost 1.81 does not find the nearest double.
struct Builder {
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    using Text = json::string_view;
    using Failure = json::error_code;

    json::value_stack stack;
    DuplicateKeys* duplicates = nullptr;
    std::string parts;  // of a key or a number that came in pieces

    static bool on_document_begin(Failure&) { return true; }
    static bool on_document_end(Failure&) { return true; }
    bool on_object_begin(Failure&) { return open(false); }
    bool on_object_end(std::size_t count, Failure&) {
        stack.push_object(count);
        return close();
    }
    bool on_array_begin(Failure&) { return open(true); }
    bool on_array_end(std::size_t count, Failure&) {
        stack.push_array(count);
        return close();
    }
    bool on_key_part(Text text, std::size_t, Failure&) {
        stack.push_chars(text);
        if (duplicates != nullptr)
            parts.append(text.data(), text.size());
        return true;
    }
    bool on_key(Text text, std::size_t, Failure&) {
        stack.push_key(text);
        if (duplicates != nullptr) {
            parts.append(text.data(), text.size());
            duplicates->key(parts);
            parts.clear();
        }
        return true;
    }
    bool on_string_part(Text text, std::size_t, Failure&) {
        stack.push_chars(text);
        return true;
    }
    bool on_string(Text text, std::size_t, Failure&) {
        begin();
        stack.push_string(text);
        return true;
    }
    bool on_number_part(Text text, Failure&) {
        parts.append(text.data(), text.size());
        return true;
    }
    bool on_int64(std::int64_t number, Text, Failure&) {
        begin();
        parts.clear();
        stack.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, Text, Failure&) {
        begin();
        parts.clear();
        stack.push_uint64(number);
        return true;
    }
    bool on_double(double, Text text, Failure& failure) {
        begin();
        parts.append(text.data(), text.size());
        double exact = 0;
        const auto [end, error] = std::from_chars(parts.data(), parts.data() + parts.size(), exact);
        // Too small becomes zero, as everywhere; too large is no number.
        const bool small = parts.find("e-") != std::string::npos || parts.find("E-") != std::string::npos ||
                           parts.starts_with("0.") || parts.starts_with("-0.");
        parts.clear();
        if (error != std::errc{} && !small) {
            failure = json::error::exponent_overflow;
            return false;
        }
        stack.push_double(error == std::errc{} ? exact : 0.0);
        return true;
    }
    bool on_bool(bool value, Failure&) {
        begin();
        stack.push_bool(value);
        return true;
    }
    bool on_null(Failure&) {
        begin();
        stack.push_null();
        return true;
    }
    static bool on_comment_part(Text, Failure&) { return true; }
    static bool on_comment(Text, Failure&) { return true; }

private:
    void begin() {
        if (duplicates != nullptr)
            duplicates->value();
    }
    bool open(bool isArray) {
        begin();
        if (duplicates != nullptr)
            duplicates->open(isArray);
        return true;
    }
    bool close() {
        if (duplicates != nullptr)
            duplicates->close();
        return true;
    }
};

Error problem(std::string_view text, std::size_t position, const json::error_code& code) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < position && i < text.size(); ++i) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n' ? 1 : 0;
    }
    return {.code = Code::InvalidArgument,
            .message = "invalid JSON at line " + std::to_string(line) + ", column " + std::to_string(column) +
                       ": " + code.message()};
}

Result<Json> parseWith(std::string_view text, DuplicateKeys* duplicates) {
    try {
        json::parse_options options;
        options.max_depth = kMaxJsonDepth;
        json::basic_parser<Builder> parser(options);
        parser.handler().duplicates = duplicates;
        parser.handler().stack.reset();
        json::error_code code;
        const std::size_t position = parser.write_some(false, text.data(), text.size(), code);
        if (!code && position < text.size())
            code = json::error::extra_data;
        if (code)
            return fail(problem(text, position, code));
        return parser.handler().stack.release();
    } catch (const std::exception& e) {
        return fail(Code::InvalidArgument, std::string("invalid JSON: ") + e.what());
    }
}

}  // namespace

Result<Json> parseJson(std::string_view text) {
    return parseWith(text, nullptr);
}

Result<StrictJson> parseStrict(std::string_view text) {
    DuplicateKeys duplicates;
    auto value = parseWith(text, &duplicates);
    if (!value)
        return std::unexpected(std::move(value.error()));
    return StrictJson{.value = std::move(*value), .duplicates = duplicates.release()};
}

}  // namespace kubefed::kube

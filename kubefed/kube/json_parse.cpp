// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <system_error>
#include <unordered_set>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

namespace {

// Length of the well-formed UTF-8 sequence at `p`, 0 if there is none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t utf8Length(const unsigned char* p, std::size_t left) {
    const auto continues = [&](std::size_t i) { return i < left && (p[i] & 0xC0U) == 0x80U; };
    const unsigned char lead = p[0];
    if (lead < 0xC2)
        return 0;
    if (lead < 0xE0)
        return continues(1) ? 2 : 0;
    if (lead < 0xF0) {
        if (!continues(1) || !continues(2))
            return 0;
        if ((lead == 0xE0 && p[1] < 0xA0) || (lead == 0xED && p[1] >= 0xA0))
            return 0;
        return 3;
    }
    if (lead > 0xF4 || !continues(1) || !continues(2) || !continues(3))
        return 0;
    if ((lead == 0xF0 && p[1] < 0x90) || (lead == 0xF4 && p[1] >= 0x90))
        return 0;
    return 4;
}

void appendUtf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0U | (c >> 6U));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0U | (c >> 12U));
        out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    } else {
        out += static_cast<char>(0xF0U | (c >> 18U));
        out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
        out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
        out += static_cast<char>(0x80U | (c & 0x3FU));
    }
}

// Recursive descent over the text; values are collected on Boost's value_stack, which builds each container
// at its final size.
class Parser {
public:
    Parser(std::string_view text, std::vector<std::string>* duplicates)
        : m_text(text), m_duplicates(duplicates) {}

    bool run() {
        skipSpace();
        if (!value(0))
            return false;
        skipSpace();
        return m_pos == m_text.size() || problem("unexpected text after the value");
    }

    Json release() { return m_stack.release(); }

    [[nodiscard]] Error error() const {
        std::size_t line = 1;
        std::size_t column = 1;
        for (std::size_t i = 0; i < m_pos && i < m_text.size(); ++i) {
            column = m_text[i] == '\n' ? 1 : column + 1;
            line += m_text[i] == '\n' ? 1 : 0;
        }
        return {.code = Code::InvalidArgument,
                .message = "invalid JSON at line " + std::to_string(line) + ", column " +
                           std::to_string(column) + ": " + m_problem};
    }

private:
    bool problem(std::string what) {
        m_problem = std::move(what);
        return false;
    }

    void skipSpace() {
        while (m_pos < m_text.size() && (m_text[m_pos] == ' ' || m_text[m_pos] == '\n' ||
                                         m_text[m_pos] == '\t' || m_text[m_pos] == '\r'))
            ++m_pos;
    }

    bool literal(std::string_view word) {
        if (m_text.substr(m_pos, word.size()) != word)
            return problem("unexpected character");
        m_pos += word.size();
        return true;
    }

    bool value(int depth) {
        if (m_pos >= m_text.size())
            return problem("unexpected end");
        switch (m_text[m_pos]) {
            case '{':
                return depth < kMaxJsonDepth ? objectValue(depth + 1) : problem("nested too deeply");
            case '[':
                return depth < kMaxJsonDepth ? arrayValue(depth + 1) : problem("nested too deeply");
            case '"': {
                std::string_view text;
                if (!stringToken(text))
                    return false;
                m_stack.push_string({text.data(), text.size()});
                return true;
            }
            case 't':
                if (!literal("true"))
                    return false;
                m_stack.push_bool(true);
                return true;
            case 'f':
                if (!literal("false"))
                    return false;
                m_stack.push_bool(false);
                return true;
            case 'n':
                if (!literal("null"))
                    return false;
                m_stack.push_null();
                return true;
            default:
                return number();
        }
    }

    bool arrayValue(int depth) {
        ++m_pos;
        std::size_t count = 0;
        skipSpace();
        if (m_pos < m_text.size() && m_text[m_pos] == ']') {
            ++m_pos;
            m_stack.push_array(0);
            return true;
        }
        const std::size_t pathSize = m_path.size();
        for (;;) {
            if (m_duplicates != nullptr)
                m_path += "[" + std::to_string(count) + "]";
            skipSpace();
            if (!value(depth))
                return false;
            m_path.resize(pathSize);
            ++count;
            skipSpace();
            if (m_pos >= m_text.size())
                return problem("unexpected end in an array");
            const char c = m_text[m_pos];
            if (c != ',' && c != ']')
                return problem("expected ',' or ']'");
            ++m_pos;
            if (c == ']')
                break;
        }
        m_stack.push_array(count);
        return true;
    }

    bool objectValue(int depth) {
        ++m_pos;
        std::size_t count = 0;
        skipSpace();
        if (m_pos < m_text.size() && m_text[m_pos] == '}') {
            ++m_pos;
            m_stack.push_object(0);
            return true;
        }
        const std::size_t pathSize = m_path.size();
        std::unordered_set<std::string> seen;
        for (;;) {
            skipSpace();
            if (m_pos >= m_text.size() || m_text[m_pos] != '"')
                return problem("expected a key in double quotes");
            std::string_view key;
            if (!stringToken(key))
                return false;
            m_stack.push_key({key.data(), key.size()});
            if (m_duplicates != nullptr)
                noteKey(key, seen);
            skipSpace();
            if (m_pos >= m_text.size() || m_text[m_pos] != ':')
                return problem("expected ':' after a key");
            ++m_pos;
            skipSpace();
            if (!value(depth))
                return false;
            m_path.resize(pathSize);
            ++count;
            skipSpace();
            if (m_pos >= m_text.size())
                return problem("unexpected end in an object");
            const char c = m_text[m_pos];
            if (c != ',' && c != '}')
                return problem("expected ',' or '}'");
            ++m_pos;
            if (c == '}')
                break;
        }
        m_stack.push_object(count);
        return true;
    }

    void noteKey(std::string_view key, std::unordered_set<std::string>& seen) {
        if (!m_path.empty())
            m_path += '.';
        m_path += key;
        if (seen.emplace(key).second)
            return;
        std::string text = "duplicate field \"" + m_path + "\"";
        for (const auto& known : *m_duplicates) {
            if (known == text)
                return;
        }
        m_duplicates->push_back(std::move(text));
    }

    // The result is a part of the text, or of m_scratch where escapes had to be resolved.
    bool stringToken(std::string_view& out) {
        const std::size_t start = ++m_pos;
        while (m_pos < m_text.size()) {
            const auto c = static_cast<unsigned char>(m_text[m_pos]);
            if (c == '"') {
                out = m_text.substr(start, m_pos - start);
                ++m_pos;
                return true;
            }
            if (c == '\\')
                return escapedString(start, out);
            if (!plainCharacter(c))
                return false;
        }
        return problem("unexpected end in a string");
    }

    bool plainCharacter(unsigned char c) {
        if (c < 0x20)
            return problem("control character in a string");
        if (c < 0x80) {
            ++m_pos;
            return true;
        }
        const auto* bytes = reinterpret_cast<const unsigned char*>(m_text.data());
        const std::size_t length = utf8Length(bytes + m_pos, m_text.size() - m_pos);
        if (length == 0)
            return problem("invalid UTF-8");
        m_pos += length;
        return true;
    }

    bool escapedString(std::size_t start, std::string_view& out) {
        m_scratch.assign(m_text.substr(start, m_pos - start));
        while (m_pos < m_text.size()) {
            const auto c = static_cast<unsigned char>(m_text[m_pos]);
            if (c == '"') {
                ++m_pos;
                out = m_scratch;
                return true;
            }
            if (c == '\\') {
                if (!escape())
                    return false;
                continue;
            }
            const std::size_t before = m_pos;
            if (!plainCharacter(c))
                return false;
            m_scratch.append(m_text.substr(before, m_pos - before));
        }
        return problem("unexpected end in a string");
    }

    bool escape() {
        static constexpr std::string_view kNames = "\"\\/bfnrt";
        static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
        ++m_pos;
        if (m_pos >= m_text.size())
            return problem("unexpected end in a string");
        const char c = m_text[m_pos];
        if (c == 'u')
            return unicodeEscape();
        const auto index = kNames.find(c);
        if (index == std::string_view::npos)
            return problem("unknown escape");
        m_scratch += kValues[index];
        ++m_pos;
        return true;
    }

    bool hex4(std::size_t at, std::uint32_t& out) const {
        if (at + 4 > m_text.size())
            return false;
        const char* begin = m_text.data() + at;
        const auto [end, ec] = std::from_chars(begin, begin + 4, out, 16);
        return ec == std::errc{} && end == begin + 4;
    }

    // A lone surrogate becomes U+FFFD, as in Go.
    bool unicodeEscape() {
        std::uint32_t code = 0;
        if (!hex4(m_pos + 1, code))
            return problem("a \\u escape needs four hexadecimal digits");
        m_pos += 5;
        if (code >= 0xD800 && code < 0xE000) {
            std::uint32_t low = 0;
            if (code < 0xDC00 && m_text.substr(m_pos, 2) == "\\u" && hex4(m_pos + 2, low) && low >= 0xDC00 &&
                low < 0xE000) {
                m_pos += 6;
                code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
            } else {
                code = 0xFFFD;
            }
        }
        appendUtf8(m_scratch, code);
        return true;
    }

    std::size_t skipDigits() {
        const std::size_t start = m_pos;
        while (m_pos < m_text.size() && m_text[m_pos] >= '0' && m_text[m_pos] <= '9')
            ++m_pos;
        return m_pos - start;
    }

    bool number() {
        const std::size_t start = m_pos;
        if (m_text[m_pos] == '-')
            ++m_pos;
        const std::size_t firstDigit = m_pos;
        const std::size_t digits = skipDigits();
        if (digits == 0) {
            m_pos = start;
            return problem("unexpected character");
        }
        if (digits > 1 && m_text[firstDigit] == '0')
            return problem("a number must not start with 0");
        bool integral = true;
        if (m_pos < m_text.size() && m_text[m_pos] == '.') {
            integral = false;
            ++m_pos;
            if (skipDigits() == 0)
                return problem("expected digits after the decimal point");
        }
        if (m_pos < m_text.size() && (m_text[m_pos] == 'e' || m_text[m_pos] == 'E')) {
            integral = false;
            ++m_pos;
            if (m_pos < m_text.size() && (m_text[m_pos] == '+' || m_text[m_pos] == '-'))
                ++m_pos;
            if (skipDigits() == 0)
                return problem("expected digits in the exponent");
        }
        return pushNumber(m_text.substr(start, m_pos - start), integral);
    }

    bool pushNumber(std::string_view text, bool integral) {
        const char* begin = text.data();
        const char* end = begin + text.size();
        if (integral) {
            std::int64_t i = 0;
            if (std::from_chars(begin, end, i).ec == std::errc{}) {
                m_stack.push_int64(i);
                return true;
            }
            std::uint64_t u = 0;
            if (text[0] != '-' && std::from_chars(begin, end, u).ec == std::errc{}) {
                m_stack.push_uint64(u);
                return true;
            }
        }
        double d = 0;
        if (std::from_chars(begin, end, d).ec != std::errc{}) {
            // Out of range: towards zero is zero, the other way is no number.
            if (text.find("e-") == std::string_view::npos && text.find("E-") == std::string_view::npos &&
                !text.starts_with("0.") && !text.starts_with("-0."))
                return problem("number out of range");
            d = 0;
        }
        m_stack.push_double(d);
        return true;
    }

    std::string_view m_text;
    std::size_t m_pos = 0;
    std::string m_problem;
    std::string m_scratch;
    std::string m_path;
    std::vector<std::string>* m_duplicates;
    json::value_stack m_stack;
};

Result<Json> parseWith(std::string_view text, std::vector<std::string>* duplicates) {
    try {
        Parser parser(text, duplicates);
        if (!parser.run())
            return fail(parser.error());
        return parser.release();
    } catch (const std::exception& e) {
        return fail(Code::InvalidArgument, std::string("invalid JSON: ") + e.what());
    }
}

}  // namespace

Result<Json> parseJson(std::string_view text) {
    return parseWith(text, nullptr);
}

Result<StrictJson> parseStrict(std::string_view text) {
    StrictJson out;
    auto value = parseWith(text, &out.duplicates);
    if (!value)
        return std::unexpected(std::move(value.error()));
    out.value = std::move(*value);
    return out;
}

}  // namespace kubefed::kube

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/kube/yaml.h"
#include "kubefed/kube/yaml_scalar.h"

namespace kubefed::kube {

namespace {

constexpr std::size_t kWidth = 80;  // text is folded at the first space beyond it, as kubectl does

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

// The order of keys in kubectl's YAML: runs of digits by value, letters after all else.
bool keyLess(std::string_view a, std::string_view b) {
    bool digits = false;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (a[i] == b[i]) {
            digits = isDigit(a[i]);
            continue;
        }
        const bool leftLetter = isLetter(a[i]);
        const bool rightLetter = isLetter(b[i]);
        if (leftLetter && rightLetter)
            return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
        if (leftLetter || rightLetter)
            return digits ? leftLetter : rightLetter;
        std::size_t leftEnd = i;
        std::size_t rightEnd = i;
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        if (a[i] == '0' || b[i] == '0') {
            for (std::size_t j = i; j > 0 && isDigit(a[j - 1]); --j) {
                if (a[j - 1] != '0') {
                    left = right = 1;
                    break;
                }
            }
        }
        for (; leftEnd < a.size() && isDigit(a[leftEnd]); ++leftEnd)
            left = left * 10 + static_cast<std::uint64_t>(a[leftEnd] - '0');
        for (; rightEnd < b.size() && isDigit(b[rightEnd]); ++rightEnd)
            right = right * 10 + static_cast<std::uint64_t>(b[rightEnd] - '0');
        if (left != right)
            return left < right;
        if (leftEnd != rightEnd)
            return leftEnd < rightEnd;
        return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
    }
    return a.size() < b.size();
}

// Numbers with ':' between digits are base 60 to other YAML 1.1 readers; kubectl quotes them for their sake.
bool isBase60(std::string_view text) {
    return text.find(':') != std::string_view::npos && !text.empty() &&
           (isDigit(text[0]) || text[0] == '-' || text[0] == '+') &&
           text.find_first_not_of("0123456789_:.+-") == std::string_view::npos;
}

// What other readers take for a date, kubectl quotes too.
bool isTimestamp(std::string_view text) {
    if (text.size() < 8 || !isDigit(text[0]) || !isDigit(text[1]) || !isDigit(text[2]) || !isDigit(text[3]) ||
        text[4] != '-')
        return false;
    return text.find_first_not_of("0123456789-:.TtZz+ ") == std::string_view::npos;
}

bool readsAsString(std::string_view text) {
    const auto value = resolvePlainScalar(text);
    return value && value->is_string() && text != "<<";
}

struct Shape {
    bool special = false;     // characters that only double quotes can show
    bool plain = true;        // allowed without quotes
    bool spaceBreak = false;  // a space before a line's end, or a text that starts with white space
    bool multiline = false;
};

Shape analyze(std::string_view text) {
    Shape shape;
    if (text.empty()) {
        shape.plain = false;
        return shape;
    }
    static constexpr std::string_view kIndicators = "#,[]{}&*!|>'\"%@`";
    const char first = text[0];
    const bool blankAfterFirst = text.size() == 1 || text[1] == ' ' || text[1] == '\n' || text[1] == '\t';
    if (kIndicators.find(first) != std::string_view::npos ||
        ((first == '-' || first == '?' || first == ':') && blankAfterFirst))
        shape.plain = false;
    if (first == ' ' || text.back() == ' ' || text.starts_with("---") || text.starts_with("..."))
        shape.plain = false;
    shape.spaceBreak = text.back() == ' ' || first == ' ' || first == '\n';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (c == '\n') {
            shape.multiline = true;
            shape.plain = false;
            shape.spaceBreak = shape.spaceBreak || (i > 0 && text[i - 1] == ' ');
        } else if (c == ':' && (next == ' ' || next == '\n' || next == '\t' || i + 1 == text.size())) {
            shape.plain = false;
        } else if (c == '#' && i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t' || text[i - 1] == '\n')) {
            shape.plain = false;
        } else if (c < 0x20 || c == 0x7F) {
            shape.special = true;
        } else if (c == 0xC2 && static_cast<unsigned char>(next) < 0xA0) {
            shape.special = true;  // C1 controls, and U+0085, which YAML takes for a line break
        } else if (c == 0xE2 && text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() &&
                   (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) {
            shape.special = true;  // line and paragraph separators
        } else if (text.substr(i, 3) == "\xEF\xBB\xBF") {
            shape.special = true;
        }
    }
    return shape;
}

class Printer {
public:
    std::string run(const Json& value) {
        if (const auto* object = value.if_object(); object != nullptr && !object->empty())
            map(*object, 0, false);
        else if (const auto* array = value.if_array(); array != nullptr && !array->empty())
            sequence(*array, 0, false);
        else
            scalar(value, 0, false), newline();
        return std::move(m_out);
    }

private:
    void newline() {
        m_out += '\n';
        m_lineStart = m_out.size();
    }

    void indentTo(std::size_t indent) { m_out.append(indent, ' '); }

    // `inlined`: the first line's indentation stands already (after "- ").
    void map(const JsonObject& object, std::size_t indent, bool inlined) {
        std::vector<const JsonObject::value_type*> members;
        members.reserve(object.size());
        for (const auto& member : object)
            members.push_back(&member);
        std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
            return keyLess({a->key().data(), a->key().size()}, {b->key().data(), b->key().size()});
        });
        for (const auto* member : members) {
            if (!inlined)
                indentTo(indent);
            inlined = false;
            text({member->key().data(), member->key().size()}, indent, true);
            m_out += ':';
            child(member->value(), indent);
        }
    }

    // Lists stand under their key without indentation, as kubectl prints them.
    void sequence(const JsonArray& array, std::size_t indent, bool inlined) {
        for (const auto& element : array) {
            if (!inlined)
                indentTo(indent);
            inlined = false;
            m_out += '-';
            if (const auto* object = element.if_object(); object != nullptr && !object->empty()) {
                m_out += ' ';
                map(*object, indent + 2, true);
            } else if (const auto* nested = element.if_array(); nested != nullptr && !nested->empty()) {
                m_out += ' ';
                sequence(*nested, indent + 2, true);
            } else {
                m_out += ' ';
                scalar(element, indent + 2, false);
                newline();
            }
        }
    }

    void child(const Json& value, std::size_t indent) {
        if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
            newline();
            map(*object, indent + 2, false);
        } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
            newline();
            sequence(*array, indent, false);
        } else {
            m_out += ' ';
            scalar(value, indent + 2, false);
            newline();
        }
    }

    void scalar(const Json& value, std::size_t indent, bool key) {
        if (const auto* string = value.if_string())
            text(view(*string), indent, key);
        else
            m_out += printJson(value);  // numbers, booleans, null, {} and [] read the same in YAML
    }

    void text(std::string_view text, std::size_t indent, bool key) {
        const Shape shape = analyze(text);
        const bool string = readsAsString(text) && !isBase60(text) && !isTimestamp(text);
        if (shape.multiline && !shape.special && !shape.spaceBreak && !key)
            literal(text, indent);
        else if (shape.special || shape.multiline || !string)
            doubleQuoted(text, indent, key);
        else if (shape.plain)
            folded(text, indent, key);
        else
            singleQuoted(text, indent, key);
    }

    // One "|" block; a document's top level still indents by two.
    void literal(std::string_view text, std::size_t indent) {
        m_out += '|';
        if (!text.ends_with('\n'))
            m_out += '-';
        else if (text.size() == 1 || text[text.size() - 2] == '\n')
            m_out += '+';
        const std::size_t inner = std::max<std::size_t>(indent, 2);
        while (!text.empty()) {
            const auto end = text.find('\n');
            const auto line = text.substr(0, end);
            newline();
            if (!line.empty()) {
                indentTo(inner);
                m_out += line;
            }
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
    }

    [[nodiscard]] bool foldsAt(std::string_view text, std::size_t i) const {
        return text[i] == ' ' && m_out.size() - m_lineStart > kWidth && i > 0 && i + 1 < text.size() &&
               text[i - 1] != ' ' && text[i + 1] != ' ';
    }

    void folded(std::string_view text, std::size_t indent, bool key) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (!key && foldsAt(text, i)) {
                newline();
                indentTo(std::max<std::size_t>(indent, 2));
            } else {
                m_out += text[i];
                if (text[i] == '\'' && m_single)
                    m_out += '\'';
            }
        }
    }

    void singleQuoted(std::string_view text, std::size_t indent, bool key) {
        m_out += '\'';
        m_single = true;
        folded(text, indent, key);
        m_single = false;
        m_out += '\'';
    }

    void doubleQuoted(std::string_view text, std::size_t indent, bool key) {
        static constexpr std::string_view kHex = "0123456789ABCDEF";
        m_out += '"';
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (c == '"' || c == '\\') {
                m_out += '\\';
                m_out += text[i];
            } else if (c == '\n') {
                m_out += "\\n";
            } else if (c == '\t') {
                m_out += "\\t";
            } else if (c == '\r') {
                m_out += "\\r";
            } else if (c < 0x20 || c == 0x7F) {
                m_out += "\\x";
                m_out += kHex[c >> 4U];
                m_out += kHex[c & 15U];
            } else if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
                const auto low = static_cast<unsigned char>(text[++i]);
                m_out += "\\x";
                m_out += kHex[low >> 4U];
                m_out += kHex[low & 15U];
            } else if (text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() &&
                       (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) {
                m_out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
                i += 2;
            } else if (text.substr(i, 3) == "\xEF\xBB\xBF") {
                m_out += "\\uFEFF";
                i += 2;
            } else if (!key && foldsAt(text, i)) {
                newline();
                indentTo(std::max<std::size_t>(indent, 2));
            } else {
                m_out += text[i];
            }
        }
        m_out += '"';
    }

    std::string m_out;
    std::size_t m_lineStart = 0;
    bool m_single = false;
};

}  // namespace

std::string printYaml(const Json& value) {
    return Printer().run(value);
}

}  // namespace kubefed::kube

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "kubefed/util/utf8.h"

namespace kubefed::kube {

namespace {

void printString(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x80) {
            const std::size_t length = utf8SequenceLength(text.substr(i));
            if (length > 0) {
                i += length - 1;
                continue;
            }
            out.append(text.substr(plain, i - plain)).append("\\ufffd");
            plain = i + 1;
            continue;
        }
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out.append(text.substr(plain, i - plain));
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += kHex[c >> 4U];
                out += kHex[c & 15U];
        }
    }
    out.append(text.substr(plain));
    out += '"';
}

template <class Integer>
void printInteger(std::string& out, Integer value) {
    std::array<char, 24> buffer;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    out.append(buffer.data(), result.ptr);
}

// The shortest digits that read back equal; plain notation between 1e-6 and 1e21, as Go prints.
void printDouble(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    std::array<char, 400> buffer;
    const double size = std::fabs(value);
    const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
    // Plain notation of a large number would show digits that the shortest form does not need.
    const bool large = plain && size >= 0x1p53;
    const auto result =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                      plain && !large ? std::chars_format::fixed : std::chars_format::scientific);
    std::string_view text(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
    if (large) {
        const auto e = text.find('e');
        std::size_t zeros = static_cast<std::size_t>((text[e + 2] - '0') * 10 + (text[e + 3] - '0'));
        for (const char c : text.substr(0, e)) {
            if (c != '.')
                out += c;
        }
        const auto point = text.find('.');
        zeros -= point < e ? e - point - 1 : 0;
        out.append(zeros, '0');
        return;
    }
    // 1e-07 is written 1e-7; a positive exponent has two digits or more anyway.
    if (const auto e = text.find("e-0"); e != std::string_view::npos) {
        out.append(text.substr(0, e + 2));
        text.remove_prefix(e + 3);
    }
    out.append(text);
}

using Member = JsonObject::value_type;

std::vector<const Member*> sortedMembers(const JsonObject& object) {
    std::vector<const Member*> members;
    members.reserve(object.size());
    for (const auto& member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) {
        return std::string_view(a->key().data(), a->key().size()) <
               std::string_view(b->key().data(), b->key().size());
    });
    return members;
}

void print(std::string& out, const Json& value, bool sorted);

void printMember(std::string& out, const Member& member, bool sorted) {
    if (out.back() != '{')
        out += ',';
    printString(out, {member.key().data(), member.key().size()});
    out += ':';
    print(out, member.value(), sorted);
}

void print(std::string& out, const Json& value, bool sorted) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            return;
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            return;
        case json::kind::int64:
            printInteger(out, value.get_int64());
            return;
        case json::kind::uint64:
            printInteger(out, value.get_uint64());
            return;
        case json::kind::double_:
            printDouble(out, value.get_double());
            return;
        case json::kind::string:
            printString(out, view(value.get_string()));
            return;
        case json::kind::array: {
            out += '[';
            bool first = true;
            for (const auto& element : value.get_array()) {
                if (!first)
                    out += ',';
                first = false;
                print(out, element, sorted);
            }
            out += ']';
            return;
        }
        case json::kind::object:
            out += '{';
            if (sorted) {
                for (const auto* member : sortedMembers(value.get_object()))
                    printMember(out, *member, sorted);
            } else {
                for (const auto& member : value.get_object())
                    printMember(out, member, sorted);
            }
            out += '}';
            return;
    }
}

template <class Path>
const Json* walk(const JsonObject& object, const Path& path) {
    const JsonObject* current = &object;
    const Json* found = nullptr;
    for (const std::string_view key : path) {
        if (current == nullptr)
            return nullptr;
        found = current->if_contains({key.data(), key.size()});
        if (found == nullptr)
            return nullptr;
        current = found->if_object();
    }
    return found;
}

// Exact: comparing through double would call 2^63 and 2^63 - 1 equal.
bool equalNumbers(const Json& a, const Json& b) {
    if (a.is_double() && b.is_double())
        return a.get_double() == b.get_double();
    if (a.is_double())
        return equalNumbers(b, a);
    if (b.is_double()) {
        const double d = b.get_double();
        if (a.is_int64())
            return d >= -0x1p63 && d < 0x1p63 && d == std::trunc(d) &&
                   static_cast<std::int64_t>(d) == a.get_int64();
        return d >= 0 && d < 0x1p64 && d == std::trunc(d) && static_cast<std::uint64_t>(d) == a.get_uint64();
    }
    if (a.is_int64() && b.is_int64())
        return a.get_int64() == b.get_int64();
    if (a.is_uint64() && b.is_uint64())
        return a.get_uint64() == b.get_uint64();
    if (a.is_uint64())
        return equalNumbers(b, a);
    return a.get_int64() >= 0 && static_cast<std::uint64_t>(a.get_int64()) == b.get_uint64();
}

}  // namespace

std::string printJson(const Json& value) {
    std::string out;
    print(out, value, false);
    return out;
}

std::string printJson(const JsonObject& object) {
    std::string out = "{";
    for (const auto& member : object)
        printMember(out, member, false);
    out += '}';
    return out;
}

std::string printCanonical(const Json& value) {
    std::string out;
    print(out, value, true);
    return out;
}

const Json* find(const JsonObject& object, std::initializer_list<std::string_view> path) {
    return walk(object, path);
}

const Json* find(const Json& value, std::initializer_list<std::string_view> path) {
    if (path.size() == 0)
        return &value;
    const auto* object = value.if_object();
    return object != nullptr ? walk(*object, path) : nullptr;
}

std::string_view stringAt(const JsonObject& object, std::initializer_list<std::string_view> path) {
    const auto* value = walk(object, path);
    const auto* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? view(*text) : std::string_view{};
}

std::optional<std::int64_t> intAt(const JsonObject& object, std::initializer_list<std::string_view> path) {
    const auto* value = walk(object, path);
    if (value == nullptr)
        return std::nullopt;
    if (value->is_int64())
        return value->get_int64();
    if (const auto* d = value->if_double();
        d != nullptr && *d >= -0x1p63 && *d < 0x1p63 && *d == std::trunc(*d))
        return static_cast<std::int64_t>(*d);
    return std::nullopt;
}

bool boolAt(const JsonObject& object, std::initializer_list<std::string_view> path, bool fallback) {
    const auto* value = walk(object, path);
    return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

const JsonObject* objectAt(const JsonObject& object, std::initializer_list<std::string_view> path) {
    if (path.size() == 0)
        return &object;
    const auto* value = walk(object, path);
    return value != nullptr ? value->if_object() : nullptr;
}

const JsonArray* arrayAt(const JsonObject& object, std::initializer_list<std::string_view> path) {
    const auto* value = walk(object, path);
    return value != nullptr ? value->if_array() : nullptr;
}

JsonObject& ensureObject(JsonObject& object, std::initializer_list<std::string_view> path) {
    JsonObject* current = &object;
    for (const std::string_view key : path) {
        Json& next = (*current)[{key.data(), key.size()}];
        if (!next.is_object())
            next.emplace_object();
        current = &next.get_object();
    }
    return *current;
}

bool erase(JsonObject& object, std::initializer_list<std::string_view> path) {
    JsonObject* current = &object;
    for (const auto* key = path.begin(); key != path.end(); ++key) {
        if (key + 1 == path.end())
            return current->erase({key->data(), key->size()}) != 0;
        Json* next = current->if_contains({key->data(), key->size()});
        current = next != nullptr ? next->if_object() : nullptr;
        if (current == nullptr)
            return false;
    }
    return false;
}

bool equal(const JsonObject& a, const JsonObject& b) {
    if (a.size() != b.size())
        return false;
    // Documents that were made from each other nearly always agree in order: look up only where they do not.
    auto other = b.begin();
    for (const auto& member : a) {
        const Json* match = other->key() == member.key() ? &other->value() : b.if_contains(member.key());
        if (match == nullptr || !equal(member.value(), *match))
            return false;
        ++other;
    }
    return true;
}

bool equal(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number())
        return equalNumbers(a, b);
    if (a.kind() != b.kind())
        return false;
    switch (a.kind()) {
        case json::kind::bool_:
            return a.get_bool() == b.get_bool();
        case json::kind::string:
            return a.get_string() == b.get_string();
        case json::kind::array: {
            const auto& left = a.get_array();
            const auto& right = b.get_array();
            return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                              [](const Json& x, const Json& y) { return equal(x, y); });
        }
        case json::kind::object:
            return equal(a.get_object(), b.get_object());
        default:
            return true;
    }
}

}  // namespace kubefed::kube

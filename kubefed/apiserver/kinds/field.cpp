// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/field.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace kubefed::apiserver {

namespace {

std::string rendered(const kube::Json& value) {
    if (value.is_string())
        return goQuote(kube::view(value.get_string()));
    // Go prints maps sorted and structs in the order of their fields, which begin with a capital.
    const kube::JsonObject* object = value.if_object();
    const bool isStruct = object != nullptr && !object->empty() && object->begin()->key().front() < 'a';
    if (!isStruct && (value.is_object() || value.is_array()))
        return kube::printCanonical(value);
    return kube::printJson(value);
}

bool isEmpty(const kube::Json* value) {
    return value == nullptr || value->is_null() || (value->is_object() && value->get_object().empty()) ||
           (value->is_array() && value->get_array().empty());
}

bool isMapField(std::string_view key) {
    constexpr std::array<std::string_view, 12> kMaps = {
        "labels",     "annotations", "nodeSelector", "matchLabels", "selector",    "data",
        "binaryData", "stringData",  "limits",       "requests",    "allocatable", "capacity"};
    return std::ranges::find(kMaps, key) != kMaps.end();
}

void dropEmptyIn(kube::Json& value) {
    if (kube::JsonObject* object = value.if_object())
        dropEmpty(*object);
    else if (kube::JsonArray* array = value.if_array())
        for (kube::Json& element : *array)
            dropEmptyIn(element);
}

}  // namespace

void dropEmpty(kube::JsonObject& object) {
    for (auto it = object.begin(); it != object.end();) {
        const std::string_view key(it->key().data(), it->key().size());
        kube::Json& value = it->value();
        if (key != "managedFields")
            dropEmptyIn(value);
        const bool gone = value.is_null() || (value.is_array() && value.get_array().empty()) ||
                          (value.is_object() && value.get_object().empty() && isMapField(key));
        it = gone ? object.stable_erase(it) : std::next(it);
    }
}

void writeAbsent(kube::JsonObject& object, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys)
        if (!object.contains(key))
            object[key] = nullptr;
}

void writeConditionTimes(kube::JsonObject& status, std::initializer_list<std::string_view> keys) {
    forEachObject(status, "conditions",
                  [&](kube::JsonObject& condition, std::size_t) { writeAbsent(condition, keys); });
}

void dropZero(kube::JsonObject& object, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
        const kube::Json* value = object.if_contains(key);
        if (value != nullptr &&
            ((value->is_bool() && !value->get_bool()) || (value->is_int64() && value->get_int64() == 0) ||
             (value->is_string() && value->get_string().empty())))
            object.erase(key);
    }
}

std::string goQuote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
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
            case '\t':
                out += "\\t";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f) {
                    std::array<char, 8> escaped{};
                    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
                    out += escaped.data();
                } else {
                    out += c;
                }
        }
    }
    return out + "\"";
}

void Checker::add(std::string_view reason, std::string message, std::string_view detail, const Path& path) {
    if (!detail.empty())
        message.append(": ").append(detail);
    m_causes.push_back({std::string(reason), std::move(message), path.text()});
}

void Checker::required(const Path& path, std::string_view detail) {
    add("FieldValueRequired", "Required value", detail, path);
}

void Checker::invalid(const Path& path, const kube::Json& value, std::string_view detail) {
    add("FieldValueInvalid", "Invalid value: " + rendered(value), detail, path);
}

void Checker::invalid(const Path& path, std::string_view value, const std::vector<std::string>& details) {
    for (const std::string& detail : details)
        add("FieldValueInvalid", "Invalid value: " + goQuote(value), detail, path);
}

void Checker::forbidden(const Path& path, std::string_view detail) {
    add("FieldValueForbidden", "Forbidden", detail, path);
}

void Checker::duplicate(const Path& path, const kube::Json& value) {
    add("FieldValueDuplicate", "Duplicate value: " + rendered(value), {}, path);
}

void Checker::notFound(const Path& path, const kube::Json& value) {
    add("FieldValueNotFound", "Not found: " + rendered(value), {}, path);
}

void Checker::notSupported(const Path& path, std::string_view value,
                           const std::vector<std::string_view>& supported) {
    std::string detail;
    for (const std::string_view one : supported)
        detail += (detail.empty() ? "supported values: " : ", ") + goQuote(one);
    add("FieldValueNotSupported", "Unsupported value: " + goQuote(value), detail, path);
}

void Checker::tooLong(const Path& path, int maxBytes) {
    add("FieldValueTooLong", "Too long",
        "may not be more than " + std::to_string(maxBytes) + (maxBytes == 1 ? " byte" : " bytes"), path);
}

void Checker::tooMany(const Path& path, std::size_t actual, std::size_t max) {
    add("FieldValueTooMany", "Too many: " + std::to_string(actual),
        "must have at most " + std::to_string(max) + (max == 1 ? " item" : " items"), path);
}

void Checker::oneOf(const Path& path, std::string_view value, const std::vector<std::string_view>& supported,
                    bool emptyIsRequired) {
    if (value.empty() && emptyIsRequired)
        required(path);
    else if (std::ranges::find(supported, value) == supported.end())
        notSupported(path, value, supported);
}

void Checker::nonNegative(const Path& path, std::int64_t value) {
    if (value < 0)
        invalid(path, value, "must be greater than or equal to 0");
}

void Checker::immutable(const Path& path, const kube::Json* next, const kube::Json* previous) {
    if (!sameValue(next, previous))
        invalid(path, next == nullptr ? kube::Json() : *next, "field is immutable");
}

std::int64_t numberOf(const kube::JsonObject& object, std::string_view key, std::int64_t fallback) {
    return kube::intAt(object, {key}).value_or(fallback);
}

bool truthOf(const kube::JsonObject& object, std::string_view key) {
    const kube::Json* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

void setDefault(kube::JsonObject& object, std::string_view key, kube::Json value) {
    const kube::Json* present = object.if_contains(key);
    if (present == nullptr || present->is_null() || (present->is_string() && present->get_string().empty()))
        object[key] = std::move(value);
}

void setDefaultNumber(kube::JsonObject& object, std::string_view key, std::int64_t value) {
    if (numberOf(object, key, 0) == 0)
        object[key] = value;
}

bool sameValue(const kube::Json* a, const kube::Json* b) {
    if (isEmpty(a) || isEmpty(b))
        return isEmpty(a) && isEmpty(b);
    return kube::equal(*a, *b);
}

void carryOver(kube::JsonObject& next, const kube::JsonObject& previous, std::string_view key) {
    if (const kube::Json* value = previous.if_contains(key))
        next[key] = *value;
    else
        next.erase(key);
}

void keepOnlyStatus(kube::JsonObject& next, const kube::JsonObject& previous) {
    for (const auto& [key, value] : previous)
        if (key != "status" && key != "metadata")
            next[key] = value;
    std::vector<std::string> added;
    for (const auto& [key, value] : next)
        if (key != "status" && key != "metadata" && !previous.contains(key))
            added.emplace_back(key);
    for (const std::string& key : added)
        next.erase(key);
}

}  // namespace kubefed::apiserver

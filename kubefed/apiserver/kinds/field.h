// SPDX-License-Identifier: Apache-2.0
//
// Paths into a document and the causes of a 422, worded as kube-apiserver words them ("Invalid value: \"x\":
// must be ..."). A Checker collects the causes of one validation, in order. Values; any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

class Path {
public:
    explicit Path(std::string_view text) : m_text(text) {}
    [[nodiscard]] Path child(std::string_view name) const { return Path(m_text + "." + std::string(name)); }
    [[nodiscard]] Path index(std::size_t i) const { return Path(m_text + "[" + std::to_string(i) + "]"); }
    [[nodiscard]] Path key(std::string_view k) const { return Path(m_text + "[" + std::string(k) + "]"); }
    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::string m_text;
};

// As Go's %q: double quotes, backslash escapes, printable Unicode as it is.
[[nodiscard]] std::string goQuote(std::string_view text);

class Checker {
public:
    void required(const Path& path, std::string_view detail = {});
    void invalid(const Path& path, const kube::Json& value, std::string_view detail);
    void invalid(const Path& path, std::string_view value, const std::vector<std::string>& details);
    void forbidden(const Path& path, std::string_view detail);
    void duplicate(const Path& path, const kube::Json& value);
    void notFound(const Path& path, const kube::Json& value);
    void notSupported(const Path& path, std::string_view value,
                      const std::vector<std::string_view>& supported);
    void tooLong(const Path& path, int maxBytes);
    void tooMany(const Path& path, std::size_t actual, std::size_t max);
    // One of a fixed set; an empty value is `required` if so wanted.
    void oneOf(const Path& path, std::string_view value, const std::vector<std::string_view>& supported,
               bool emptyIsRequired);
    void nonNegative(const Path& path, std::int64_t value);
    void immutable(const Path& path, const kube::Json* next, const kube::Json* previous);
    // One that is worded already.
    void add(kube::StatusCause cause) { m_causes.push_back(std::move(cause)); }

    [[nodiscard]] bool clean() const { return m_causes.empty(); }
    [[nodiscard]] std::size_t count() const { return m_causes.size(); }
    [[nodiscard]] Causes take() { return std::move(m_causes); }

private:
    void add(std::string_view reason, std::string message, std::string_view detail, const Path& path);
    Causes m_causes;
};

// Small readers for the many optional fields of API objects. An absent or wrongly typed value is null/empty.
[[nodiscard]] inline const kube::Json* member(const kube::JsonObject& object, std::string_view key) {
    const kube::Json* value = object.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}
[[nodiscard]] inline const kube::JsonObject* objectOf(const kube::JsonObject& object, std::string_view key) {
    const kube::Json* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}
[[nodiscard]] inline kube::JsonObject* objectOf(kube::JsonObject& object, std::string_view key) {
    kube::Json* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}
[[nodiscard]] inline const kube::JsonArray* arrayOf(const kube::JsonObject& object, std::string_view key) {
    const kube::Json* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}
[[nodiscard]] inline kube::JsonArray* arrayOf(kube::JsonObject& object, std::string_view key) {
    kube::Json* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}
[[nodiscard]] inline std::string_view textOf(const kube::JsonObject& object, std::string_view key) {
    const kube::Json* value = object.if_contains(key);
    return value == nullptr || !value->is_string() ? std::string_view() : kube::view(value->get_string());
}
[[nodiscard]] std::int64_t numberOf(const kube::JsonObject& object, std::string_view key,
                                    std::int64_t fallback);
[[nodiscard]] bool truthOf(const kube::JsonObject& object, std::string_view key);
// Sets a member that is absent, null or an empty string, as Go's zero values are defaulted.
void setDefault(kube::JsonObject& object, std::string_view key, kube::Json value);
inline void setDefault(kube::JsonObject& object, std::string_view key, std::string_view value) {
    setDefault(object, key, kube::Json(value));
}
inline void setDefault(kube::JsonObject& object, std::string_view key, const char* value) {
    setDefault(object, key, kube::Json(value));
}
// The same for numbers that are zero as well.
void setDefaultNumber(kube::JsonObject& object, std::string_view key, std::int64_t value);
// Calls visit(element, index) for each object of an array member.
template <class Visit>
void forEachObject(const kube::JsonObject& object, std::string_view key, Visit visit) {
    if (const kube::JsonArray* array = arrayOf(object, key))
        for (std::size_t i = 0; i < array->size(); ++i)
            if (const kube::JsonObject* element = (*array)[i].if_object())
                visit(*element, i);
}
template <class Visit>
void forEachObject(kube::JsonObject& object, std::string_view key, Visit visit) {
    if (kube::JsonArray* array = arrayOf(object, key))
        for (std::size_t i = 0; i < array->size(); ++i)
            if (kube::JsonObject* element = (*array)[i].if_object())
                visit(*element, i);
}
// What Go's encoder leaves out: nulls, empty lists, empty maps (labels, annotations, selectors, resource
// lists, data). managedFields stay as they are.
void dropEmpty(kube::JsonObject& object);
// Removes members that are false, 0 or "": fields that are no pointers in Go and say nothing then.
void dropZero(kube::JsonObject& object, std::initializer_list<std::string_view> keys);
// Writes null where a member is absent: times that are no pointers in Go.
void writeAbsent(kube::JsonObject& object, std::initializer_list<std::string_view> keys);
// The same for each of `status.conditions`.
void writeConditionTimes(kube::JsonObject& status, std::initializer_list<std::string_view> keys);
// Equal as the API sees it: absent, null and empty are the same.
[[nodiscard]] bool sameValue(const kube::Json* a, const kube::Json* b);
// Makes `next` carry what `previous` has under `key` (absence included).
void carryOver(kube::JsonObject& next, const kube::JsonObject& previous, std::string_view key);
// What a write to the status subresource may not change: everything but status, and of metadata everything
// that strategies of the real server keep (it takes labels, annotations and finalizers from the new object).
void keepOnlyStatus(kube::JsonObject& next, const kube::JsonObject& previous);

}  // namespace kubefed::apiserver

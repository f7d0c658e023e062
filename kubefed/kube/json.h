// SPDX-License-Identifier: Apache-2.0
//
// JSON documents are Boost.JSON values everywhere. Here: short names, the lookups that Kubernetes code
// needs all the time, and the parse/print adapters that contain Boost's exceptions. Pure; any thread.
// Parsing is Boost's event parser with a builder of our own (places of errors, duplicate keys, exact
// doubles); printing is ours, because Boost 1.81 writes 1E0: numbers are read and written as Go does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "kubefed/util/error.h"

namespace kubefed::kube {

namespace json = boost::json;
using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// Containers nested deeper than this are InvalidArgument; no real object comes near.
inline constexpr int kMaxJsonDepth = 256;

// Integers become int64, beyond that uint64, else double (the exact nearest). Of duplicate keys the last one
// counts. InvalidArgument names line and column.
[[nodiscard]] Result<Json> parseJson(std::string_view text);

// The same, with what strict decoding refuses: `duplicate field "spec.replicas"`, each path once.
struct StrictJson {
    Json value;
    std::vector<std::string> duplicates;
};
[[nodiscard]] Result<StrictJson> parseStrict(std::string_view text);

// Compact, keys in document order.
[[nodiscard]] std::string printJson(const Json& value);
[[nodiscard]] std::string printJson(const JsonObject& object);  // without a copy into a value
// Keys sorted at every level: the canonical form for hashing and comparing.
[[nodiscard]] std::string printCanonical(const Json& value);

// Walks keys from `value`; nullptr where one is absent or its parent is not an object.
[[nodiscard]] const Json* find(const Json& value, std::initializer_list<std::string_view> path);
[[nodiscard]] const Json* find(const JsonObject& object, std::initializer_list<std::string_view> path);
// The same for strings, numbers, booleans: empty/fallback where absent or of another type.
[[nodiscard]] std::string_view stringAt(const JsonObject& object,
                                        std::initializer_list<std::string_view> path);
[[nodiscard]] std::optional<std::int64_t> intAt(const JsonObject& object,
                                                std::initializer_list<std::string_view> path);
[[nodiscard]] bool boolAt(const JsonObject& object, std::initializer_list<std::string_view> path,
                          bool fallback);
[[nodiscard]] const JsonObject* objectAt(const JsonObject& object,
                                         std::initializer_list<std::string_view> path);
[[nodiscard]] const JsonArray* arrayAt(const JsonObject& object,
                                       std::initializer_list<std::string_view> path);
// Makes the objects on the way; replaces a value of another type on the way.
JsonObject& ensureObject(JsonObject& object, std::initializer_list<std::string_view> path);
// Removes the last key if its parents exist; true if something was removed.
bool erase(JsonObject& object, std::initializer_list<std::string_view> path);

// Into the string or key; a temporary has nothing to look into.
inline std::string_view view(const json::string& s) {
    return {s.data(), s.size()};
}
inline std::string_view view(json::string_view key) {
    return {key.data(), key.size()};
}
std::string_view view(const json::string&&) = delete;

// Equality with numbers compared by value (1 == 1.0) and object keys in any order.
[[nodiscard]] bool equal(const Json& a, const Json& b);
[[nodiscard]] bool equal(const JsonObject& a, const JsonObject& b);

}  // namespace kubefed::kube

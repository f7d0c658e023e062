// SPDX-License-Identifier: Apache-2.0
//
// What a request is about, read from method, path and query as kube-apiserver's RequestInfo does: the verb,
// the type, namespace, name and subresource, or a plain path. Values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::apiserver {

class Query {
public:
    Query() = default;
    // InvalidArgument (400) for broken percent-encoding.
    [[nodiscard]] static Result<Query> parse(std::string_view text);
    [[nodiscard]] const std::string* find(std::string_view name) const;
    [[nodiscard]] std::string_view get(std::string_view name) const;  // "" where absent
    [[nodiscard]] bool isTrue(std::string_view name) const;           // "", "true", "1" given; else false
    // nullopt where absent or no number.
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> m_values;
};

[[nodiscard]] Result<std::string> percentDecode(std::string_view text, bool plusIsSpace);

struct RequestInfo {
    bool isResource = false;
    std::string path;
    std::string verb;  // get, list, watch, create, update, patch, delete, deletecollection; else the method
    std::string group, version, resource, subresource, ns, name;
    Query query;
    [[nodiscard]] bool isCollection() const { return name.empty(); }
};

[[nodiscard]] Result<RequestInfo> parseRequest(std::string_view method, std::string_view path,
                                               std::string_view query);

}  // namespace kubefed::apiserver

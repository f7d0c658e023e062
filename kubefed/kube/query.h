// SPDX-License-Identifier: Apache-2.0
//
// Percent-encoding of what goes into a request target: path segments and query strings. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kubefed::kube {

// Everything but RFC 3986's unreserved characters and ':' (which stands in names of RBAC objects).
[[nodiscard]] std::string percentEncode(std::string_view text);

class Query {
public:
    // An empty value leaves the parameter out.
    void add(std::string_view name, std::string_view value);
    // "" or "?a=b&c=d".
    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::string m_text;
};

}  // namespace kubefed::kube

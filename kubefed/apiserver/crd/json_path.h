// SPDX-License-Identifier: Apache-2.0
//
// The part of JSONPath that CRDs use for printer columns, scale and selectable fields: .name, ['name'],
// [n], [*] and [?(@.path==value)]. Parsed once, evaluated often. A value; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/json.h"

namespace kubefed::apiserver {

class JsonPath {
public:
    // InvalidArgument: not in this subset.
    [[nodiscard]] static Result<JsonPath> parse(std::string_view text);
    // Every value that it reaches, in order.
    [[nodiscard]] std::vector<const kube::Json*> find(const kube::JsonObject& document) const;
    // The names of a plain path (.a.b.c); empty if it has anything else.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    struct Step {
        enum class Kind { Name, Index, All, Filter } kind = Kind::Name;
        std::string name;  // Name; Filter: what is compared with
        std::int64_t index = 0;
        std::vector<std::string> path;  // Filter: below @
        bool negated = false;
    };
    static bool parseBracket(std::string_view& text, Step& step);
    static bool parseFilter(std::string_view inside, Step& step);
    std::vector<Step> m_steps;
};

}  // namespace kubefed::apiserver

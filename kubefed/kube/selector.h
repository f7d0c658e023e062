// SPDX-License-Identifier: Apache-2.0
//
// Label selectors in both spellings (the query string "a=b,c in (d,e),!f" and the JSON form with
// matchLabels/matchExpressions) and field selectors ("metadata.name=x,status.phase!=Running"), parsed once
// and matched often. Same grammar and error texts' meaning as kube-apiserver's. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

enum class SelectorOp { In, NotIn, Exists, DoesNotExist, Equals, NotEquals, GreaterThan, LessThan };

struct Requirement {
    std::string key;
    SelectorOp op = SelectorOp::Exists;
    std::vector<std::string> values;  // sorted
    bool operator==(const Requirement&) const = default;
};

// InvalidArgument where no label may have that key or value; an empty value is fine.
[[nodiscard]] Result<void> checkLabel(std::string_view key, std::string_view value);

class LabelSelector {
public:
    LabelSelector() = default;  // matches everything
    [[nodiscard]] static Result<LabelSelector> parse(std::string_view query);
    // The JSON form; an empty object matches everything, as in the API. Unknown operators are
    // InvalidArgument.
    [[nodiscard]] static Result<LabelSelector> fromJson(const JsonObject& selector);
    // A plain map, as in Service.spec.selector: every pair must match.
    [[nodiscard]] static LabelSelector fromMap(const JsonObject& labels);

    [[nodiscard]] bool matches(const JsonObject* labels) const;  // nullptr: no labels
    [[nodiscard]] bool isEmpty() const { return m_requirements.empty(); }
    [[nodiscard]] const std::vector<Requirement>& requirements() const { return m_requirements; }
    [[nodiscard]] std::string text() const;  // the query form

private:
    std::vector<Requirement> m_requirements;
};

class FieldSelector {
public:
    struct Term {
        std::string path;  // "metadata.name"
        std::string value;
        bool negated = false;
    };
    [[nodiscard]] static Result<FieldSelector> parse(std::string_view query);
    // Compares with the string form of the value at the path; absent is "".
    [[nodiscard]] bool matches(const JsonObject& document) const;
    [[nodiscard]] bool isEmpty() const { return m_terms.empty(); }
    [[nodiscard]] const std::vector<Term>& terms() const { return m_terms; }

private:
    std::vector<Term> m_terms;
};

}  // namespace kubefed::kube

// SPDX-License-Identifier: Apache-2.0
//
// Which entries of a collection a list, watch or deletecollection is about: namespace, labels, fields.
// Answers from what an Entry has extracted, without decoding. A value; errors are 400.
#pragma once

#include <string>
#include <vector>

#include "kubefed/apiserver/rest/request_info.h"
#include "kubefed/apiserver/state/collection.h"
#include "kubefed/apiserver/strategy.h"
#include "kubefed/kube/selector.h"

namespace kubefed::apiserver {

class Filter {
public:
    [[nodiscard]] static Result<Filter> make(const RequestInfo& info, const ResourceSpec& spec);
    [[nodiscard]] bool matches(const Entry& entry) const;
    // Keys of the wanted namespace start with it; "" for all.
    [[nodiscard]] const std::string& prefix() const { return m_prefix; }
    [[nodiscard]] bool selects() const { return !m_labels.isEmpty() || !m_terms.empty(); }

private:
    struct Term {
        enum class Source { Name, Namespace, Field } source = Source::Name;
        std::size_t field = 0;
        std::string value;
        bool negated = false;
    };
    std::string m_prefix;
    kube::LabelSelector m_labels;
    std::vector<Term> m_terms;
};

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/filter.h"

#include <algorithm>
#include <utility>

#include "kubefed/kube/status_error.h"

namespace kubefed::apiserver {

Result<Filter> Filter::make(const RequestInfo& info, const ResourceSpec& spec) {
    Filter filter;
    if (spec.namespaced && !info.ns.empty())
        filter.m_prefix = info.ns + "/";
    if (const std::string_view text = info.query.get("labelSelector"); !text.empty()) {
        Result<kube::LabelSelector> labels = kube::LabelSelector::parse(text);
        if (!labels)
            return fail(kube::badRequest(labels.error().message));
        filter.m_labels = std::move(*labels);
    }
    const std::string_view text = info.query.get("fieldSelector");
    if (text.empty())
        return filter;
    const Result<kube::FieldSelector> fields = kube::FieldSelector::parse(text);
    if (!fields)
        return fail(kube::badRequest(fields.error().message));
    const std::vector<std::string> selectable = spec.strategy->selectableFields();
    for (const kube::FieldSelector::Term& term : fields->terms()) {
        Term own{Term::Source::Name, 0, term.value, term.negated};
        if (term.path == "metadata.namespace") {
            own.source = Term::Source::Namespace;
        } else if (term.path != "metadata.name") {
            const auto found = std::find(selectable.begin(), selectable.end(), term.path);
            if (found == selectable.end())
                return fail(kube::badRequest(selectable.empty()
                                                 ? "\"" + term.path +
                                                       "\" is not a known field selector: only "
                                                       "\"metadata.name\", \"metadata.namespace\""
                                                 : "field label not supported: " + term.path));
            own.source = Term::Source::Field;
            own.field = static_cast<std::size_t>(found - selectable.begin());
        }
        filter.m_terms.push_back(std::move(own));
    }
    return filter;
}

bool Filter::matches(const Entry& entry) const {
    if (!m_prefix.empty() && m_prefix.compare(0, m_prefix.size() - 1, entry.ns) != 0)
        return false;
    for (const Term& term : m_terms) {
        const std::string* value = &entry.name;
        if (term.source == Term::Source::Namespace)
            value = &entry.ns;
        else if (term.source == Term::Source::Field && term.field < entry.fields.size())
            value = &entry.fields[term.field];
        if ((*value == term.value) == term.negated)
            return false;
    }
    return m_labels.isEmpty() || m_labels.matches(&entry.labels);
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/selector.h"

namespace kubefed::kube {

namespace {

// "\\", "\," and "\=" are the only escapes.
Result<std::string> unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
            if (i == text.size() || (text[i] != '\\' && text[i] != ',' && text[i] != '='))
                return fail(Code::InvalidArgument, "invalid field selector: invalid escape sequence in \"" +
                                                       std::string(text) + "\"");
        } else if (text[i] == ',' || text[i] == '=') {
            return fail(Code::InvalidArgument,
                        "invalid field selector: unescaped character in value \"" + std::string(text) + "\"");
        }
        out += text[i];
    }
    return out;
}

Result<FieldSelector::Term> parseTerm(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
            continue;
        }
        const auto rest = text.substr(i);
        const std::size_t length = rest.starts_with("!=") || rest.starts_with("==") ? 2
                                   : rest[0] == '='                                 ? 1
                                                                                    : 0;
        if (length == 0)
            continue;
        auto value = unescape(rest.substr(length));
        if (!value)
            return std::unexpected(std::move(value.error()));
        return FieldSelector::Term{std::string(text.substr(0, i)), std::move(*value), rest[0] == '!'};
    }
    return fail(Code::InvalidArgument, "invalid field selector: can't understand \"" + std::string(text) +
                                           "\", expected field=value");
}

std::string textAt(const JsonObject& document, std::string_view path) {
    const JsonObject* object = &document;
    while (object != nullptr) {
        const auto dot = path.find('.');
        const auto key = path.substr(0, dot);
        const Json* value = object->if_contains({key.data(), key.size()});
        if (value == nullptr)
            return {};
        if (dot == std::string_view::npos) {
            if (value->is_string())
                return std::string(view(value->get_string()));
            return value->is_null() || value->is_structured() ? std::string() : printJson(*value);
        }
        path.remove_prefix(dot + 1);
        object = value->if_object();
    }
    return {};
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view query) {
    FieldSelector out;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= query.size(); ++i) {
        if (i < query.size() && query[i] == '\\') {
            ++i;
            continue;
        }
        if (i < query.size() && query[i] != ',')
            continue;
        const auto text = query.substr(start, i - start);
        start = i + 1;
        if (text.empty())
            continue;
        auto term = parseTerm(text);
        if (!term)
            return std::unexpected(std::move(term.error()));
        out.m_terms.push_back(std::move(*term));
    }
    if (start < query.size()) {
        auto term = parseTerm(query.substr(start));
        if (!term)
            return std::unexpected(std::move(term.error()));
        out.m_terms.push_back(std::move(*term));
    }
    return out;
}

bool FieldSelector::matches(const JsonObject& document) const {
    for (const auto& term : m_terms) {
        if ((textAt(document, term.path) == term.value) == term.negated)
            return false;
    }
    return true;
}

}  // namespace kubefed::kube

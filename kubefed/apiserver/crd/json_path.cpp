// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/crd/json_path.h"

#include <charconv>

namespace kubefed::apiserver {
namespace {

bool isNameChar(char c) {
    return c != '.' && c != '[' && c != ']' && c != '=' && c != '!' && c != ' ' && c != ')';
}

std::string_view takeName(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && isNameChar(text[end]))
        ++end;
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

std::string_view unquote(std::string_view text) {
    const bool quoted =
        text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

std::string textOf(const kube::Json& value) {
    return value.is_string() ? std::string(kube::view(value.get_string())) : kube::printJson(value);
}

}  // namespace

// [?(@.type=="Ready")] without the brackets.
bool JsonPath::parseFilter(std::string_view inside, Step& step) {
    if (!inside.starts_with("?(") || !inside.ends_with(")"))
        return false;
    inside = trim(inside.substr(2, inside.size() - 3));
    if (!inside.starts_with('@'))
        return false;
    inside.remove_prefix(1);
    while (inside.starts_with('.')) {
        inside.remove_prefix(1);
        step.path.emplace_back(takeName(inside));
    }
    inside = trim(inside);
    step.negated = inside.starts_with("!=");
    if (!step.negated && !inside.starts_with("=="))
        return false;
    step.kind = Step::Kind::Filter;
    step.name = unquote(trim(inside.substr(2)));
    return !step.path.empty();
}

bool JsonPath::parseBracket(std::string_view& text, Step& step) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos)
        return false;
    const std::string_view inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (inside == "*") {
        step.kind = Step::Kind::All;
        return true;
    }
    if (inside.starts_with('?'))
        return parseFilter(inside, step);
    if (const std::string_view name = unquote(inside); name.size() != inside.size()) {
        step.name = name;
        return true;
    }
    step.kind = Step::Kind::Index;
    const auto [last, error] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
    return error == std::errc() && last == inside.data() + inside.size();
}

Result<JsonPath> JsonPath::parse(std::string_view text) {
    JsonPath path;
    const std::string whole(text);
    if (text.starts_with('$'))
        text.remove_prefix(1);
    while (!text.empty()) {
        Step step;
        bool fine = false;
        if (text.front() == '[') {
            fine = parseBracket(text, step);
        } else if (text.front() == '.') {
            text.remove_prefix(1);
            step.name = takeName(text);
            fine = !step.name.empty();
        }
        if (!fine)
            return fail(Code::InvalidArgument, "JSONPath \"" + whole +
                                                   "\" is not supported; use .name, ['name'], [n], "
                                                   "[*] and [?(@.name==\"value\")]");
        path.m_steps.push_back(std::move(step));
    }
    return path;
}

std::vector<const kube::Json*> JsonPath::find(const kube::JsonObject& document) const {
    std::vector<const kube::Json*> values;
    bool first = true;
    for (const Step& step : m_steps) {
        std::vector<const kube::Json*> next;
        const auto fromObject = [&](const kube::JsonObject& object) {
            if (const kube::Json* value = object.if_contains(step.name))
                next.push_back(value);
        };
        const auto keep = [&](const kube::Json& item) {
            const kube::Json* value = &item;
            for (const std::string& name : step.path)
                value =
                    value != nullptr && value->is_object() ? value->get_object().if_contains(name) : nullptr;
            return value != nullptr && (textOf(*value) == step.name) != step.negated;
        };
        if (first && step.kind == Step::Kind::Name)
            fromObject(document);
        for (const kube::Json* value : values) {
            if (step.kind == Step::Kind::Name) {
                if (value->is_object())
                    fromObject(value->get_object());
                continue;
            }
            const kube::JsonArray* array = value->if_array();
            for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
                const auto wanted = static_cast<std::size_t>(
                    step.index < 0 ? step.index + static_cast<std::int64_t>(array->size()) : step.index);
                if (step.kind == Step::Kind::All || (step.kind == Step::Kind::Index && wanted == i) ||
                    (step.kind == Step::Kind::Filter && keep((*array)[i])))
                    next.push_back(&(*array)[i]);
            }
        }
        values = std::move(next);
        first = false;
    }
    return values;
}

std::vector<std::string> JsonPath::names() const {
    std::vector<std::string> out;
    for (const Step& step : m_steps) {
        if (step.kind != Step::Kind::Name)
            return {};
        out.push_back(step.name);
    }
    return out;
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"

#include <algorithm>
#include <set>

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kLabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kQualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

bool isLower(char c) {
    return c >= 'a' && c <= 'z';
}
bool isUpper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLowerAlnum(char c) {
    return isLower(c) || isDigit(c);
}
bool isAlnum(char c) {
    return isLowerAlnum(c) || isUpper(c);
}

std::string tooLong(int length) {
    return "must be no more than " + std::to_string(length) + " characters";
}

std::string mismatch(std::string_view message, std::string_view format,
                     std::initializer_list<std::string_view> examples) {
    std::string text(message);
    text += " (e.g. ";
    for (const std::string_view example : examples)
        text.append(example == *examples.begin() ? "'" : " or '").append(example).append("', ");
    return text.append("regex used for validation is '").append(format).append("')");
}

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool isLabel(std::string_view value) {
    return !value.empty() && isLowerAlnum(value.front()) && isLowerAlnum(value.back()) &&
           std::ranges::all_of(value, [](char c) { return isLowerAlnum(c) || c == '-'; });
}

bool isSubdomain(std::string_view value) {
    for (std::size_t start = 0; start <= value.size();) {
        const std::size_t dot = std::min(value.find('.', start), value.size());
        if (!isLabel(value.substr(start, dot - start)))
            return false;
        start = dot + 1;
    }
    return true;
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool isQualifiedPart(std::string_view value) {
    return !value.empty() && isAlnum(value.front()) && isAlnum(value.back()) &&
           std::ranges::all_of(value, [](char c) { return isAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

Problems dotPrefixProblems(std::string_view value) {
    if (value == ".")
        return {"must not be '.'"};
    if (value == "..")
        return {"must not be '..'"};
    if (value.starts_with(".."))
        return {"must not start with '..'"};
    return {};
}

}  // namespace

Problems dns1123LabelProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 63)
        problems.push_back(tooLong(63));
    if (isLabel(value))
        return problems;
    if (isSubdomain(value))
        problems.emplace_back("must not contain dots");
    else
        problems.push_back(
            mismatch("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                     "'-', and must start and end with an alphanumeric character",
                     kLabelFormat, {"my-name", "123-abc"}));
    return problems;
}

Problems dns1123SubdomainProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 253)
        problems.push_back(tooLong(253));
    if (!isSubdomain(value)) {
        const std::string format = std::string(kLabelFormat) + "(\\." + std::string(kLabelFormat) + ")*";
        problems.push_back(
            mismatch("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                     "characters, '-' or '.', and must start and end with an alphanumeric character",
                     format, {"example.com"}));
    }
    return problems;
}

Problems dns1035LabelProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 63)
        problems.push_back(tooLong(63));
    if (!isLabel(value) || !isLower(value.front()))
        problems.push_back(
            mismatch("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
                     "with an alphabetic character, and end with an alphanumeric character",
                     "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
    return problems;
}

Problems qualifiedNameProblems(std::string_view value) {
    constexpr std::string_view kMessage =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric character";
    const auto bad = [&](std::string_view part) {
        return std::string(part) + mismatch(kMessage, kQualifiedFormat, {"MyName", "my.name", "123-abc"});
    };
    Problems problems;
    const std::size_t slash = value.find('/');
    std::string_view name = value;
    if (slash != std::string_view::npos) {
        const std::string_view prefix = value.substr(0, slash);
        name = value.substr(slash + 1);
        if (name.find('/') != std::string_view::npos)
            return {bad("a qualified name ") +
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
        if (prefix.empty())
            problems.emplace_back("prefix part must be non-empty");
        else
            for (const std::string& problem : dns1123SubdomainProblems(prefix))
                problems.push_back("prefix part " + problem);
    }
    if (name.empty())
        problems.emplace_back("name part must be non-empty");
    else if (name.size() > 63)
        problems.push_back("name part " + tooLong(63));
    if (!isQualifiedPart(name))
        problems.push_back(bad("name part "));
    return problems;
}

Problems labelValueProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 63)
        problems.push_back(tooLong(63));
    if (!value.empty() && !isQualifiedPart(value))
        problems.push_back(
            mismatch("a valid label must be an empty string or consist of alphanumeric characters, '-', "
                     "'_' or '.', and must start and end with an alphanumeric character",
                     "(" + std::string(kQualifiedFormat) + ")?", {"MyValue", "my_value", "12345"}));
    return problems;
}

Problems pathSegmentProblems(std::string_view value, bool prefix) {
    if (!prefix && (value == "." || value == ".."))
        return {"may not be '" + std::string(value) + "'"};
    Problems problems;
    for (const char c : {'/', '%'})
        if (value.find(c) != std::string_view::npos)
            problems.push_back(std::string("may not contain '") + c + "'");
    return problems;
}

Problems portNameProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 15)
        problems.push_back(tooLong(15));
    if (value.empty() || !std::ranges::all_of(value, [](char c) { return isLowerAlnum(c) || c == '-'; }))
        problems.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    if (!std::ranges::any_of(value, isLower))
        problems.emplace_back("must contain at least one letter (a-z)");
    if (value.find("--") != std::string_view::npos)
        problems.emplace_back("must not contain consecutive hyphens");
    if (!value.empty() && (value.front() == '-' || value.back() == '-'))
        problems.emplace_back("must not begin or end with a hyphen");
    return problems;
}

Problems envVarNameProblems(std::string_view value) {
    if (value.empty())
        return {"environment variable name must be non-empty"};
    if (!std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f && c != '='; }))
        return {
            "a valid environment variable name must consist only of printable ASCII characters other than "
            "'='"};
    return {};
}

Problems configMapKeyProblems(std::string_view value) {
    Problems problems;
    if (value.size() > 253)
        problems.push_back(tooLong(253));
    if (value.empty() ||
        !std::ranges::all_of(value, [](char c) { return isAlnum(c) || c == '-' || c == '.' || c == '_'; }))
        problems.push_back(
            mismatch("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                     "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
    for (std::string& problem : dotPrefixProblems(value))
        problems.push_back(std::move(problem));
    return problems;
}

Problems httpHeaderNameProblems(std::string_view value) {
    if (!value.empty() && std::ranges::all_of(value, [](char c) { return isAlnum(c) || c == '-'; }))
        return {};
    return {mismatch("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
                     {"X-Header-Name"})};
}

Problems nameProblems(std::string_view rule, std::string_view value, bool prefix) {
    if (rule == "path-segment")
        return pathSegmentProblems(value, prefix);
    std::string masked(value);
    // A generated suffix follows the prefix, so that its last dash ends nothing.
    if (prefix && masked.size() > 1 && masked.back() == '-')
        masked.back() = 'a';
    if (rule == "dns-label")
        return dns1123LabelProblems(masked);
    if (rule == "dns-1035-label")
        return dns1035LabelProblems(masked);
    return dns1123SubdomainProblems(masked);
}

void checkLabels(Checker& checker, const kube::JsonObject* labels, const Path& path) {
    if (labels == nullptr)
        return;
    for (const auto& [key, value] : *labels) {
        checker.invalid(path, {key.data(), key.size()}, qualifiedNameProblems({key.data(), key.size()}));
        if (value.is_string())
            checker.invalid(path, kube::view(value.get_string()),
                            labelValueProblems(kube::view(value.get_string())));
    }
}

void checkAnnotations(Checker& checker, const kube::JsonObject* annotations, const Path& path) {
    constexpr std::size_t kLimit = 256 * 1024;
    if (annotations == nullptr)
        return;
    std::size_t size = 0;
    for (const auto& [key, value] : *annotations) {
        std::string lower(key);
        std::ranges::transform(lower, lower.begin(),
                               [](char c) { return isUpper(c) ? static_cast<char>(c + 32) : c; });
        checker.invalid(path, {key.data(), key.size()}, qualifiedNameProblems(lower));
        size += key.size() + (value.is_string() ? value.get_string().size() : 0);
    }
    if (size > kLimit)
        checker.tooLong(path, static_cast<int>(kLimit));
}

void checkLabelSelector(Checker& checker, const kube::JsonObject* selector, const Path& path) {
    if (selector == nullptr)
        return;
    checkLabels(checker, objectOf(*selector, "matchLabels"), path.child("matchLabels"));
    forEachObject(*selector, "matchExpressions", [&](const kube::JsonObject& expression, std::size_t i) {
        const Path at = path.child("matchExpressions").index(i);
        const std::string_view op = textOf(expression, "operator");
        const kube::JsonArray* values = arrayOf(expression, "values");
        const bool empty = values == nullptr || values->empty();
        if ((op == "In" || op == "NotIn") && empty)
            checker.required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        else if ((op == "Exists" || op == "DoesNotExist") && !empty)
            checker.forbidden(at.child("values"),
                              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        else if (op != "In" && op != "NotIn" && op != "Exists" && op != "DoesNotExist")
            checker.invalid(at.child("operator"), kube::Json(op), "not a valid selector operator");
        const std::string_view key = textOf(expression, "key");
        checker.invalid(at.child("key"), key, qualifiedNameProblems(key));
        for (std::size_t v = 0; values != nullptr && v < values->size(); ++v)
            if (const auto* text = (*values)[v].if_string())
                checker.invalid(at.child("values").index(v), kube::view(*text),
                                labelValueProblems(kube::view(*text)));
    });
}

}  // namespace kubefed::apiserver

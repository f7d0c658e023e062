// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/selector.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kubefed::kube {

namespace {

bool isAlnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// At most 63 characters of [A-Za-z0-9_.-], the first and the last one alphanumeric.
bool isNamePart(std::string_view text) {
    if (text.empty() || text.size() > 63 || !isAlnum(text.front()) || !isAlnum(text.back()))
        return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return isAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool isDnsSubdomain(std::string_view text) {
    if (text.empty() || text.size() > 253)
        return false;
    char previous = '.';
    for (const char c : text) {
        const bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && c != '-' && c != '.')
            return false;
        if ((c == '.' || previous == '.') && !isAlnum(c == '.' ? previous : c))
            return false;
        previous = c;
    }
    return isAlnum(previous);
}

Result<void> checkKey(std::string_view key) {
    const auto slash = key.find('/');
    const bool good = slash == std::string_view::npos
                          ? isNamePart(key)
                          : isDnsSubdomain(key.substr(0, slash)) && isNamePart(key.substr(slash + 1));
    if (!good)
        return fail(Code::InvalidArgument,
                    "invalid label key \"" + std::string(key) +
                        "\": it must be a name of at most 63 characters of letters, "
                        "digits, '-', '_' and '.', with an optional DNS prefix and '/'");
    return {};
}

Result<void> checkValue(std::string_view key, std::string_view value) {
    if (!value.empty() && !isNamePart(value))
        return fail(Code::InvalidArgument,
                    "invalid label value \"" + std::string(value) + "\" for \"" + std::string(key) +
                        "\": at most 63 characters of letters, digits, '-', '_' and '.'");
    return {};
}

std::optional<std::int64_t> toInteger(std::string_view text) {
    if (text.starts_with('+'))
        text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

Result<Requirement> makeRequirement(std::string key, SelectorOp op, std::vector<std::string> values) {
    KUBEFED_TRY(checkKey(key));
    const bool set = op == SelectorOp::In || op == SelectorOp::NotIn;
    const bool exists = op == SelectorOp::Exists || op == SelectorOp::DoesNotExist;
    if (set && values.empty())
        return fail(Code::InvalidArgument, "label \"" + key + "\": 'in' and 'notin' need at least one value");
    if (exists && !values.empty())
        return fail(Code::InvalidArgument,
                    "label \"" + key + "\": values must be empty for Exists and DoesNotExist");
    if (!set && !exists && values.size() != 1)
        return fail(Code::InvalidArgument, "label \"" + key + "\": exactly one value is needed");
    if (op == SelectorOp::GreaterThan || op == SelectorOp::LessThan) {
        if (!toInteger(values[0]))
            return fail(Code::InvalidArgument, "label \"" + key + "\": '>' and '<' need an integer");
    }
    for (const auto& value : values)
        KUBEFED_TRY(checkValue(key, value));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return Requirement{std::move(key), op, std::move(values)};
}

void sortByKey(std::vector<Requirement>& requirements) {
    std::stable_sort(requirements.begin(), requirements.end(),
                     [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
}

// One token of the query form at a time. Words stop at white space and at the operators' characters.
class Scanner {
public:
    explicit Scanner(std::string_view text) : m_rest(text) { advance(); }

    [[nodiscard]] std::string_view token() const { return m_token; }  // empty: the end
    [[nodiscard]] bool isWord() const { return m_word; }
    [[nodiscard]] bool is(std::string_view text) const { return !m_word && m_token == text; }
    [[nodiscard]] bool isEnd() const { return m_token.empty(); }
    std::string_view take() {
        const auto token = m_token;
        advance();
        return token;
    }

private:
    void advance() {
        static constexpr std::string_view kSpace = " \t\r\n";
        static constexpr std::string_view kSpecial = "=!(),<>";
        m_rest.remove_prefix(std::min(m_rest.find_first_not_of(kSpace), m_rest.size()));
        std::size_t length = 0;
        m_word = !m_rest.empty() && kSpecial.find(m_rest[0]) == std::string_view::npos;
        if (m_word) {
            while (length < m_rest.size() && kSpace.find(m_rest[length]) == std::string_view::npos &&
                   kSpecial.find(m_rest[length]) == std::string_view::npos)
                ++length;
        } else if (!m_rest.empty()) {
            length = m_rest.starts_with("==") || m_rest.starts_with("!=") ? 2 : 1;
        }
        m_token = m_rest.substr(0, length);
        m_rest.remove_prefix(length);
    }

    std::string_view m_rest;
    std::string_view m_token;
    bool m_word = false;
};

std::unexpected<Error> unexpectedToken(const Scanner& scanner, std::string_view expected) {
    return fail(Code::InvalidArgument, "unable to parse requirement: found '" + std::string(scanner.token()) +
                                           "', expected: " + std::string(expected));
}

// "(a, b)"; "(,a)" has an empty value first, and "()" has that one only, as in Kubernetes.
Result<std::vector<std::string>> parseValueSet(Scanner& scanner) {
    if (!scanner.is("("))
        return unexpectedToken(scanner, "'('");
    scanner.take();
    std::vector<std::string> values;
    for (;;) {
        values.emplace_back(scanner.isWord() ? scanner.take() : std::string_view{});
        if (scanner.is(")"))
            break;
        if (!scanner.is(","))
            return unexpectedToken(scanner, "',' or ')'");
        scanner.take();
    }
    scanner.take();
    return values;
}

Result<Requirement> parseRequirement(Scanner& scanner) {
    const bool negated = scanner.is("!");
    if (negated)
        scanner.take();
    if (!scanner.isWord())
        return unexpectedToken(scanner, "identifier");
    std::string key(scanner.take());
    if (negated)
        return makeRequirement(std::move(key), SelectorOp::DoesNotExist, {});
    if (scanner.isEnd() || scanner.is(","))
        return makeRequirement(std::move(key), SelectorOp::Exists, {});
    struct Spelling {
        std::string_view text;
        SelectorOp op;
    };
    static constexpr Spelling kSpellings[] = {
        {"=", SelectorOp::Equals},   {"==", SelectorOp::Equals},   {"!=", SelectorOp::NotEquals},
        {"in", SelectorOp::In},      {"notin", SelectorOp::NotIn}, {">", SelectorOp::GreaterThan},
        {"<", SelectorOp::LessThan},
    };
    const auto* spelling = std::find_if(std::begin(kSpellings), std::end(kSpellings),
                                        [&](const Spelling& s) { return s.text == scanner.token(); });
    if (spelling == std::end(kSpellings))
        return unexpectedToken(scanner, "in, notin, =, ==, !=, >, <");
    scanner.take();
    if (spelling->op == SelectorOp::In || spelling->op == SelectorOp::NotIn) {
        auto values = parseValueSet(scanner);
        if (!values)
            return std::unexpected(std::move(values.error()));
        return makeRequirement(std::move(key), spelling->op, std::move(*values));
    }
    std::string value;
    if (scanner.isWord())
        value = scanner.take();
    else if (!scanner.isEnd() && !scanner.is(","))
        return unexpectedToken(scanner, "identifier");
    return makeRequirement(std::move(key), spelling->op, {std::move(value)});
}

Result<Requirement> requirementFromJson(const JsonObject& expression) {
    struct Name {
        std::string_view text;
        SelectorOp op;
    };
    static constexpr Name kNames[] = {{"In", SelectorOp::In},
                                      {"NotIn", SelectorOp::NotIn},
                                      {"Exists", SelectorOp::Exists},
                                      {"DoesNotExist", SelectorOp::DoesNotExist}};
    const auto text = stringAt(expression, {"operator"});
    const auto* name =
        std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.text == text; });
    if (name == std::end(kNames))
        return fail(Code::InvalidArgument,
                    "\"" + std::string(text) + "\" is not a valid label selector operator");
    std::vector<std::string> values;
    if (const auto* array = arrayAt(expression, {"values"})) {
        for (const auto& value : *array) {
            if (!value.is_string())
                return fail(Code::InvalidArgument, "a label selector's values must be strings");
            values.emplace_back(view(value.get_string()));
        }
    }
    return makeRequirement(std::string(stringAt(expression, {"key"})), name->op, std::move(values));
}

bool holds(const Requirement& requirement, const JsonObject* labels) {
    const Json* found = labels != nullptr ? labels->if_contains(requirement.key) : nullptr;
    const auto* text = found != nullptr ? found->if_string() : nullptr;
    const auto listed = [&] {
        return text != nullptr &&
               std::binary_search(requirement.values.begin(), requirement.values.end(), view(*text));
    };
    switch (requirement.op) {
        case SelectorOp::In:
        case SelectorOp::Equals:
            return listed();
        case SelectorOp::NotIn:
        case SelectorOp::NotEquals:
            return text == nullptr || !listed();
        case SelectorOp::Exists:
            return text != nullptr;
        case SelectorOp::DoesNotExist:
            return text == nullptr;
        case SelectorOp::GreaterThan:
        case SelectorOp::LessThan: {
            const auto value = text != nullptr ? toInteger(view(*text)) : std::nullopt;
            const auto bound = toInteger(requirement.values[0]);
            if (!value || !bound)
                return false;
            return requirement.op == SelectorOp::GreaterThan ? *value > *bound : *value < *bound;
        }
    }
    return false;
}

std::string joined(const std::vector<std::string>& values) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i)
        out += (i == 0 ? "" : ",") + values[i];
    return out;
}

}  // namespace

Result<void> checkLabel(std::string_view key, std::string_view value) {
    KUBEFED_TRY(checkKey(key));
    return checkValue(key, value);
}

Result<LabelSelector> LabelSelector::parse(std::string_view query) {
    LabelSelector out;
    Scanner scanner(query);
    while (!scanner.isEnd()) {
        auto requirement = parseRequirement(scanner);
        if (!requirement)
            return std::unexpected(std::move(requirement.error()));
        out.m_requirements.push_back(std::move(*requirement));
        if (scanner.isEnd())
            break;
        if (!scanner.is(","))
            return unexpectedToken(scanner, "',' or 'end of string'");
        scanner.take();
        if (!scanner.isWord() && !scanner.is("!"))
            return unexpectedToken(scanner, "identifier after ','");
    }
    sortByKey(out.m_requirements);
    return out;
}

Result<LabelSelector> LabelSelector::fromJson(const JsonObject& selector) {
    LabelSelector out;
    if (const auto* labels = objectAt(selector, {"matchLabels"})) {
        for (const auto& [key, value] : *labels) {
            if (!value.is_string())
                return fail(Code::InvalidArgument, "a label selector's values must be strings");
            auto requirement = makeRequirement(std::string(key), SelectorOp::Equals,
                                               {std::string(view(value.get_string()))});
            if (!requirement)
                return std::unexpected(std::move(requirement.error()));
            out.m_requirements.push_back(std::move(*requirement));
        }
    }
    if (const auto* expressions = arrayAt(selector, {"matchExpressions"})) {
        for (const auto& expression : *expressions) {
            if (!expression.is_object())
                return fail(Code::InvalidArgument, "an entry of matchExpressions must be an object");
            auto requirement = requirementFromJson(expression.get_object());
            if (!requirement)
                return std::unexpected(std::move(requirement.error()));
            out.m_requirements.push_back(std::move(*requirement));
        }
    }
    sortByKey(out.m_requirements);
    return out;
}

LabelSelector LabelSelector::fromMap(const JsonObject& labels) {
    LabelSelector out;
    for (const auto& [key, value] : labels) {
        const auto* text = value.if_string();
        out.m_requirements.push_back({std::string(key),
                                      SelectorOp::Equals,
                                      {text != nullptr ? std::string(view(*text)) : std::string()}});
    }
    sortByKey(out.m_requirements);
    return out;
}

bool LabelSelector::matches(const JsonObject* labels) const {
    return std::all_of(m_requirements.begin(), m_requirements.end(),
                       [&](const Requirement& requirement) { return holds(requirement, labels); });
}

std::string LabelSelector::text() const {
    std::string out;
    for (const auto& requirement : m_requirements) {
        if (!out.empty())
            out += ',';
        switch (requirement.op) {
            case SelectorOp::In:
                out += requirement.key + " in (" + joined(requirement.values) + ")";
                break;
            case SelectorOp::NotIn:
                out += requirement.key + " notin (" + joined(requirement.values) + ")";
                break;
            case SelectorOp::Exists:
                out += requirement.key;
                break;
            case SelectorOp::DoesNotExist:
                out += "!" + requirement.key;
                break;
            case SelectorOp::Equals:
                out += requirement.key + "=" + requirement.values[0];
                break;
            case SelectorOp::NotEquals:
                out += requirement.key + "!=" + requirement.values[0];
                break;
            case SelectorOp::GreaterThan:
                out += requirement.key + ">" + requirement.values[0];
                break;
            case SelectorOp::LessThan:
                out += requirement.key + "<" + requirement.values[0];
                break;
        }
    }
    return out;
}

}  // namespace kubefed::kube

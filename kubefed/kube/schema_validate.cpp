// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "kubefed/kube/schema.h"
#include "kubefed/kube/schema_format.h"
#include "kubefed/kube/schema_pattern.h"

namespace kubefed::kube {

namespace {

using Type = SchemaNode::Type;

std::string_view typeName(Type type) {
    switch (type) {
        case Type::Object:
            return "object";
        case Type::Array:
            return "array";
        case Type::String:
            return "string";
        case Type::Integer:
            return "integer";
        case Type::Number:
            return "number";
        case Type::Boolean:
            return "boolean";
        case Type::IntOrString:
            return "integer,string";
        case Type::Any:
            break;
    }
    return "";
}

std::string_view jsonTypeName(const Json& value) {
    if (value.is_null())
        return "null";
    if (value.is_object())
        return "object";
    if (value.is_array())
        return "array";
    if (value.is_string())
        return "string";
    if (value.is_bool())
        return "boolean";
    return value.is_double() ? "number" : "integer";
}

bool isIntegral(const Json& value) {
    return value.is_int64() || value.is_uint64() ||
           (value.is_double() && value.get_double() == std::trunc(value.get_double()));
}

bool hasType(const Json& value, Type type) {
    switch (type) {
        case Type::Object:
            return value.is_object();
        case Type::Array:
            return value.is_array();
        case Type::String:
            return value.is_string();
        case Type::Integer:
            return isIntegral(value);
        case Type::Number:
            return value.is_number();
        case Type::Boolean:
            return value.is_bool();
        case Type::IntOrString:
            return value.is_string() || isIntegral(value);
        case Type::Any:
            return true;
    }
    return true;
}

std::int64_t countCharacters(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

std::string number(double value) {
    return printJson(Json(value));
}

// What the real server finds in three rounds, one after the other, and forgives differently in an update.
struct Findings {
    std::vector<StatusCause> values;    // an old value that is the same excuses them
    std::vector<StatusCause> embedded;  // nothing does
    std::vector<StatusCause> lists;     // duplicates; any that were there before excuse all

    [[nodiscard]] std::vector<StatusCause> all() {
        for (auto* more : {&embedded, &lists})
            values.insert(values.end(), std::make_move_iterator(more->begin()),
                          std::make_move_iterator(more->end()));
        return std::move(values);
    }
};

// Where an old value is given, it is the one that stood where `value` stands now; null: none did.
class Validator {
public:
    Validator() = default;
    explicit Validator(std::string path) : m_path(std::move(path)) {}
    Findings release() { return std::move(m_found); }

    void document(const JsonObject& object, const SchemaNode& node, const JsonObject* old = nullptr) {
        if (hasJunctors(node))
            junctors(Json(object), node);
        members(object, node, old);
    }

    void value(const Json& value, const SchemaNode& node, const Json* old = nullptr) {
        const std::size_t before = m_found.values.size();
        check(value, node, old);
        if (old != nullptr && m_found.values.size() > before && equal(value, *old))
            m_found.values.resize(before);
    }

private:
    void check(const Json& value, const SchemaNode& node, const Json* old) {
        if (value.is_null() && node.nullable)
            return;
        const bool fits = hasType(value, node.type);
        if (!fits) {
            const std::string got(jsonTypeName(value));
            add("FieldValueTypeInvalid", "Invalid value: \"" + got + "\": " + name() +
                                             " in body must be of type " + std::string(typeName(node.type)) +
                                             ": \"" + got + "\"");
        }
        if (hasJunctors(node))
            junctors(value, node);
        if (!fits)
            return;
        checkEnum(value, node);
        if (value.is_string())
            checkText(view(value.get_string()), node);
        else if (value.is_number())
            checkNumber(value, node);
        else if (const auto* array = value.if_array())
            checkArray(*array, node, old == nullptr ? nullptr : old->if_array());
        else if (const auto* object = value.if_object())
            members(*object, node, old == nullptr ? nullptr : old->if_object());
    }

    void members(const JsonObject& object, const SchemaNode& node, const JsonObject* old) {
        const std::size_t size = m_path.size();
        const auto count = static_cast<std::int64_t>(object.size());
        if (node.maxProperties && count > *node.maxProperties)
            add("FieldValueTooMany", tooMany(count, *node.maxProperties));
        if (node.minProperties && count < *node.minProperties)
            invalid(Json(object),
                    "should have at least " + std::to_string(*node.minProperties) + " properties");
        if (node.embedded)
            checkEmbedded(object);
        for (const auto& member : object) {
            const std::string_view key(member.key().data(), member.key().size());
            const auto* child = node.declaredChild(key);
            if (child == nullptr)
                continue;
            m_path += '.';
            m_path += key;
            value(member.value(), *child, old == nullptr ? nullptr : old->if_contains(key));
            m_path.resize(size);
        }
        for (const auto& key : node.required) {
            if (object.contains(key))
                continue;
            m_path += "." + key;
            add("FieldValueRequired", "Required value");
            m_path.resize(size);
        }
    }

    // A resource in a resource says what it is.
    void checkEmbedded(const JsonObject& object) {
        const std::size_t size = m_path.size();
        for (const auto* key : {"apiVersion", "kind"}) {
            m_path.append(".").append(key);
            if (const auto* text = object.if_contains(key); text != nullptr && !text->is_string())
                addTo(m_found.embedded, "FieldValueInvalid",
                      "Invalid value: " + printJson(*text) + ": must be a string");
            else if (stringAt(object, {key}).empty())
                addTo(m_found.embedded, "FieldValueRequired", "Required value");
            m_path.resize(size);
        }
    }

    static bool hasJunctors(const SchemaNode& node) {
        return !node.allOf.empty() || !node.anyOf.empty() || !node.oneOf.empty() || node.negated != nullptr;
    }

    [[nodiscard]] std::vector<StatusCause> judged(const Json& value, const SchemaNode& node) const {
        Validator validator(m_path);
        validator.value(value, node);
        return validator.release().all();
    }

    void junctor(const std::string& what) {
        m_found.values.push_back(
            {"FieldValueInvalid", "Invalid value: \"\": \"" + name() + "\" must " + what, "<nil>"});
    }

    void take(std::vector<StatusCause> causes) {
        m_found.values.insert(m_found.values.end(), std::make_move_iterator(causes.begin()),
                              std::make_move_iterator(causes.end()));
    }

    void junctors(const Json& value, const SchemaNode& node) {
        oneOrMore(value, node.anyOf, false);
        oneOrMore(value, node.oneOf, true);
        std::size_t fulfilled = 0;
        for (const auto* schema : node.allOf) {
            auto causes = judged(value, *schema);
            fulfilled += causes.empty() ? 1 : 0;
            take(std::move(causes));
        }
        if (fulfilled < node.allOf.size())
            junctor(std::string("validate all the schemas (allOf)") +
                    (fulfilled == 0 ? ". None validated" : ""));
        if (node.negated != nullptr && judged(value, *node.negated).empty())
            junctor("not validate the schema (not)");
    }

    // anyOf and oneOf. Where nothing fits, the first alternative says what it lacks.
    void oneOrMore(const Json& value, const std::vector<const SchemaNode*>& schemas, bool exactlyOne) {
        std::size_t fulfilled = 0;
        std::vector<StatusCause> lacks;
        for (const auto* schema : schemas) {
            auto causes = judged(value, *schema);
            if (causes.empty())
                ++fulfilled;
            else if (lacks.empty())
                lacks = std::move(causes);
        }
        if (schemas.empty() || fulfilled == 1 || (fulfilled > 1 && !exactlyOne))
            return;
        if (fulfilled > 1)
            return junctor("validate one and only one schema (oneOf). Found " + std::to_string(fulfilled) +
                           " valid alternatives");
        junctor(exactlyOne ? "validate one and only one schema (oneOf). Found none valid"
                           : "validate at least one schema (anyOf)");
        take(std::move(lacks));
    }

    void checkEnum(const Json& value, const SchemaNode& node) {
        if (node.enumValues.empty())
            return;
        std::string supported;
        for (const auto& allowed : node.enumValues) {
            if (equal(allowed, value))
                return;
            const auto text =
                allowed.is_string() ? printJson(allowed) : printJson(Json(json::string(printJson(allowed))));
            supported += (supported.empty() ? "" : ", ") + text;
        }
        add("FieldValueNotSupported",
            "Unsupported value: " + printJson(value) + ": supported values: " + supported);
    }

    void checkText(std::string_view text, const SchemaNode& node) {
        if (node.maxLength && countCharacters(text) > *node.maxLength)
            add("FieldValueTooLong", "Too long: may not be more than " + std::to_string(*node.maxLength) +
                                         (*node.maxLength == 1 ? " byte" : " bytes"));
        const Json value(json::string_view(text.data(), text.size()));
        if (node.minLength && countCharacters(text) < *node.minLength)
            invalid(value, "should be at least " + std::to_string(*node.minLength) + " chars long");
        if (!node.format.empty() && !hasFormat(text, node.format))
            add("FieldValueTypeInvalid", "Invalid value: " + printJson(value) + ": " + name() +
                                             " in body must be of type " + node.format + ": " +
                                             printJson(value));
        if (node.compiledPattern != nullptr && !matchesPattern(node.compiledPattern.get(), text))
            invalid(value, "should match '" + node.pattern + "'");
    }

    void checkNumber(const Json& value, const SchemaNode& node) {
        const double amount = value.to_number<double>();
        if (node.multipleOf && *node.multipleOf > 0) {
            const double times = amount / *node.multipleOf;
            if (times != std::trunc(times))
                invalid(value, "should be a multiple of " + number(*node.multipleOf));
        }
        if (node.maximum && (node.exclusiveMaximum ? amount >= *node.maximum : amount > *node.maximum))
            invalid(value,
                    (node.exclusiveMaximum ? "should be less than " : "should be less than or equal to ") +
                        number(*node.maximum));
        if (node.minimum && (node.exclusiveMinimum ? amount <= *node.minimum : amount < *node.minimum))
            invalid(value, (node.exclusiveMinimum ? "should be greater than "
                                                  : "should be greater than or equal to ") +
                               number(*node.minimum));
    }

    void checkArray(const JsonArray& array, const SchemaNode& node, const JsonArray* old) {
        const auto count = static_cast<std::int64_t>(array.size());
        if (node.maxItems && count > *node.maxItems)
            add("FieldValueTooMany", tooMany(count, *node.maxItems));
        if (node.minItems && count < *node.minItems)
            invalid(Json(array), "should have at least " + std::to_string(*node.minItems) + " items");
        const std::size_t size = m_path.size();
        std::set<std::string> seen;
        for (std::size_t i = 0; i < array.size(); ++i) {
            m_path += "[" + std::to_string(i) + "]";
            value(array[i], node.element(), old == nullptr ? nullptr : formerly(array[i], node, *old));
            if (node.listType != ListType::Atomic || node.uniqueItems)
                checkUnique(array[i], node, seen);
            m_path.resize(size);
        }
    }

    // What tells an element of a set or of a keyed list from the others.
    static Json identityOf(const Json& element, const SchemaNode& node) {
        if (node.listType != ListType::Map || !element.is_object())
            return element;
        JsonObject keys;
        for (const auto& key : node.listMapKeys) {
            if (const auto* found = element.get_object().if_contains(key))
                keys[key] = *found;
        }
        return keys;
    }

    // Only the elements of keyed lists can be found again.
    static const Json* formerly(const Json& element, const SchemaNode& node, const JsonArray& old) {
        if (node.listType != ListType::Map)
            return nullptr;
        const Json identity = identityOf(element, node);
        const auto* found = std::find_if(old.begin(), old.end(), [&](const Json& former) {
            return equal(identityOf(former, node), identity);
        });
        return found == old.end() ? nullptr : found;
    }

    void checkUnique(const Json& element, const SchemaNode& node, std::set<std::string>& seen) {
        auto text = printCanonical(identityOf(element, node));
        if (!seen.insert(text).second)
            addTo(m_found.lists, "FieldValueDuplicate", "Duplicate value: " + text);
    }

    static std::string tooMany(std::int64_t count, std::int64_t limit) {
        return "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(limit) +
               (limit == 1 ? " item" : " items");
    }

    [[nodiscard]] std::string name() const { return m_path.empty() ? m_path : m_path.substr(1); }

    void invalid(const Json& value, const std::string& why) {
        add("FieldValueInvalid", "Invalid value: " + printJson(value) + ": " + name() + " in body " + why);
    }

    void add(std::string_view reason, std::string message) {
        addTo(m_found.values, reason, std::move(message));
    }

    void addTo(std::vector<StatusCause>& causes, std::string_view reason, std::string message) const {
        causes.push_back({std::string(reason), std::move(message), name()});
    }

    Findings m_found;
    std::string m_path;
};

Findings findingsOf(const JsonObject& document, const SchemaNode& schema, const JsonObject* old = nullptr) {
    Validator validator;
    validator.document(document, schema, old);
    return validator.release();
}

void forgiveLists(Findings& found, const JsonObject& previous, const SchemaNode& schema) {
    if (!found.lists.empty() && !findingsOf(previous, schema).lists.empty())
        found.lists.clear();
}

}  // namespace

std::vector<StatusCause> validateSchema(const JsonObject& document, const SchemaNode& schema) {
    return findingsOf(document, schema).all();
}

std::vector<StatusCause> validateSchemaUpdate(const JsonObject& document, const JsonObject& previous,
                                              const SchemaNode& schema) {
    Findings found = findingsOf(document, schema, &previous);
    forgiveLists(found, previous, schema);
    return found.all();
}

std::vector<StatusCause> validateStatusUpdate(const JsonObject& document, const JsonObject& previous,
                                              const SchemaNode& schema) {
    Findings found;
    const auto* status = document.if_contains("status");
    if (const auto* node = schema.declaredChild("status"); node != nullptr && status != nullptr) {
        // Its paths begin at the status, where it is judged, but its fields do not.
        Validator validator;
        validator.value(*status, *node, previous.if_contains("status"));
        found.values = validator.release().values;
        for (auto& cause : found.values)
            if (cause.field != "<nil>")
                cause.field.insert(0, cause.field.empty() ? "status" : "status.");
    }
    found.lists = findingsOf(document, schema).lists;
    forgiveLists(found, previous, schema);
    return found.all();
}

std::vector<StatusCause> validateValue(const Json& value, const SchemaNode& schema, const std::string& name) {
    Validator validator("." + name);
    validator.value(value, schema);
    return validator.release().all();
}

}  // namespace kubefed::kube

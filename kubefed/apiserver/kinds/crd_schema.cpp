// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/crd_schema.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "kubefed/kube/schema.h"
#include "kubefed/kube/schema_pattern.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kStructural = "must be empty to be structural";

// Calls visit(schema, path, judges) for a schema and all below it, children first where so wanted. `judges`:
// inside allOf, anyOf, oneOf or not.
using Visit = std::function<void(const kube::JsonObject&, const Path&, bool judges)>;

void walk(const kube::JsonObject& schema, const Path& path, bool judges, const Visit& visit) {
    if (const kube::JsonObject* properties = objectOf(schema, "properties"))
        for (const auto& [key, value] : *properties)
            if (const kube::JsonObject* child = value.if_object())
                walk(*child, path.child("properties").key(key), judges, visit);
    for (const std::string_view key : {"additionalProperties", "items"})
        if (const kube::JsonObject* child = objectOf(schema, key))
            walk(*child, path.child(key), judges, visit);
    for (const std::string_view key : {"allOf", "anyOf", "oneOf"})
        forEachObject(schema, key, [&](const kube::JsonObject& child, std::size_t i) {
            walk(child, path.child(key).index(i), true, visit);
        });
    if (const kube::JsonObject* child = objectOf(schema, "not"))
        walk(*child, path.child("not"), true, visit);
    visit(schema, path, judges);
}

std::vector<std::string> textsOf(const kube::JsonObject& object, std::string_view key) {
    std::vector<std::string> texts;
    if (const kube::JsonArray* array = arrayOf(object, key))
        for (const kube::Json& value : *array)
            if (value.is_string())
                texts.emplace_back(kube::view(value.get_string()));
    return texts;
}

void checkMapKeys(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    const std::vector<std::string> keys = textsOf(schema, "x-kubernetes-list-map-keys");
    const Path keysPath = path.child("x-kubernetes-list-map-keys");
    if (keys.empty())
        checker.required(keysPath, "must not be empty if x-kubernetes-list-type is map");
    const kube::JsonObject* items = objectOf(schema, "items");
    if (items == nullptr)
        return;
    if (textOf(*items, "type") != "object")
        return checker.invalid(path.child("items").child("type"), kube::Json(textOf(*items, "type")),
                               "must be object if parent array's x-kubernetes-list-type is map");
    const std::vector<std::string> required = textsOf(*items, "required");
    for (const std::string& key : keys) {
        const kube::JsonObject* property = kube::objectAt(*items, {"properties", key});
        if (property == nullptr)
            checker.invalid(keysPath, schema.at("x-kubernetes-list-map-keys"),
                            "entries must all be names of item properties");
        else if (member(*property, "default") == nullptr &&
                 std::find(required.begin(), required.end(), key) == required.end())
            checker.required(
                path.child("items").child("properties").key(key).child("default"),
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be "
                "a required property");
    }
}

void checkListType(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    const std::string_view type = textOf(schema, "type");
    const std::string_view list = textOf(schema, "x-kubernetes-list-type");
    const Path listPath = path.child("x-kubernetes-list-type");
    if (!list.empty() && type != "array")
        checker.invalid(path.child("type"), kube::Json(type),
                        "must be array if x-kubernetes-list-type is specified");
    else if (!list.empty())
        checker.oneOf(listPath, list, {"atomic", "set", "map"}, false);
    if (list == "map" && type == "array")
        checkMapKeys(checker, schema, path);
    if (list != "map" && !textsOf(schema, "x-kubernetes-list-map-keys").empty())
        checker.required(listPath, "must be map if x-kubernetes-list-map-keys is non-empty");
    if (const std::string_view map = textOf(schema, "x-kubernetes-map-type"); !map.empty()) {
        checker.oneOf(path.child("x-kubernetes-map-type"), map, {"atomic", "granular"}, false);
        if (type != "object")
            checker.invalid(path.child("type"), kube::Json(type),
                            "must be object if x-kubernetes-map-type is specified");
    }
}

// First round: keywords that nobody supports, and values that no keyword takes.
void checkKeywords(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    for (const std::string_view key :
         {"$ref", "id", "patternProperties", "definitions", "dependencies", "additionalItems"})
        if (member(schema, key) != nullptr)
            checker.forbidden(path.child(key), std::string(key) + " is not supported");
    if (arrayOf(schema, "items") != nullptr)
        checker.forbidden(path.child("items"), "items must be a schema object and not an array");
    if (truthOf(schema, "uniqueItems"))
        checker.forbidden(path.child("uniqueItems"),
                          "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    const kube::JsonObject* properties = objectOf(schema, "properties");
    if (member(schema, "additionalProperties") != nullptr && properties != nullptr && !properties->empty())
        checker.forbidden(path.child("additionalProperties"),
                          "additionalProperties and properties are mutual exclusive");
    if (const std::string pattern(textOf(schema, "pattern")); !pattern.empty())
        if (const auto compiled = kube::compilePattern(pattern); !compiled)
            checker.invalid(path.child("pattern"), kube::Json(pattern),
                            "must be a valid regular expression, but isn't: error parsing regexp: " +
                                compiled.error().message);
    checkListType(checker, schema, path);
}

bool isIntOrString(const kube::JsonObject& schema) {
    return truthOf(schema, "x-kubernetes-int-or-string");
}

void checkType(Checker& checker, const kube::JsonObject& schema, const Path& path, std::string_view where) {
    const std::string_view type = textOf(schema, "type");
    if (!type.empty())
        checker.oneOf(path.child("type"), type, {"array", "boolean", "integer", "number", "object", "string"},
                      false);
    else if (!isIntOrString(schema) && !truthOf(schema, "x-kubernetes-preserve-unknown-fields"))
        checker.required(path.child("type"), std::string("must not be empty ").append(where));
    if (type == "array" && objectOf(schema, "items") == nullptr && arrayOf(schema, "items") == nullptr)
        checker.required(path.child("items"), "must be specified");
}

void checkMetadata(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    const kube::JsonObject* properties = kube::objectAt(schema, {"properties", "metadata", "properties"});
    if (properties == nullptr)
        return;
    for (const auto& [key, value] : *properties)
        if (kube::view(key) != "name" && kube::view(key) != "generateName")
            return checker.forbidden(path.child("properties").key("metadata"),
                                     "must not specify anything other than name and generateName, but "
                                     "metadata is implicitly specified");
}

void checkEmbedded(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    const kube::JsonObject* properties = objectOf(schema, "properties");
    const bool keeps = truthOf(schema, "x-kubernetes-preserve-unknown-fields");
    if (!keeps && (properties == nullptr || properties->empty()))
        checker.required(path.child("properties"),
                         "must not be empty if x-kubernetes-embedded-resource is true without "
                         "x-kubernetes-preserve-unknown-fields");
    if (textOf(schema, "type") != "object")
        checker.invalid(path.child("type"), kube::Json(textOf(schema, "type")),
                        "must be object if x-kubernetes-embedded-resource is true");
    checkMetadata(checker, schema, path);
}

// The one place where an alternative may have a type: [{type: integer}, {type: string}].
bool isTypePair(const kube::JsonArray* alternatives) {
    static const kube::JsonArray kPair{kube::JsonObject{{"type", "integer"}},
                                       kube::JsonObject{{"type", "string"}}};
    return alternatives != nullptr && *alternatives == kPair;
}

// Inside allOf, anyOf, oneOf and not: nothing is declared there.
void checkJudging(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    for (const std::string_view key : {"default", "additionalProperties"})
        if (member(schema, key) != nullptr)
            checker.forbidden(path.child(key), "must be undefined to be structural");
    for (const std::string_view key : {"title", "description", "type"})
        if (!textOf(schema, key).empty())
            checker.forbidden(path.child(key), kStructural);
    for (const auto& [name, value] : schema) {
        const std::string_view key = kube::view(name);
        if (key == "nullable" ? value == true : key.starts_with("x-kubernetes-"))
            checker.forbidden(path.child(key), "must be false to be structural");
    }
}

// Second round: every value has a type, whatever the alternatives say.
void checkStructure(Checker& checker, const kube::JsonObject& schema, const Path& path,
                    std::string_view where) {
    if (const kube::JsonObject* properties = objectOf(schema, "properties"))
        for (const auto& [key, value] : *properties)
            if (const kube::JsonObject* child = value.if_object())
                checkStructure(checker, *child, path.child("properties").key(key),
                               "for specified object fields");
    if (const kube::JsonObject* child = objectOf(schema, "additionalProperties"))
        checkStructure(checker, *child, path.child("additionalProperties"), "for specified object fields");
    if (const kube::JsonObject* child = objectOf(schema, "items"))
        checkStructure(checker, *child, path.child("items"), "for specified array items");
    const auto judge = [&](const kube::JsonObject& child, const Path& at) {
        walk(child, at, true, [&](const kube::JsonObject& inner, const Path& innerPath, bool) {
            checkJudging(checker, inner, innerPath);
        });
    };
    for (const std::string_view key : {"allOf", "anyOf", "oneOf"}) {
        if (isIntOrString(schema) && isTypePair(arrayOf(schema, key)))
            continue;
        forEachObject(schema, key, [&](const kube::JsonObject& child, std::size_t i) {
            if (!isIntOrString(schema) || child.size() != 1 || !isTypePair(arrayOf(child, "anyOf")))
                judge(child, path.child(key).index(i));
        });
    }
    if (const kube::JsonObject* child = objectOf(schema, "not"))
        judge(*child, path.child("not"));
    if (truthOf(schema, "x-kubernetes-embedded-resource"))
        checkEmbedded(checker, schema, path);
    else
        checkType(checker, schema, path, where);
    if (const kube::Json* keeps = schema.if_contains("x-kubernetes-preserve-unknown-fields");
        keeps != nullptr && *keeps == false)
        checker.invalid(path.child("x-kubernetes-preserve-unknown-fields"), false,
                        "must be true or undefined");
}

// A default must be what the schema takes.
void checkDefault(Checker& checker, const kube::Json& value, const kube::SchemaNode& node, const Path& path) {
    for (kube::StatusCause& cause : kube::validateValue(value, node, "")) {
        cause.field = path.text() + (cause.field.empty() ? "" : "." + cause.field);
        checker.add(std::move(cause));
    }
    const kube::JsonObject* object = value.if_object();
    if (object != nullptr && !kube::unknownFields(*object, node).empty())
        checker.invalid(path, value, "must not have unknown fields");
}

void checkDefaults(Checker& checker, const kube::SchemaNode& node, const Path& path) {
    if (node.defaultValue)
        checkDefault(checker, *node.defaultValue, node, path.child("default"));
    for (const auto& [key, child] : node.properties)
        checkDefaults(checker, *child, path.child("properties").key(key));
    if (node.additional != nullptr)
        checkDefaults(checker, *node.additional, path.child("additionalProperties"));
    if (node.items != nullptr)
        checkDefaults(checker, *node.items, path.child("items"));
}

void checkSelectable(Checker& checker, const kube::SchemaNode& root, std::string_view text,
                     const Path& path) {
    if (!text.starts_with('.'))
        return checker.invalid(path, kube::Json(text),
                               "is an invalid path: expected [ or . but got: " + std::string(text));
    const kube::SchemaNode* node = &root;
    for (std::string_view rest = text; node != nullptr && !rest.empty();) {
        rest.remove_prefix(1);
        const std::string_view name = rest.substr(0, rest.find('.'));
        const auto found = node->properties.find(name);
        node = found == node->properties.end() || (node == &root && name == "metadata") ? nullptr
                                                                                        : found->second;
        rest.remove_prefix(name.size());
    }
    using Type = kube::SchemaNode::Type;
    if (node == nullptr)
        return checker.invalid(path, kube::Json(text), "is an invalid path: does not refer to a valid field");
    if (node->type != Type::String && node->type != Type::Boolean && node->type != Type::Integer)
        checker.invalid(path, kube::Json(text),
                        "must point to a field of type string, boolean or integer. Enum string fields and "
                        "strings with formats are allowed.");
}

// Rules in CEL would have to be evaluated; one that is not is a promise that nobody keeps.
void checkRules(Checker& checker, const kube::JsonObject& schema, const Path& path) {
    walk(schema, path, false, [&](const kube::JsonObject& each, const Path& where, bool) {
        const kube::JsonArray* rules = arrayOf(each, "x-kubernetes-validations");
        if (rules != nullptr && !rules->empty())
            checker.forbidden(where.child("x-kubernetes-validations"),
                              "this server does not evaluate rules in CEL: leave them out, or serve the type "
                              "from an external kube-apiserver");
    });
}

}  // namespace

void checkCrdSchema(Checker& checker, const kube::JsonObject& schema, const Path& path,
                    const kube::JsonObject& version, const Path& versionPath) {
    const std::size_t before = checker.count();
    if (member(schema, "additionalProperties") != nullptr)
        checker.forbidden(path.child("additionalProperties"), "must not be used at the root");
    walk(schema, path, false,
         [&](const kube::JsonObject& each, const Path& where, bool) { checkKeywords(checker, each, where); });
    if (checker.count() > before)
        return;
    checkStructure(checker, schema, path, "at the root");
    checkMetadata(checker, schema, path);
    checkRules(checker, schema, path);
    if (checker.count() > before)
        return;
    const Result<std::shared_ptr<const kube::Schema>> compiled = kube::Schema::fromCrd(schema);
    if (!compiled)
        return checker.invalid(path, kube::Json(), compiled.error().message);
    checkDefaults(checker, (*compiled)->root(), path);
    std::set<std::string, std::less<>> seen;
    forEachObject(version, "selectableFields", [&](const kube::JsonObject& field, std::size_t i) {
        const Path at = versionPath.child("selectableFields").index(i).child("jsonPath");
        const std::string_view text = textOf(field, "jsonPath");
        if (!seen.emplace(text).second)
            checker.duplicate(at, kube::Json(text));
        else
            checkSelectable(checker, (*compiled)->root(), text, at);
    });
}

}  // namespace kubefed::apiserver

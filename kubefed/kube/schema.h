// SPDX-License-Identifier: Apache-2.0
//
// What the API machinery needs to know of a type: an OpenAPI v3 structural schema, compiled once into nodes
// that strict decoding, defaulting, strategic merge and server-side apply walk. Built from the schema data
// (`kubefed/apiserver/schema/*.json`, `#/components/schemas/...` references resolved) or from a CRD's
// openAPIV3Schema. Immutable after building and shared: std::shared_ptr<const Schema>; any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/gvk.h"
#include "kubefed/kube/json.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::kube {

enum class ListType { Atomic, Set, Map };

struct SchemaNode {
    enum class Type { Any, Object, Array, String, Integer, Number, Boolean, IntOrString };

    Type type = Type::Any;
    std::string name;    // of the component, "io.k8s.api.core.v1.PodSpec"; empty where inlined
    std::string format;  // "int32", "int64", "date-time", "byte", ...
    std::map<std::string, const SchemaNode*, std::less<>> properties;  // Object
    const SchemaNode* additional = nullptr;                            // map values (additionalProperties)
    const SchemaNode* items = nullptr;                                 // Array
    std::vector<std::string> required;
    std::optional<Json> defaultValue;
    bool preserveUnknown = false;  // x-kubernetes-preserve-unknown-fields, RawExtension, FieldsV1, JSON
    bool atomicMap = false;        // x-kubernetes-map-type: atomic
    ListType listType = ListType::Atomic;
    std::vector<std::string> listMapKeys;
    std::string patchMergeKey;               // strategic merge
    std::vector<std::string> patchStrategy;  // "merge", "replace", "retainKeys"
    bool nullable = false;
    bool isQuantity = false;
    // What a field of a built-in kind is to Go when nobody set it, if that is not simply absent: structs that
    // the encoder never leaves out are {}, required lists null, strings with default "" that. For ownership,
    // absence equals that value.
    enum class Zero { Absent, Null, Object, Text };
    Zero zero = Zero::Absent;
    bool builtin = false;  // null and absent are one: Go's zero times are written as null
    // CRD validation (absent for built-in kinds, whose validation is code).
    std::vector<Json> enumValues;
    std::optional<double> minimum, maximum, multipleOf;
    bool exclusiveMinimum = false, exclusiveMaximum = false, uniqueItems = false;
    std::optional<std::int64_t> minLength, maxLength, minItems, maxItems, minProperties, maxProperties;
    std::string pattern;
    std::shared_ptr<const void> compiledPattern;         // belongs to validateSchema()
    std::vector<const SchemaNode*> allOf, anyOf, oneOf;  // they and `negated` say only what is valid
    const SchemaNode* negated = nullptr;                 // `not`
    bool embedded = false;                               // x-kubernetes-embedded-resource: whole by itself
    std::string description;                             // CRDs only: kubectl explain

    // The schema of the value under `key` of an object: a property, a map's values, or anything where unknown
    // keys are kept. Null: the key is unknown.
    [[nodiscard]] const SchemaNode* child(std::string_view key) const;
    // The same, but a custom object that declares nothing keeps nothing (pruning and strict decoding).
    [[nodiscard]] const SchemaNode* declaredChild(std::string_view key) const;
    // Of a list's elements; never null.
    [[nodiscard]] const SchemaNode& element() const;
    // Free-form content: lists atomic, maps granular.
    [[nodiscard]] static const SchemaNode& anything();
};

class Schema {
public:
    ~Schema();
    [[nodiscard]] const SchemaNode& root() const { return *m_root; }
    // InvalidArgument: not a structural schema, an unknown reference, a type we do not know.
    [[nodiscard]] static Result<std::shared_ptr<const Schema>> fromCrd(const JsonObject& openApiV3Schema);

private:
    friend class SchemaSet;
    Schema(std::shared_ptr<const void> arena, const SchemaNode* root)
        : m_arena(std::move(arena)), m_root(root) {}
    std::shared_ptr<const void> m_arena;  // owns every node; shared by all schemas of one set
    const SchemaNode* m_root = nullptr;
};

// All built-in types of the schema data, by kind.
class SchemaSet {
public:
    // `documents`: the parsed files; each has "schemas": {name: schema}. References may cross files.
    [[nodiscard]] static Result<std::shared_ptr<const SchemaSet>> build(
        const std::vector<JsonObject>& documents);
    [[nodiscard]] std::shared_ptr<const Schema> byKind(const Gvk& gvk) const;  // null where unknown
    [[nodiscard]] std::shared_ptr<const Schema> byName(
        std::string_view name) const;  // "io.k8s.api.core.v1.Pod"

private:
    SchemaSet() = default;
    std::map<Gvk, std::shared_ptr<const Schema>> m_byKind;
    std::map<std::string, std::shared_ptr<const Schema>, std::less<>> m_byName;
};

// Fields that the schema does not know, as kube-apiserver words them: `unknown field "spec.foo"`. The
// duplicate-key check belongs to the parser (parseStrict).
[[nodiscard]] std::vector<std::string> unknownFields(const JsonObject& document, const SchemaNode& schema);
// Removes what unknownFields() names, except below preserveUnknown.
void pruneUnknown(JsonObject& document, const SchemaNode& schema);
// Fills schema defaults into a document (CRDs; built-in kinds have code too).
void applyDefaults(Json& value, const SchemaNode& schema);
// Wrong JSON types of a built-in kind, as the API server's decoder refuses them (400, after `X in version
// "v1" cannot be handled as a X: `), first problem only; empty when fine.
[[nodiscard]] std::string typeProblem(const JsonObject& document, const SchemaNode& schema);
// What a custom resource violates of its schema, worded and ordered as kube-apiserver does (422).
[[nodiscard]] std::vector<StatusCause> validateSchema(const JsonObject& document, const SchemaNode& schema);
// The same of an update. A value that `previous` has in the same place is not held against it: a schema may
// have become stricter since. Elements of keyed lists are found again by their keys, other lists count as a
// whole, and so does what stands in allOf, anyOf, oneOf and not.
[[nodiscard]] std::vector<StatusCause> validateSchemaUpdate(const JsonObject& document,
                                                            const JsonObject& previous,
                                                            const SchemaNode& schema);
// Of a write to the status alone, which nothing else can refuse.
[[nodiscard]] std::vector<StatusCause> validateStatusUpdate(const JsonObject& document,
                                                            const JsonObject& previous,
                                                            const SchemaNode& schema);
// The same of any value, which is called `name` in paths and messages.
[[nodiscard]] std::vector<StatusCause> validateValue(const Json& value, const SchemaNode& schema,
                                                     const std::string& name);

}  // namespace kubefed::kube

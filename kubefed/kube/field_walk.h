// SPDX-License-Identifier: Apache-2.0
//
// The walks over (value, schema) of which ownership and server-side apply consist, as structured-merge-diff
// defines them: the fields of a value, the difference of two, merging, and removing fields. Internal to the
// API machinery. Pure; any thread. Documents are assumed to fit their schema (typedProblem() checks it);
// where they do not, the odd value counts as one leaf.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kubefed/kube/managed_fields.h"

namespace kubefed::kube {

// FieldsV1's name of an element of an associative list; empty where it has none (null, a map in a set).
[[nodiscard]] std::string listElementKey(const Json& element, const SchemaNode& list);

// Every field that whoever applies the document owns.
[[nodiscard]] FieldSet ownedFields(const JsonObject& document, const SchemaNode& schema);
// Without what belongs to nobody: apiVersion, kind, metadata's identity and system fields.
[[nodiscard]] FieldSet withoutSystemFields(FieldSet set);
// Properties on the way to an owned field count as owned.
[[nodiscard]] FieldSet withNamedParents(const FieldSet& set, const SchemaNode& schema);

struct Difference {
    FieldSet changed;  // added or modified in the new document
    FieldSet removed;
};
// `before` may be null: everything is added.
[[nodiscard]] Difference compareFields(const JsonObject* before, const JsonObject& after,
                                       const SchemaNode& schema);

[[nodiscard]] JsonObject mergeFields(const JsonObject& live, const JsonObject& applied,
                                     const SchemaNode& schema);
[[nodiscard]] JsonObject removeFields(const JsonObject& document, const FieldSet& fields,
                                      const SchemaNode& schema);

// Why a document cannot be applied: a field that the schema does not know, duplicate or nameless elements of
// an associative list. Empty when it can: ".spec.foo: field not declared in schema".
[[nodiscard]] std::string typedProblem(const JsonObject& document, const SchemaNode& schema);

}  // namespace kubefed::kube

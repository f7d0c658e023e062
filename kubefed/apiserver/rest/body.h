// SPDX-License-Identifier: Apache-2.0
//
// Request bodies: from JSON, YAML or protobuf to a document that fits its type, with the field validation
// that the client asked for. Errors are 400, 415 and 422 as kube-apiserver answers them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/apiserver/rest/exchange.h"

namespace kubefed::apiserver {

enum class FieldValidation { Ignore, Warn, Strict };

// Problems that a YAML reader told, in the form in which Go's gives them as one error.
[[nodiscard]] std::string goYamlErrors(const std::vector<std::string>& problems);
// 422 for an unknown value; Warn where absent.
[[nodiscard]] Result<FieldValidation> fieldValidationOf(const Query& query, std::string_view optionsKind);
// dryRun=All; 422 for anything else.
[[nodiscard]] Result<bool> dryRunOf(const Query& query, std::string_view optionsKind);
[[nodiscard]] Result<bool> dryRunOf(const std::vector<std::string>& values, std::string_view optionsKind);

// Of a built-in kind that is no type of its own: Scale, Binding, TokenRequest. Null where unknown.
[[nodiscard]] std::shared_ptr<const kube::Schema> schemaOf(const kube::Gvk& kind);

// The body as one JSON object; an empty body is an empty object if `optional`. `duplicates` gets the
// duplicate fields found.
[[nodiscard]] Result<kube::JsonObject> readBody(const net::ServerRequest& request, bool optional,
                                                std::vector<std::string>* duplicates);
// The body of a create or update as an object of `kind`: kind and apiVersion filled in or checked, JSON types
// checked, unknown and duplicate fields refused, warned of (Exchange::warnings) or dropped.
[[nodiscard]] Result<kube::JsonObject> readObject(Exchange& exchange, const kube::Gvk& kind,
                                                  const kube::Schema* schema, FieldValidation validation);
// The same checks for the result of a patch (`duplicates`: of the patch's own text).
[[nodiscard]] Result<void> checkObject(Exchange& exchange, const kube::Gvk& kind, const kube::Schema* schema,
                                       FieldValidation validation, kube::JsonObject& object,
                                       const std::vector<std::string>& duplicates);

// Whether `live` already holds what no object of its kind can hold, as older servers stored it, and `next`
// differs from it in sound metadata alone.
[[nodiscard]] bool isStoredUnfit(const kube::JsonObject& live, const kube::JsonObject& next,
                                 const kube::Schema& schema);
// Of such a patch: unknown and duplicate fields of the metadata as checkObject() treats them. The rest is
// what was stored, and stays.
[[nodiscard]] Result<void> checkMetadata(Exchange& exchange, const kube::Gvk& kind,
                                         const kube::Schema& schema, FieldValidation validation,
                                         kube::JsonObject& object,
                                         const std::vector<std::string>& duplicates);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// The three patch formats that are functions of (document, patch): JSON Patch (RFC 6902), JSON Merge Patch
// (RFC 7386) and Kubernetes' strategic merge patch (with $patch, $retainKeys, $setElementOrder,
// $deleteFromPrimitiveList). Pure; any thread. Errors: InvalidArgument for a malformed patch,
// FailedPrecondition for a failed `test` or a path that is not there (an API server answers 422).
// Those of the strategic patch carry the Status with which kube-apiserver answers (400 or 500), and so does a
// JSON patch of too many operations (413). Its copies may amount to 3 MB, its result be kMaxJsonDepth deep.
#pragma once

#include "kubefed/kube/json.h"
#include "kubefed/kube/schema.h"

namespace kubefed::kube {

// As kube-apiserver reads it, more kindly than the RFC: `replace` adds a member that is absent, `add` and
// `replace` without a value mean null, an index may have leading zeros or count from the end (-1).
[[nodiscard]] Result<Json> applyJsonPatch(const Json& document, const Json& patch);
[[nodiscard]] Json applyMergePatch(Json document, const Json& patch);
[[nodiscard]] Result<JsonObject> applyStrategicPatch(const JsonObject& document, const JsonObject& patch,
                                                     const SchemaNode& schema);
// The merge patch that turns `from` into `to`.
[[nodiscard]] JsonObject makeMergePatch(const JsonObject& from, const JsonObject& to);

}  // namespace kubefed::kube

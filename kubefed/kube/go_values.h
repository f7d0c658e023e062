// SPDX-License-Identifier: Apache-2.0
//
// What kube-apiserver's decoder makes of values of a built-in kind that can be said in several ways or not be
// held by Go's types: nulls in lists and maps, times, numbers. Pure; any thread.
#pragma once

#include <string>

#include "kubefed/kube/schema.h"

namespace kubefed::kube {

// Null elements of lists and null values of maps become "", 0, false or {}; null fields of objects stay: they
// are as good as absent. Times are written as the server writes them (goTime()), unreadable ones stay.
void takeGoValues(Json& value, const SchemaNode& schema);
void takeGoValues(JsonObject& document, const SchemaNode& schema);

// Why a plain value cannot be a field's (quantities, times, base64), in Go's words; empty where it can.
[[nodiscard]] std::string valueProblem(const Json& value, const SchemaNode& schema);

// Of an object that an apply has merged, the conversion to Go's types: whole numbers lose their point, those
// that are too large for an int32 lose their upper half. The first value that cannot be converted, in Go's
// words; empty where all can.
[[nodiscard]] std::string convertMerged(JsonObject& document, const SchemaNode& schema);

}  // namespace kubefed::kube

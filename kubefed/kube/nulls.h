// SPDX-License-Identifier: Apache-2.0
//
// What Go makes of a null where a list or a map holds plain values: the zero of their type. Pure; any thread.
#pragma once

#include "kubefed/kube/schema.h"

namespace kubefed::kube {

// Null elements of lists and null values of maps become "", 0, false or {}, as when kube-apiserver decodes
// them. Null fields of objects stay: they are as good as absent.
void fillNulls(Json& value, const SchemaNode& schema);
void fillNulls(JsonObject& document, const SchemaNode& schema);

}  // namespace kubefed::kube

// SPDX-License-Identifier: Apache-2.0
//
// What a CustomResourceDefinition may say, but for its schemas (crd_schema.h). Pure; any thread.
#pragma once

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

void checkCrd(Checker& checker, const kube::JsonObject& crd);
// Every version in which objects may be stored is still there, and the storage version is among them.
void checkStoredVersions(Checker& checker, const kube::JsonObject& crd);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// What a CustomResourceDefinition's schema may be: structural, of keywords that are enforced, and compilable;
// so what is accepted is served, and what it says holds. Pure; any thread.
#pragma once

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

// `path`: of the openAPIV3Schema. Three rounds as on a real server, each only if the one before found
// nothing: keywords, structure, and what the compiled schema says of its own defaults and of
// `selectableFields`.
void checkCrdSchema(Checker& checker, const kube::JsonObject& schema, const Path& path,
                    const kube::JsonObject& version, const Path& versionPath);

}  // namespace kubefed::apiserver

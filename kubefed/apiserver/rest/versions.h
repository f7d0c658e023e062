// SPDX-License-Identifier: Apache-2.0
//
// A stored object as a version of its type says it. Versions of a custom type are converted by their names
// alone, so what a version does not declare, or does not declare any more, is not there, and neither are the
// defaults of another version than the stored one. Pure; any thread.
#pragma once

#include "kubefed/apiserver/state/entry.h"
#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

// Whether the version of `spec` is another than the stored one.
[[nodiscard]] bool isConverted(const ResourceSpec& spec, const Entry& entry);
// Whether the version of `spec` knows every field of what is stored.
[[nodiscard]] bool declaresAll(const ResourceSpec& spec, const kube::JsonObject& stored);
[[nodiscard]] kube::JsonObject inVersionOf(const ResourceSpec& spec, const Entry& entry);

}  // namespace kubefed::apiserver

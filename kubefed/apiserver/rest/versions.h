// SPDX-License-Identifier: Apache-2.0
//
// A stored object as another version of its type says it. Versions of a custom type are converted by their
// names alone, so what the other version does not declare is not there. Pure; any thread.
#pragma once

#include "kubefed/apiserver/state/entry.h"
#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

// Whether the version of `spec` is another than the stored one.
[[nodiscard]] bool isConverted(const ResourceSpec& spec, const Entry& entry);
[[nodiscard]] kube::JsonObject inVersionOf(const ResourceSpec& spec, const Entry& entry);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// Under which name a write is recorded in managedFields: the query's fieldManager, which must be 128
// printable bytes at most, or what the user agent calls itself. Errors are 422 as kube-apiserver answers
// them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/util/error.h"

namespace kubefed::apiserver {

// `optionsKind`: "CreateOptions", "UpdateOptions", "PatchOptions".
[[nodiscard]] Result<void> checkFieldManager(std::string_view manager, std::string_view optionsKind);
// The printable part of a User-Agent up to its first slash; "unknown" if nothing is left.
[[nodiscard]] std::string managerFromAgent(std::string_view userAgent);

}  // namespace kubefed::apiserver

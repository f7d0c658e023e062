// SPDX-License-Identifier: Apache-2.0
//
// What a plain (unquoted) YAML 1.1 scalar means to kubectl: booleans in their many spellings, null, integers
// in bases 2, 8, 10 and 16 with underscores, floats; all else is a string. Used by both directions of the
// YAML adapter: reading resolves with it, printing quotes what would not resolve to a string. Pure; any
// thread.
#pragma once

#include <optional>
#include <string_view>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

// Nothing for a number that JSON cannot hold (.inf, .nan).
[[nodiscard]] std::optional<Json> resolvePlainScalar(std::string_view text);

}  // namespace kubefed::kube

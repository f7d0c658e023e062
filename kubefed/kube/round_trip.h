// SPDX-License-Identifier: Apache-2.0
//
// Whether a document survives being printed and parsed again. printJson() writes U+FFFD, as Go does, for what
// is not UTF-8 in a text; whoever keeps documents as text refuses them before. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

// Why it would not read back as it is: a text that is not UTF-8, or containers nested deeper than `maxDepth`;
// empty: it would.
[[nodiscard]] std::string roundTripProblem(const JsonObject& object, int maxDepth);

// What its text has in bytes at least: escapes may make up to six of one.
[[nodiscard]] std::size_t leastTextSize(const JsonObject& object);

}  // namespace kubefed::kube

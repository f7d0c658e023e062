// SPDX-License-Identifier: Apache-2.0
//
// Whether a document survives being printed and parsed again. printJson() writes U+FFFD, as Go does, for what
// is not UTF-8 in a text; whoever keeps documents as text refuses them before. Pure; any thread.
#pragma once

#include <string>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

// Why it would not read back as it is: a text that is not UTF-8, or containers nested deeper than `maxDepth`;
// empty: it would.
[[nodiscard]] std::string roundTripProblem(const JsonObject& object, int maxDepth);

}  // namespace kubefed::kube

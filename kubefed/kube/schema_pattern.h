// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of CRD schemas. Kubernetes reads them with Go's regexp, which is RE2's design, so RE2
// reads ours: the same syntax, characters and not bytes, and a match in time linear in the text. What takes
// long to compile is kept for the next who asks for it, up to some 80 MB. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kubefed/util/error.h"

namespace kubefed::kube {

// InvalidArgument: what Go says that is wrong with it ("missing closing ): `(`").
[[nodiscard]] Result<std::shared_ptr<const void>> compilePattern(const std::string& pattern);
// Is it found anywhere in the text?
[[nodiscard]] bool matchesPattern(const void* compiled, std::string_view text);

}  // namespace kubefed::kube

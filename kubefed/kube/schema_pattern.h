// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of CRD schemas (Go's syntax, read by Boost.Regex as Perl's). Boost bounds the work of a
// match and gives up with an exception, which counts as no match. Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kubefed::kube {

// Null where it is not a regular expression.
[[nodiscard]] std::shared_ptr<const void> compilePattern(const std::string& pattern);
// Is it found anywhere in the text?
[[nodiscard]] bool matchesPattern(const void* compiled, std::string_view text);

}  // namespace kubefed::kube

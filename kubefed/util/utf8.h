// SPDX-License-Identifier: Apache-2.0
//
// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace kubefed {

// The length of the well-formed sequence that `text` begins with; 0 if it does not, or is empty.
[[nodiscard]] std::size_t utf8SequenceLength(std::string_view text);

// Where the first byte stands that is not part of a well-formed sequence; npos if all is well-formed.
[[nodiscard]] std::size_t findInvalidUtf8(std::string_view text);

}  // namespace kubefed

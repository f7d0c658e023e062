// SPDX-License-Identifier: Apache-2.0
//
// Base64 as RFC 4648 section 4 (with padding), for kubeconfig data and Secrets. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kubefed {

[[nodiscard]] std::string base64Encode(std::string_view bytes);
// Line breaks are skipped; nothing for any other character, or for wrong padding.
[[nodiscard]] std::optional<std::string> base64Decode(std::string_view text);

}  // namespace kubefed

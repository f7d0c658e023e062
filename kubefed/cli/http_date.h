// SPDX-License-Identifier: Apache-2.0
//
// The Date header of HTTP ("Sun, 06 Nov 1994 08:49:37 GMT"), by which join compares clocks. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "kubefed/util/clock.h"

namespace kubefed::cli {

[[nodiscard]] std::optional<WallTime> parseHttpDate(std::string_view text);

}  // namespace kubefed::cli

// SPDX-License-Identifier: Apache-2.0
//
// Any object as an indented outline for reading, and its events as a table. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "kubefed/kube/object.h"
#include "kubefed/util/clock.h"

namespace kubefed::cli {

[[nodiscard]] std::string describeText(const kube::Object& object, WallTime now);
[[nodiscard]] std::string eventsText(const std::vector<kube::Object>& events, WallTime now);

}  // namespace kubefed::cli

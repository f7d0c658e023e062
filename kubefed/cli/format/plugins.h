// SPDX-License-Identifier: Apache-2.0
//
// The table of `kubefed policy list`. Pure; any thread.
#pragma once

#include "kubefed/cli/format/table.h"
#include "kubefed/fed/policy_plugin.h"

namespace kubefed::cli {

[[nodiscard]] Table pluginTable(std::vector<fed::PolicyPlugin> plugins, bool wide);

}  // namespace kubefed::cli

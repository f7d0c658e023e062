// SPDX-License-Identifier: Apache-2.0
//
// The plugins of a federation as clients see them. Pure; any thread.
#pragma once

#include <vector>

#include "controller/policies/policy_installer.h"
#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

[[nodiscard]] client::PolicyPlugin toClient(const InstalledPolicy& policy);
[[nodiscard]] std::vector<client::PolicyPlugin> toClient(const std::vector<InstalledPolicy>& policies);

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// The plugins of a federation as clients see them, and how clients' libraries reach the installer, which
// outlives the intake. Core thread.
#pragma once

#include <vector>

#include "controller/rpc/policy_intake.h"

namespace kubefed::controller {

[[nodiscard]] client::PolicyPlugin toClient(const InstalledPolicy& policy);
[[nodiscard]] std::vector<client::PolicyPlugin> toClient(const std::vector<InstalledPolicy>& policies);
[[nodiscard]] PolicyIntake intakeOf(PolicyInstaller& installer);

}  // namespace kubefed::controller

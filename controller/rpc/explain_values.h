// SPDX-License-Identifier: Apache-2.0
//
// A full explanation as clients get it: one verdict for each cluster, chosen ones first, then by score.
// Formats every reason: only for an explanation that somebody asked for. Core thread.
#pragma once

#include "controller/controller.h"
#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

// Within the callback of Controller::explain().
[[nodiscard]] client::Explanation toClient(const Controller& controller, const client::ObjectId& object,
                                           const Explained& explained);

}  // namespace kubefed::controller

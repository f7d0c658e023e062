// SPDX-License-Identifier: Apache-2.0
//
// A full explanation as clients get it: one verdict for each cluster, chosen ones first, then by score.
// Formats every reason: only for an explanation that somebody asked for. Core thread.
#pragma once

#include "controller/controller.h"
#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

// NotFound as Controller::explain().
[[nodiscard]] Result<client::Explanation> explainObject(const Controller& controller,
                                                        const client::ObjectId& object);

}  // namespace kubefed::controller

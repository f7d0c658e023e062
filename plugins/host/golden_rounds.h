// SPDX-License-Identifier: Apache-2.0
//
// What a plugin is put through before it may run in a controller: whole rounds over fleets of many sizes,
// with hostile texts, with and without explanation, each twice. Pure but for the plugin; one thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/host/registry.h"

namespace kubefed::plugins {

// `configs`: those that policies give it now; each must be accepted. Without any, an empty one is tried,
// which it may refuse. `step` is told what comes next, so that one who watches knows what a crash or a hang
// was in. FailedPrecondition: it failed or threw, gave an invalid answer, or two to one question.
[[nodiscard]] Result<void> runGoldenRounds(PolicyRegistry& registry, const std::string& plugin,
                                           const std::vector<kube::JsonObject>& configs,
                                           const std::function<void(const std::string&)>& step);

}  // namespace kubefed::plugins

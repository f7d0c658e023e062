// SPDX-License-Identifier: Apache-2.0
//
// The strategies of the built-in kinds, one factory each. Stateless; shared by all servers of a process.
#pragma once

#include <memory>

#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

using StrategyPtr = std::shared_ptr<const KindStrategy>;

[[nodiscard]] StrategyPtr makeNamespaceStrategy();
[[nodiscard]] StrategyPtr makeConfigMapStrategy();
[[nodiscard]] StrategyPtr makeSecretStrategy();
[[nodiscard]] StrategyPtr makeServiceAccountStrategy();
[[nodiscard]] StrategyPtr makePodStrategy();
[[nodiscard]] StrategyPtr makeReplicationControllerStrategy();
[[nodiscard]] StrategyPtr makeServiceStrategy();
[[nodiscard]] StrategyPtr makeEndpointsStrategy();
[[nodiscard]] StrategyPtr makeEndpointSliceStrategy();
[[nodiscard]] StrategyPtr makeNodeStrategy();
[[nodiscard]] StrategyPtr makeEventStrategy();
[[nodiscard]] StrategyPtr makeLeaseStrategy();
[[nodiscard]] StrategyPtr makeRoleStrategy(bool cluster);
[[nodiscard]] StrategyPtr makeRoleBindingStrategy(bool cluster);
[[nodiscard]] StrategyPtr makeCrdStrategy();
[[nodiscard]] StrategyPtr makeReviewStrategy();

}  // namespace kubefed::apiserver

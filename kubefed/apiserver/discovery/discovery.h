// SPDX-License-Identifier: Apache-2.0
//
// The discovery documents: /api, /apis, per group, per version, and the aggregated v2 form of both. Made
// from the Registry on request (small). Pure functions of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/apiserver/registry.h"

namespace kubefed::apiserver {

// The types of a version, with what can only be posted to (bindings).
[[nodiscard]] std::vector<SpecPtr> servedBy(const Registry& registry, std::string_view group,
                                            std::string_view version);
[[nodiscard]] std::string apiVersionsText(std::string_view serverAddress);
[[nodiscard]] std::string apiGroupListText(const Registry& registry);
// Empty: no such group / version.
[[nodiscard]] std::string apiGroupText(const Registry& registry, std::string_view group);
[[nodiscard]] std::string apiResourceListText(const Registry& registry, std::string_view group,
                                              std::string_view version);
inline constexpr std::string_view kAggregatedType =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
// `core`: what /api answers, else /apis.
[[nodiscard]] std::string aggregatedText(const Registry& registry, bool core);

}  // namespace kubefed::apiserver

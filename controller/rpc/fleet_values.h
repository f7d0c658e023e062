// SPDX-License-Identifier: Apache-2.0
//
// The fleet's values from what the controller knows. Pure reading; core thread.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "controller/host/host_mirror.h"
#include "controller/membership/member.h"
#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

[[nodiscard]] client::TimeMs toTimeMs(WallTime time);
[[nodiscard]] client::ObjectId toObjectId(const TemplateId& id);
// Nothing for a type that is not propagated.
[[nodiscard]] std::optional<TemplateId> toTemplateId(const client::ObjectId& id);

// Without number, timeline and latencies, which only time tells.
[[nodiscard]] client::Cluster clusterValue(const Member& member);

// `numberOf` answers 0 for a cluster that is not known (any more): its share is left out. `since` is the
// caller's. Nothing: there is no such template.
[[nodiscard]] std::optional<client::Object> objectValue(
    const HostMirror& mirror, const TemplateId& id,
    const std::function<client::ClusterNumber(std::string_view)>& numberOf);

}  // namespace kubefed::controller

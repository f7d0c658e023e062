// SPDX-License-Identifier: Apache-2.0
//
// Makes fleets up: N clusters and M objects with believable names and figures, and troubles in the words of
// the controller, which tells nothing else; the same for the same seed. For tests of the window, its pictures
// and its benchmark. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kubefed/client/fleet_types.h"

namespace kubefed::testing {

struct FleetShape {
    std::size_t clusters = 8;
    std::size_t objects = 40;
    std::size_t sharesPerObject = 3;
    // Of a thousand.
    std::size_t troubledClusters = 40, troubledObjects = 8;
    std::uint32_t seed = 1;
    client::TimeMs now = 1'700'000'000'000;
};

[[nodiscard]] client::FleetInfo syntheticInfo();
[[nodiscard]] client::FleetChanges syntheticFleet(const FleetShape& shape);
// The small fleet of the pictures: oregon does not answer, two objects fail in tokyo, stockholm was just
// joined, all else is well.
[[nodiscard]] client::FleetChanges storyFleet(client::TimeMs now);
// That fleet with what takes the most room: long states, ages of three letters and a unit, an object that
// nothing was decided for, and nothing that happened yet.
[[nodiscard]] client::FleetChanges wideFleet(client::TimeMs now);
// That fleet as somebody sees it who may only look into namespace "shop", and what he is told of that.
[[nodiscard]] client::FleetChanges namesOnlyFleet(client::TimeMs now);
[[nodiscard]] client::FleetInfo namesOnlyInfo();
// Why `object` of that fleet is where it is: five plugins, every cluster of then; or that it follows others.
[[nodiscard]] client::Explanation storyExplanation(const client::FleetChanges& fleet,
                                                   const client::ObjectId& object, client::TimeMs now);
[[nodiscard]] std::vector<client::PolicyPlugin> storyPolicies();
// With one of them disabled, since the controller ended in it.
[[nodiscard]] std::vector<client::PolicyPlugin> accusedPolicies();

}  // namespace kubefed::testing

// SPDX-License-Identifier: Apache-2.0
//
// Which policy governs a template. A namespaced policy wins, then higher priority, then the more specific
// selector (by name, by label, by kind), then the older, then the name. Losing a policy never moves anything:
// if the policy that decided is gone or no longer matches because it was edited, the decision is frozen
// until another matching policy is created or a matching one edited. Pure functions; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kubefed/fed/kinds.h"
#include "kubefed/fed/types.h"

namespace kubefed::fed {

struct Governance {
    const Policy* policy = nullptr;  // one of `policies`; null: none
    // Set while frozen: what PlacementSpec::frozenAgainst must say (so that a restart stays frozen).
    std::optional<std::vector<PolicySeen>> frozenAgainst = {};
    std::string message = {};  // why there is none, for people
    // No policy names the kind, so it goes where its users are (Services, dependents).
    bool follows = false;
};

// `namespaceLabels` may be null (no labels). `last` is null where there is no Placement yet. Deleting
// policies are as good as gone.
[[nodiscard]] Governance govern(const KindTraits& kind, const kube::Object& object,
                                const kube::JsonObject* namespaceLabels,
                                std::span<const Policy* const> policies, const PlacementSpec* last);

// How well a policy matches an object; nothing if it does not. Higher is more specific.
enum class Specificity { ByKind = 1, ByLabel = 2, ByName = 3 };
[[nodiscard]] std::optional<Specificity> match(const Policy& policy, const KindTraits& kind,
                                               const kube::Object& object,
                                               const kube::JsonObject* namespaceLabels);

}  // namespace kubefed::fed

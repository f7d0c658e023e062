// SPDX-License-Identifier: Apache-2.0
//
// What became of a template, from what is known of its object in each cluster: the Placement's per-cluster
// states and conditions, and the template's own status (sums, a copy, a union). Pure; any thread. A cluster
// that cannot be reached counts with what was last seen there.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kubefed/fed/kinds.h"
#include "kubefed/fed/projection.h"
#include "kubefed/fed/types.h"

namespace kubefed::fed {

using PodReasons = std::map<std::string, int, std::less<>>;  // how many of the workload's pods, by reason

// One cluster as the controller sees it now. Sorted by name wherever there are several.
struct ClusterView {
    std::string name;
    ObjectState state = ObjectState::Pending;
    std::string reason;
    std::string message;
    std::optional<std::int64_t> desired;  // replicas decided for it
    bool wanted = true;                   // false: only there until it is removed
    bool reachable = true;
    const MemberObject* live = nullptr;  // null: nothing is known to be there
    PodReasons podReasons;
    std::int64_t templateGeneration = 0;  // that stands there, if state is Synced
};

// "ImagePullBackOff ×3": the most frequent, the first by name among equals; empty where there is none.
[[nodiscard]] std::string commonestReason(const PodReasons& reasons);
// "ConfigMap "a" and Secret "b" do not exist in namespace "shop"": by name, the first dozen.
[[nodiscard]] std::string describeMissing(std::span<const std::string> missing, std::string_view ns);

// `previous`: the entry of this cluster as it was written last, for lastTransitionTime; null: none.
[[nodiscard]] ClusterObjectStatus clusterStatus(const ClusterView& view, const KindTraits& kind,
                                                const ClusterObjectStatus* previous, std::string_view now);

// Nothing is done in some cluster, for a reason that no waiting ends: Suspended, NotPropagated.
[[nodiscard]] bool isHeld(std::span<const ClusterView> views);

// Applied and Healthy, from the same views; Scheduled is the scheduler's. Keeps other conditions.
// `generation` is the Placement's own, by which `kubectl wait` judges whether a condition is of today.
void setObjectConditions(PlacementStatus& status, std::span<const ClusterView> views, const KindTraits& kind,
                         std::int64_t generation, std::string_view now);

// What stands for a deletion that cannot end: "waits for oregon, which cannot be reached".
void setDeletionCondition(PlacementStatus& status, std::span<const std::string> unreachable,
                          std::int64_t generation, std::string_view now);

// The template's status as it should be; nothing where the federation has nothing to say (a kind without
// status, no cluster that ever had it).
[[nodiscard]] std::optional<kube::JsonObject> templateStatus(const KindTraits& kind,
                                                             const kube::Object& source,
                                                             std::span<const ClusterView> views);

}  // namespace kubefed::fed

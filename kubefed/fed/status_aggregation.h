// SPDX-License-Identifier: Apache-2.0
//
// What became of a template, from what is known of its object in each cluster: the Placement's per-cluster
// states and conditions, and the template's own status (sums, a copy, a union). Pure; any thread. A cluster
// that cannot be reached counts with what was last seen there; one that was not seen since the controller was
// started, with what the Placement says of it.
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

// Of a cluster that was not listed since the controller was started, as far as its Placement tells.
struct Remembered {
    std::int64_t ready = 0;
    std::int64_t mostReplicas = 0;  // at least the ready ones stand there, at most these
    bool wasHealthy = false;
};

// One cluster as the controller sees it now. Sorted by name wherever there are several.
struct ClusterView {
    std::string name;
    ObjectState state = ObjectState::Pending;
    std::string reason;
    std::string message;
    std::optional<std::int64_t> desired;  // replicas decided for it
    bool wanted = true;                   // false: only there until it is removed
    bool reachable = true;
    const MemberObject* live = nullptr;         // null: nothing is known to be there
    std::optional<Remembered> remembered = {};  // only without `live`
    PodReasons podReasons;
    std::int64_t templateGeneration = 0;  // that stands there, if state is Synced
};

// "ImagePullBackOff ×3": the most frequent, the first by name among equals; empty where there is none.
[[nodiscard]] std::string commonestReason(const PodReasons& reasons);
// Every pod that should be there is, and is ready.
[[nodiscard]] bool arePodsReady(const ClusterView& view, const KindTraits& kind);

// What pods name and will not find.
struct MissingDependency {
    std::string name;  // "ConfigMap "a""
    std::string why;   // it is never sent to clusters; empty: it does not exist
};
// "ConfigMap "a" and Secret "b" do not exist in namespace "shop"; Secret "c" (tokens belong to one cluster)
// is not propagated": by name, the first dozen of either.
[[nodiscard]] std::string describeMissing(std::span<const MissingDependency> missing, std::string_view ns);

// For a cluster at which nobody has looked yet since the controller was started: what was written of it
// stands, unless it says that a version or a share is done which is not the present one. That is told by
// `generation`, the template's, and with `live` (it is listed already) by `sent`, the manifest's hash for
// this share. Of kinds without a generation (ConfigMap, Service) only the latter: what was edited while no
// controller ran counts as done until they are listed.
void recall(ClusterView& view, const PlacementStatus& written, std::int64_t generation, std::uint64_t sent);

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
// status, no cluster that ever had it). Where only the Placement tells of a cluster, figures that stand there
// stay as long as they can be true, and no address is dropped.
[[nodiscard]] std::optional<kube::JsonObject> templateStatus(const KindTraits& kind,
                                                             const kube::Object& source,
                                                             std::span<const ClusterView> views);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// Every name that the federation writes into API objects, in one place, and the rule by which Placements are
// named. Constants and pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kubefed/kube/gvk.h"

namespace kubefed::fed {

inline constexpr std::string_view kGroup = "kubefed.io";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kApiVersion = "kubefed.io/v1alpha1";
inline constexpr std::string_view kSystemNamespace = "kubefed-system";

inline constexpr std::string_view kMemberClusterKind = "MemberCluster";
inline constexpr std::string_view kPlacementPolicyKind = "PlacementPolicy";
inline constexpr std::string_view kClusterPlacementPolicyKind = "ClusterPlacementPolicy";
inline constexpr std::string_view kPlacementKind = "Placement";
inline constexpr std::string_view kPolicyPluginKind = "PolicyPlugin";

[[nodiscard]] kube::Gvr memberClusters();
[[nodiscard]] kube::Gvr placementPolicies();
[[nodiscard]] kube::Gvr clusterPlacementPolicies();
[[nodiscard]] kube::Gvr placements();
[[nodiscard]] kube::Gvr policyPlugins();

// The policy that `kubefed init` makes.
inline constexpr std::string_view kDefaultPolicyName = "default";
// Keeps a template until its objects are gone from the members, and its Placement until the template is gone.
inline constexpr std::string_view kPropagationFinalizer = "kubefed.io/propagation";
// Keeps a MemberCluster until it has left.
inline constexpr std::string_view kMembershipFinalizer = "kubefed.io/membership";
// On a template: "false" makes it an ordinary object of the federation's own.
inline constexpr std::string_view kPropagateAnnotation = "kubefed.io/propagate";
// On a MemberCluster: the clusterUID that a person accepted for this name, in place of the one it had.
inline constexpr std::string_view kConfirmUidAnnotation = "kubefed.io/confirm-cluster-uid";
// On the Secret with a member's token: when it expires (RFC 3339).
inline constexpr std::string_view kTokenExpiryAnnotation = "kubefed.io/token-expires";
// On objects in members. The label's value is the federation's id.
inline constexpr std::string_view kFederationLabel = "kubefed.io/federation";
inline constexpr std::string_view kTemplateKindAnnotation =
    "kubefed.io/template-kind";                                                 // "v1 Pod": Gvk::text()
inline constexpr std::string_view kTemplateAnnotation = "kubefed.io/template";  // "shop/frontend"
inline constexpr std::string_view kAppliedAnnotation = "kubefed.io/applied";    // hash of what was sent
inline constexpr std::string_view kFieldManager = "kubefed";

// "<kind>.<group>.<name>" in lower case, "core" for the core group; beyond 253 characters its beginning and
// a hash of the whole.
[[nodiscard]] std::string placementName(const kube::Gvk& kind, std::string_view name);
// Where the Placement of a template stands: its namespace, or kubefed-system for cluster-scoped ones.
[[nodiscard]] kube::ObjectKey placementKey(const kube::Gvk& kind, const kube::ObjectKey& key);

// FNV-1a, 64 bits: stable over builds and machines, for names and tie-breaks, not against enemies.
[[nodiscard]] constexpr std::uint64_t stableHash(std::string_view text,
                                                 std::uint64_t seed = 14695981039346656037ULL) {
    for (const char c : text)
        seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return seed;
}

}  // namespace kubefed::fed

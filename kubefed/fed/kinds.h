// SPDX-License-Identifier: Apache-2.0
//
// The one table of the types that this version propagates, and everything that differs between them: where
// replicas, pod templates and selectors stand, what they depend on, which fields the host's API server fills
// in. Everybody who must treat a kind specially asks here. Constants and pure functions; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/object.h"

namespace kubefed::fed {

using FieldPath = std::span<const std::string_view>;

// What decides where objects of a kind go.
enum class Role {
    Workload,   // a policy
    Service,    // the pods it selects, unless a policy names the kind
    Dependent,  // the workloads that name it, unless a policy names the kind
    Namespace,  // made in a member when something is placed there
};

struct KindTraits {
    std::string_view group;
    std::string_view version;
    std::string_view kind;
    std::string_view resource;
    std::string_view singular;
    Role role = Role::Workload;
    bool namespaced = true;
    bool hasStatus = false;      // members' status is aggregated into the template's
    bool hasGeneration = false;  // the API server counts metadata.generation
    bool isPod = false;          // the object is itself the pod
    FieldPath replicas = {};     // empty: not a replicated type
    FieldPath podTemplate = {};  // empty: none (a Pod is its own)
    FieldPath podSelector = {};  // a plain map of labels; empty: none

    [[nodiscard]] bool isReplicated() const { return !replicas.empty(); }
    [[nodiscard]] bool hasPods() const { return isPod || !podTemplate.empty(); }
    [[nodiscard]] kube::Gvk gvk() const {
        return {std::string(group), std::string(version), std::string(kind)};
    }
    [[nodiscard]] kube::Gvr gvr() const {
        return {std::string(group), std::string(version), std::string(resource)};
    }
};

[[nodiscard]] std::span<const KindTraits> enabledKinds();
[[nodiscard]] const KindTraits* findKind(const kube::Gvk& gvk);  // null: not propagated
[[nodiscard]] const KindTraits* findKind(std::string_view apiVersion, std::string_view kind);
[[nodiscard]] const KindTraits* findResource(const kube::Gvr& gvr);

// An object of an enabled type that is nevertheless not a template: owned ones, what Kubernetes or Helm keep
// for themselves, kube-* and kubefed-system, anything annotated kubefed.io/propagate: "false". The reason for
// people, empty for a template.
[[nodiscard]] std::string_view whyNoTemplate(const kube::Object& object);
[[nodiscard]] inline bool isTemplate(const kube::Object& object) {
    return whyNoTemplate(object).empty();
}
// The same for a namespace's name: nothing in it is ever propagated.
[[nodiscard]] bool isReservedNamespace(std::string_view ns);

// .spec.replicas, 1 where absent (as Kubernetes defaults it); nothing for types without.
[[nodiscard]] std::optional<std::int64_t> replicasOf(const KindTraits& kind, const kube::JsonObject& object);
void setReplicas(const KindTraits& kind, kube::JsonObject& object, std::int64_t replicas);
// The pod spec and the pod labels of a Pod or of a pod template; null where there are none.
[[nodiscard]] const kube::JsonObject* podSpecOf(const KindTraits& kind, const kube::JsonObject& object);
[[nodiscard]] const kube::JsonObject* podLabelsOf(const KindTraits& kind, const kube::JsonObject& object);
// A Service's selector; null without one (such a Service selects nothing).
[[nodiscard]] const kube::JsonObject* podSelectorOf(const KindTraits& kind, const kube::JsonObject& object);

// A ConfigMap, Secret or ServiceAccount that a pod names. `optional`: the pod starts without it.
struct Dependency {
    std::string_view kind;  // "ConfigMap", "Secret", "ServiceAccount" (all v1, in the pod's namespace)
    std::string name;
    bool optional = false;
    auto operator<=>(const Dependency&) const = default;
};
// Sorted, each once (not optional if named once without). Volumes (projected too), env, envFrom,
// imagePullSecrets, serviceAccountName. ServiceAccount default and kube-root-ca.crt are left out: every
// cluster has its own. ServiceAccounts name Secrets too (imagePullSecrets).
[[nodiscard]] std::vector<Dependency> dependenciesOf(const KindTraits& kind, const kube::JsonObject& object);

// Requests of one replica in milli-units, by resource ("cpu": 250, "memory": 67108864000), sorted: the sum
// of the containers, at least each init container's. What cannot be parsed is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> requestsOf(const KindTraits& kind,
                                                                           const kube::JsonObject& object);

// Removes what the host's API server filled in, by the fixed list of the kind. (What every object carries,
// such as uid and managedFields, is not its business.)
void stripHostFilled(const KindTraits& kind, kube::JsonObject& object);

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/kinds.h"

#include <algorithm>
#include <array>

#include "kubefed/fed/names.h"

namespace kubefed::fed {

namespace {

constexpr std::array<std::string_view, 2> kSpecReplicas{"spec", "replicas"};
constexpr std::array<std::string_view, 2> kSpecTemplate{"spec", "template"};
constexpr std::array<std::string_view, 2> kSpecSelector{"spec", "selector"};

constexpr std::array<KindTraits, 7> kKinds{{
    {.group = "",
     .version = "v1",
     .kind = "Pod",
     .resource = "pods",
     .singular = "pod",
     .hasStatus = true,
     .hasGeneration = true,
     .isPod = true},
    {.group = "",
     .version = "v1",
     .kind = "ReplicationController",
     .resource = "replicationcontrollers",
     .singular = "replicationcontroller",
     .hasStatus = true,
     .hasGeneration = true,
     .replicas = kSpecReplicas,
     .podTemplate = kSpecTemplate,
     .podSelector = kSpecSelector},
    {.group = "",
     .version = "v1",
     .kind = "Service",
     .resource = "services",
     .singular = "service",
     .role = Role::Service,
     .hasStatus = true,
     .podSelector = kSpecSelector},
    {.group = "",
     .version = "v1",
     .kind = "ConfigMap",
     .resource = "configmaps",
     .singular = "configmap",
     .role = Role::Dependent},
    {.group = "",
     .version = "v1",
     .kind = "Secret",
     .resource = "secrets",
     .singular = "secret",
     .role = Role::Dependent},
    {.group = "",
     .version = "v1",
     .kind = "ServiceAccount",
     .resource = "serviceaccounts",
     .singular = "serviceaccount",
     .role = Role::Dependent},
    {.group = "",
     .version = "v1",
     .kind = "Namespace",
     .resource = "namespaces",
     .singular = "namespace",
     .role = Role::Namespace,
     .namespaced = false},
}};

bool isVersion(std::string_view apiVersion, const KindTraits& kind) {
    if (kind.group.empty())
        return apiVersion == kind.version;
    return apiVersion.size() == kind.group.size() + 1 + kind.version.size() &&
           apiVersion.starts_with(kind.group) && apiVersion[kind.group.size()] == '/' &&
           apiVersion.ends_with(kind.version);
}

}  // namespace

std::span<const KindTraits> enabledKinds() {
    return kKinds;
}

const KindTraits* findKind(const kube::Gvk& gvk) {
    const auto found = std::ranges::find_if(kKinds, [&](const KindTraits& kind) {
        return kind.kind == gvk.kind && kind.group == gvk.group && kind.version == gvk.version;
    });
    return found == kKinds.end() ? nullptr : &*found;
}

const KindTraits* findKind(std::string_view apiVersion, std::string_view kindName) {
    const auto found = std::ranges::find_if(
        kKinds, [&](const KindTraits& kind) { return kind.kind == kindName && isVersion(apiVersion, kind); });
    return found == kKinds.end() ? nullptr : &*found;
}

const KindTraits* findResource(const kube::Gvr& gvr) {
    const auto found = std::ranges::find_if(kKinds, [&](const KindTraits& kind) {
        return kind.resource == gvr.resource && kind.group == gvr.group && kind.version == gvr.version;
    });
    return found == kKinds.end() ? nullptr : &*found;
}

bool isReservedNamespace(std::string_view ns) {
    return ns.starts_with("kube-") || ns == kSystemNamespace;
}

std::string_view whyNoTemplate(const kube::Object& object) {
    const KindTraits* kind = findKind(object.apiVersion(), object.kind());
    if (kind == nullptr)
        return "its type is not propagated";
    if (isReservedNamespace(kind->role == Role::Namespace ? object.name() : object.ns()))
        return "kube-* and kubefed-system are each cluster's own";
    if (object.annotation(kPropagateAnnotation) == "false")
        return "it is annotated kubefed.io/propagate: \"false\"";
    if (!object.ownerReferences().empty())
        return "another object owns it";
    if (kind->kind == "ServiceAccount" && object.name() == "default")
        return "every namespace has a ServiceAccount default of its own";
    if (kind->kind == "ConfigMap" && object.name() == "kube-root-ca.crt")
        return "every cluster has a ConfigMap kube-root-ca.crt of its own";
    if (kind->kind == "Namespace" && object.name() == "default")
        return "every cluster has a namespace default of its own";
    if (kind->kind == "Service" && object.ns() == "default" && object.name() == "kubernetes")
        return "every cluster has a Service kubernetes of its own";
    if (kind->kind == "Secret") {
        const std::string_view type = kube::stringAt(object.document(), {"type"});
        if (type == "kubernetes.io/service-account-token" || type == "bootstrap.kubernetes.io/token")
            return "tokens belong to one cluster";
        if (type == "helm.sh/release.v1" || object.name().starts_with("sh.helm.release.v1."))
            return "Helm keeps its releases in it";
    }
    return {};
}

}  // namespace kubefed::fed

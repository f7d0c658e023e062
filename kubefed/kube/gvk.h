// SPDX-License-Identifier: Apache-2.0
//
// Names of Kubernetes types and objects: group/version/kind, group/version/resource, namespace/name.
// Values; any thread.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace kubefed::kube {

// "v1" is {"", "v1"}; "apps/v1" is {"apps", "v1"}.
struct GroupVersion {
    std::string group;
    std::string version;
    auto operator<=>(const GroupVersion&) const = default;
    [[nodiscard]] static GroupVersion parse(std::string_view apiVersion);
    [[nodiscard]] std::string apiVersion() const;
};

struct Gvk {
    std::string group;
    std::string version;
    std::string kind;
    auto operator<=>(const Gvk&) const = default;
    [[nodiscard]] std::string apiVersion() const;
    [[nodiscard]] std::string text() const;  // "v1 Pod", "apps/v1 Deployment"
};

struct Gvr {
    std::string group;
    std::string version;
    std::string resource;
    auto operator<=>(const Gvr&) const = default;
    [[nodiscard]] std::string text() const;  // "pods", "deployments.apps"
    // "/api/v1" or "/apis/apps/v1", then "/namespaces/NS" if ns is not empty, "/pods", "/name".
    [[nodiscard]] std::string path(std::string_view ns = {}, std::string_view name = {},
                                   std::string_view subresource = {}) const;
};

// ns is empty for cluster-scoped objects.
struct ObjectKey {
    std::string ns;
    std::string name;
    auto operator<=>(const ObjectKey&) const = default;
    [[nodiscard]] std::string text() const { return ns.empty() ? name : ns + "/" + name; }
};

}  // namespace kubefed::kube

template <>
struct std::hash<kubefed::kube::ObjectKey> {
    std::size_t operator()(const kubefed::kube::ObjectKey& key) const noexcept {
        return std::hash<std::string>{}(key.ns) * 1099511628211U ^ std::hash<std::string>{}(key.name);
    }
};

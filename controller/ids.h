// SPDX-License-Identifier: Apache-2.0
//
// How the controller names things in its queues and maps. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kubefed/fed/kinds.h"
#include "kubefed/kube/gvk.h"

namespace kubefed::controller {

// One template, and equally its object in a member: the same kind and name.
struct TemplateId {
    std::uint8_t kind = 0;  // index in fed::enabledKinds()
    kube::ObjectKey key;
    auto operator<=>(const TemplateId&) const = default;

    [[nodiscard]] const fed::KindTraits& traits() const { return fed::enabledKinds()[kind]; }
    [[nodiscard]] std::string text() const { return std::string(traits().kind) + " " + key.text(); }
};

// Index in fed::enabledKinds(); negative where the type is not enabled.
[[nodiscard]] inline int kindIndex(const fed::KindTraits* traits) {
    return traits == nullptr ? -1 : static_cast<int>(traits - fed::enabledKinds().data());
}

// Namespaces come along with what is placed in them; every other enabled type is decided, written, mirrored.
[[nodiscard]] inline bool isPropagated(const fed::KindTraits& traits) {
    return traits.role != fed::Role::Namespace;
}

// Written into a Placement in the same write as its spec: the clusters that a decision dropped and from which
// the object is still to be removed, see removal.h. Only these (and a deleted template, and unjoin) allow a
// removal.
inline constexpr std::string_view kRemovingAnnotation = "kubefed.io/removing";

}  // namespace kubefed::controller

template <>
struct std::hash<kubefed::controller::TemplateId> {
    std::size_t operator()(const kubefed::controller::TemplateId& id) const noexcept {
        return std::hash<kubefed::kube::ObjectKey>{}(id.key) * 31U + id.kind;
    }
};

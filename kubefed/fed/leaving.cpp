// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/leaving.h"

#include <array>

namespace kubefed::fed {
namespace {

constexpr std::array kAnnotations{kUnjoinObjectsAnnotation, kUnjoinForceAnnotation, kUnjoinTimeAnnotation};

}  // namespace

UnjoinOrder unjoinOrderOf(const kube::Object& memberCluster) {
    WallTime ordered;
    WallTime deleted;
    if (!parseRfc3339(memberCluster.annotation(kUnjoinTimeAnnotation), ordered) ||
        !parseRfc3339(kube::stringAt(memberCluster.document(), {"metadata", "deletionTimestamp"}), deleted) ||
        ordered + kUnjoinWithin < deleted)
        return {};
    return {.deletesObjects = memberCluster.annotation(kUnjoinObjectsAnnotation) == "delete",
            .force = memberCluster.annotation(kUnjoinForceAnnotation) == "true"};
}

bool hasUnjoinOrder(const kube::Object& memberCluster) {
    for (const std::string_view annotation : kAnnotations)
        if (!memberCluster.annotation(annotation).empty())
            return true;
    return false;
}

kube::JsonObject unjoinPatch(const UnjoinOrder& order, WallTime now) {
    kube::JsonObject patch = unjoinUndoPatch();
    kube::JsonObject& annotations = kube::ensureObject(patch, {"metadata", "annotations"});
    annotations[kUnjoinObjectsAnnotation] = order.deletesObjects ? "delete" : "keep";
    if (order.force)
        annotations[kUnjoinForceAnnotation] = "true";
    annotations[kUnjoinTimeAnnotation] = toRfc3339(now);
    return patch;
}

kube::JsonObject unjoinUndoPatch() {
    kube::JsonObject patch;
    kube::JsonObject& annotations = kube::ensureObject(patch, {"metadata", "annotations"});
    for (const std::string_view annotation : kAnnotations)
        annotations[annotation] = nullptr;
    return patch;
}

}  // namespace kubefed::fed

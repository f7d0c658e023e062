// SPDX-License-Identifier: Apache-2.0
//
// Resource lists ({cpu: 100m, memory: 1Gi}): canonical form and the checks of containers and nodes. Pure.
#pragma once

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

// Rewrites every quantity of the list as kube-apiserver stores it; what is no quantity stays for validation.
void canonicalQuantities(kube::JsonObject* list);
// Resource names and values of one list, as for containers.
void checkResourceList(Checker& checker, const kube::JsonObject& list, const Path& path);
// `resources` of a container: names, values, requests <= limits.
void checkResources(Checker& checker, const kube::JsonObject& resources, const Path& path);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// Services: what is allocated (cluster addresses, node ports) and the checks. Every server uses the ranges
// 10.0.0.0/16 and 30000-32767; what is taken is read from the Services themselves. Pure; any thread.
#pragma once

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

[[nodiscard]] bool needsClusterIp(const kube::JsonObject& spec);  // any type but ExternalName
[[nodiscard]] bool needsNodePort(const kube::JsonObject& spec);
[[nodiscard]] bool isHeadless(const kube::JsonObject& spec);
[[nodiscard]] bool needsHealthPort(const kube::JsonObject& spec);
[[nodiscard]] bool externallyAccessible(const kube::JsonObject& spec);

// Gives a Service what it needs and does not have yet. Refused: a wished address or port that is taken or out
// of range. `previous` is null at creation.
[[nodiscard]] Causes allocateForService(kube::JsonObject& service, const kube::JsonObject* previous,
                                        const ObjectReader& objects);
// Fills in from `previous` what a client left out, and drops what the new type does not need.
void patchAllocated(kube::JsonObject& next, const kube::JsonObject& previous);

void checkService(Checker& checker, const kube::JsonObject& spec);
// clusterIP(s), ipFamilies and ipFamilyPolicy as such; part of checkService().
void checkServiceAddresses(Checker& checker, const kube::JsonObject& spec);
// Whether this server can serve the families that are asked for, once they are well-formed.
[[nodiscard]] Causes checkServiceFamilies(const kube::JsonObject& spec);
void checkServiceStatus(Checker& checker, const kube::JsonObject& status, const kube::JsonObject& spec);
void checkServiceUpdate(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous);

}  // namespace kubefed::apiserver

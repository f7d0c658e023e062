// SPDX-License-Identifier: Apache-2.0
//
// Reads the bodies that kubectl sends as application/vnd.kubernetes.protobuf when it creates a Namespace,
// ConfigMap, Secret or ServiceAccount, and DeleteOptions: the k8s envelope (magic, runtime.Unknown) and
// those kinds' messages. Anything else is 415. Pure.
#pragma once

#include <string_view>

#include "kubefed/kube/json.h"

namespace kubefed::apiserver {

[[nodiscard]] Result<kube::JsonObject> readProtobuf(std::string_view body);

}  // namespace kubefed::apiserver

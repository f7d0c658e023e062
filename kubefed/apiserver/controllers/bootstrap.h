// SPDX-License-Identifier: Apache-2.0
//
// What a server starts with if it is not there yet: the four namespaces and the RBAC objects that every
// Kubernetes server has. Server thread.
#pragma once

#include "kubefed/apiserver/controllers/internal_writer.h"

namespace kubefed::apiserver {

void createBootstrapObjects(InternalWriter& writer);

}  // namespace kubefed::apiserver

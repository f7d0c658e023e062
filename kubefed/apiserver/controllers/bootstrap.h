// SPDX-License-Identifier: Apache-2.0
//
// What a server starts with if it is not there yet: the four namespaces and the RBAC objects that every
// Kubernetes server has. Of those RBAC objects, what an older server did not know is added and logged, unless
// a person annotated them as not to be updated or gave them rules instead of gathered ones. Server thread.
#pragma once

#include "kubefed/apiserver/controllers/internal_writer.h"

namespace kubefed::apiserver {

// What is refused is told as by InternalWriter; calling it again makes what is missing.
void createBootstrapObjects(InternalWriter& writer, const InternalWriter::Outcome& outcome);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/bootstrap.h"

#include "kubefed/apiserver/auth.h"

namespace kubefed::apiserver {

void createBootstrapObjects(InternalWriter& writer, const InternalWriter::Outcome& outcome) {
    for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"})
        writer.ensure({"", "v1", "namespaces"}, {{"metadata", kube::JsonObject{{"name", name}}}}, outcome);
    for (const kube::Object& object : bootstrapRbac()) {
        const kube::Gvk kind = object.gvk();
        if (const SpecPtr spec = writer.pipeline().registry().byKind(kind))
            writer.ensure(spec->gvr, object.document(), outcome);
    }
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/bootstrap.h"

#include "kubefed/apiserver/auth.h"
#include "kubefed/util/log.h"

namespace kubefed::apiserver {

void createBootstrapObjects(InternalWriter& writer, const InternalWriter::Outcome& outcome) {
    for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"})
        writer.ensure({"", "v1", "namespaces"}, {{"metadata", kube::JsonObject{{"name", name}}}}, outcome);
    for (const kube::Object& object : bootstrapRbac()) {
        const SpecPtr spec = writer.pipeline().registry().byKind(object.gvk());
        if (!spec)
            continue;
        const std::string name(object.name());
        const kube::ObjectPtr present = writer.pipeline().state().get(spec->gvr, {"", name});
        if (!present) {
            writer.create(spec->gvr, object.document(), outcome);
            continue;
        }
        const auto completed = completedRbac(present->document(), object.document());
        if (!completed)
            continue;
        log::info("a default role or binding gets what it lacks",
                  {{"object", spec->gvr.resource + "/" + name},
                   {"added", addedToRbac(present->document(), *completed)}});
        writer.modify(spec->gvr, "", name, "", [&](kube::JsonObject& role) { role = *completed; }, outcome);
    }
}

}  // namespace kubefed::apiserver

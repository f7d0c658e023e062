// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/versions.h"

#include "kubefed/apiserver/state/collection.h"

namespace kubefed::apiserver {

bool isConverted(const ResourceSpec& spec, const Entry& entry) {
    return spec.custom && spec.schema && spec.gvr.version != entry.collection->gvr.version;
}

kube::JsonObject inVersionOf(const ResourceSpec& spec, const Entry& entry) {
    kube::JsonObject document = decode(entry)->document();
    document["apiVersion"] = spec.gvk().apiVersion();
    if (isConverted(spec, entry))
        kube::pruneUnknown(document, spec.schema->root());
    return document;
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/versions.h"

#include "kubefed/apiserver/state/collection.h"

namespace kubefed::apiserver {

bool isConverted(const ResourceSpec& spec, const Entry& entry) {
    return spec.custom && spec.schema && spec.gvr.version != entry.collection->gvr.version;
}

bool declaresAll(const ResourceSpec& spec, const kube::JsonObject& stored) {
    return !spec.custom || !spec.schema || kube::unknownFields(stored, spec.schema->root()).empty();
}

kube::JsonObject inVersionOf(const ResourceSpec& spec, const Entry& entry) {
    kube::JsonObject document = decode(entry)->document();
    document["apiVersion"] = spec.gvk().apiVersion();
    if (!spec.custom || !spec.schema)
        return document;
    kube::pruneUnknown(document, spec.schema->root());
    if (isConverted(spec, entry))
        return document;
    kube::Json value(std::move(document));
    kube::applyDefaults(value, spec.schema->root());
    return std::move(value.get_object());
}

}  // namespace kubefed::apiserver

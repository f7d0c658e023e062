// SPDX-License-Identifier: Apache-2.0
//
// The schema data of the built-in kinds (schema/*.json), embedded into the library. Parsed once per
// process and shared: immutable; any thread.
#pragma once

#include <memory>
#include <vector>

#include "kubefed/kube/schema.h"

namespace kubefed::apiserver {

struct SchemaData {
    std::vector<kube::JsonObject> documents;  // {"schemas": ..., "resources": ...}
    std::shared_ptr<const kube::SchemaSet> schemas;
};

// Internal: the embedded data is broken, which only a broken build can bring about.
[[nodiscard]] Result<std::shared_ptr<const SchemaData>> schemaData();

}  // namespace kubefed::apiserver

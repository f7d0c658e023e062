// SPDX-License-Identifier: Apache-2.0
//
// The CustomResourceDefinitions of kubefed.io as YAML text, embedded at build time from kubefed/fed/crds/.
// They are the one source of the API's schemas: the embedded API server serves them, an external one
// installs them. Constants; any thread; whoever needs them parses them with kube::parseYaml.
#pragma once

#include <span>
#include <string_view>

namespace kubefed::fed {

struct CrdDocument {
    std::string_view name;  // "memberclusters.kubefed.io"
    std::string_view yaml;
};

[[nodiscard]] std::span<const CrdDocument> crdDocuments();

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// docs/reference/api.md, made from the CRDs of kubefed/fed/crds: of each kind its names, its columns and
// every field. Pure; any thread. Errors: InvalidArgument names what stands in a CRD that the page could not
// tell, so that nothing is left out of it silently.
#pragma once

#include <span>
#include <string>

#include "kubefed/fed/crds.h"
#include "kubefed/util/error.h"

namespace kubefed::fed::testing {

[[nodiscard]] Result<std::string> apiReference(std::span<const CrdDocument> crds);

}  // namespace kubefed::fed::testing

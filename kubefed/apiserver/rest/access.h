// SPDX-License-Identifier: Apache-2.0
//
// May the caller of an exchange do what it asks? A question to RBAC, answered in kube-apiserver's words. Pure
// in the objects given; server thread.
#pragma once

#include "kubefed/apiserver/auth.h"
#include "kubefed/apiserver/rest/exchange.h"

namespace kubefed::apiserver {

// Whether the caller may do `verb` to what the request names: its own verb for every request, and "create"
// besides where an update or apply finds no object and would make one. Else 403.
[[nodiscard]] Result<void> checkAccess(const Exchange& exchange, std::string_view verb,
                                       const ObjectReader& objects);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// Joining a member again: a server-side apply takes away what the last one set and this one leaves out, and
// what governs placing (labels, taints) must not vanish with a flag that nobody repeated. Pure; any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "kubefed/cli/member_objects.h"

namespace kubefed::cli {

// The name of the Secret that the MemberCluster has; empty where it names none.
[[nodiscard]] std::string_view secretOf(const kube::Object& member);

// Completes `spec` by what stands in the MemberCluster `present`: the Secret's name and the TLS name where
// `spec` names none, and every label, annotation and field of spec that an earlier join or apply set and
// `spec` does not. What others own stays by itself and is left to them. `removed`: labels that are to go.
// `keepTlsServerName`: false where a person chose one, also an empty one.
void keepWhatWasSet(MemberSpec& spec, const kube::Object& present, const std::set<std::string>& removed,
                    bool keepTlsServerName);

}  // namespace kubefed::cli

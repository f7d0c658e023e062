// SPDX-License-Identifier: Apache-2.0
//
// From a MemberCluster and its Secret to a link's configuration. Pure; any thread. Secrets never enter
// errors.
#pragma once

#include "controller/membership/member_link.h"
#include "kubefed/fed/types.h"

namespace kubefed::controller {

// `secret`: null if there is none. FailedPrecondition or InvalidArgument says what is missing, for people.
[[nodiscard]] Result<MemberLinkConfig> linkConfig(const fed::MemberCluster& cluster,
                                                  const kube::Object* secret, std::string federationId);
// Standard alphabet, padding required, line breaks allowed; false for anything else.
[[nodiscard]] bool decodeBase64(std::string_view text, std::string& bytes);

}  // namespace kubefed::controller

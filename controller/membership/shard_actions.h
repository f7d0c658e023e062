// SPDX-License-Identifier: Apache-2.0
//
// Actions as HTTP requests to a member, and its answers as what the core needs of them. Bodies are sent as
// they were serialised. Pure; any thread.
#pragma once

#include "controller/membership/member_link.h"
#include "kubefed/net/http.h"

namespace kubefed::controller {

[[nodiscard]] net::HttpRequest toHttp(const ActionRequest& request, std::string_view federationId);
// The request that reads the object as it is now.
[[nodiscard]] net::HttpRequest toGet(const ActionRequest& request);
[[nodiscard]] Result<kube::Object> toObject(Result<net::HttpResponse> response);
[[nodiscard]] Result<ActionAnswer> toAnswer(const ActionRequest& request, Result<net::HttpResponse> response,
                                            std::string_view federationId);
// What such an object says, as an answer without a write.
[[nodiscard]] ActionAnswer toAnswer(const ActionRequest& request, const kube::Object& live,
                                    std::string_view federationId);
// The body can only be made from the object as it is now.
[[nodiscard]] bool needsLive(const fed::Action& action);
// That body; empty: nothing has to be written. NotFound where another object stands there.
[[nodiscard]] Result<std::string> bodyFor(const ActionRequest& request, const kube::Object& live);
// A Pod's tolerations are atomic and may only grow: the live ones, then those that are new; with the live
// resourceVersion, so that nobody's later change is lost.
[[nodiscard]] Result<std::string> withLiveTolerations(std::string_view body, const kube::Object& live);

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// The one table between Kubernetes Status reasons, HTTP codes and our Code, and both directions of it:
// making Status bodies (API server) and reading them (Client). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/gvk.h"
#include "kubefed/kube/json.h"

namespace kubefed::kube {

struct StatusCause {
    std::string reason;  // "FieldValueInvalid", "FieldValueRequired", "FieldManagerConflict", ...
    std::string message;
    std::string field;
};

// Errors as an API server answers them; `Error::status->body` holds the Status document. `resource` is the
// plural with the group for others than core ("pods", "roles.rbac.authorization.k8s.io").
[[nodiscard]] Error notFound(const Gvr& resource, std::string_view name);
[[nodiscard]] Error alreadyExists(const Gvr& resource, std::string_view name);
[[nodiscard]] Error conflict(const Gvr& resource, std::string_view name, std::string_view why);
// 422 for validation ("Pod \"x\" is invalid: ..."), `causes` in order.
[[nodiscard]] Error invalid(const Gvk& kind, std::string_view name, std::vector<StatusCause> causes);
[[nodiscard]] Error applyConflict(const Gvr& resource, std::string_view name,
                                  std::vector<StatusCause> causes);
[[nodiscard]] Error forbidden(const Gvr& resource, std::string_view name, std::string_view why);
[[nodiscard]] Error unauthorized();
[[nodiscard]] Error badRequest(std::string_view why);
[[nodiscard]] Error methodNotAllowed(std::string_view method, std::string_view resource);
[[nodiscard]] Error notAcceptable(std::string_view why);
[[nodiscard]] Error unsupportedMediaType(std::string_view why);
[[nodiscard]] Error expired(std::string_view why);  // 410
[[nodiscard]] Error tooManyRequests(std::string_view why, int retryAfterSeconds);
[[nodiscard]] Error internalError(std::string_view why);
// 500 without a reason and with the message alone, as kube-apiserver answers errors that it did not foresee.
[[nodiscard]] Error unexpected(std::string_view message);
// Whether a text tells that an applied object does not fit its type: API servers answer 500 to that, too.
[[nodiscard]] bool tellsMisfit(std::string_view text);
[[nodiscard]] Error serviceUnavailable(std::string_view why);
[[nodiscard]] Error tooLarge(std::string_view why);  // 413

// A Status document for any Error (errors without ApiStatus become InternalError or what the code implies).
[[nodiscard]] JsonObject toStatus(const Error& error);
[[nodiscard]] int toHttpCode(const Error& error);
// From an HTTP answer >= 400; the body need not be a Status (proxies). `retryAfter` is that header's value.
[[nodiscard]] Error fromHttp(int httpCode, std::string_view body, std::string_view retryAfter);

}  // namespace kubefed::kube

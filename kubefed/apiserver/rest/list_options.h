// SPDX-License-Identifier: Apache-2.0
//
// The options of list and watch, read and checked as kube-apiserver does, and the continue token. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kubefed/apiserver/rest/request_info.h"
#include "kubefed/kube/gvk.h"

namespace kubefed::apiserver {

struct ListOptions {
    std::int64_t limit = 0;
    std::optional<std::int64_t> resourceVersion;  // absent: most recent; 0: any
    bool exact = false;                           // exactly that version
    std::string startAfter;  // from the continue token: key of the last item shown, below the namespace
    bool isContinued = false;
    bool sendInitialEvents = false;
    bool bookmarks = false;
    std::optional<std::int64_t> timeoutSeconds;
};

// `current`: the newest version there is. Errors: 400, 422, 504 for a version from the future.
[[nodiscard]] Result<ListOptions> readListOptions(const RequestInfo& info, std::int64_t current);
// The resourceVersion of a get: 400 if it is not one, 504 if it is from the future.
[[nodiscard]] Result<void> checkGetOptions(const RequestInfo& info, std::int64_t current);
[[nodiscard]] std::string continueToken(std::int64_t rv, const std::string& lastKey);
// 410; with `fresh`, that token continues inconsistently from the present state.
[[nodiscard]] Error continueExpired(const std::string& fresh);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/error.h"

#include <array>

namespace kubefed {

std::string_view toString(Code code) {
    static constexpr std::array<std::string_view, 17> kNames{
        "Ok",       "Cancelled",      "Unknown",          "InvalidArgument",   "DeadlineExceeded",
        "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
        "DataLoss", "Unauthenticated"};
    const auto index = static_cast<std::size_t>(code);
    return index < kNames.size() ? kNames[index] : "Unknown";
}

std::string Error::text() const {
    std::string out;
    for (auto it = context.rbegin(); it != context.rend(); ++it) {
        out += *it;
        out += ": ";
    }
    out += message.empty() ? std::string(toString(code)) : message;
    return out;
}

}  // namespace kubefed

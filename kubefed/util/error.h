// SPDX-License-Identifier: Apache-2.0
//
// The one error type of the project and the Result that carries it. A value, movable between threads,
// owned by whoever holds it. `code` is one of the gRPC canonical codes; an error that came from a
// Kubernetes API server also carries its Status in `status`. The layer that handles an error logs it;
// layers that return it add context with withContext() and do not log.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kubefed {

// Same numbers as grpc::StatusCode.
enum class Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
};

std::string_view toString(Code code);

// What a Kubernetes Status body said. `body` is the whole Status as JSON text (may be empty).
struct ApiStatus {
    int httpCode = 0;
    std::string reason;  // "NotFound", "AlreadyExists", "Conflict", "Invalid", "Expired", ...
    std::string body;
};

struct Error {
    Code code = Code::Unknown;
    std::string message;  // what failed, on what, why, what to do; no final period
    std::string id = {};  // stable user-facing id such as "KF1103"; empty for internal errors
    std::vector<std::string> context = {};  // innermost first: what was being done
    std::optional<ApiStatus> status = {};
    std::optional<std::chrono::milliseconds> retryAfter = {};

    [[nodiscard]] Error withContext(std::string what) && {
        context.push_back(std::move(what));
        return std::move(*this);
    }
    // "outer: inner: message"
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool isReason(std::string_view reason) const { return status && status->reason == reason; }
};

template <class T>
using Result = std::expected<T, Error>;

// A callback that is called at most once, on the thread of whoever started the operation.
template <class T>
using Callback = std::move_only_function<void(Result<T>)>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message) {
    return std::unexpected(Error{.code = code, .message = std::move(message)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
    return std::unexpected(std::move(error));
}

}  // namespace kubefed

// Returns the error of a Result<...> expression from the enclosing function, else goes on.
#define KUBEFED_TRY(expression)                                    \
    do {                                                           \
        if (auto kubefedTry = (expression); !kubefedTry)           \
            return std::unexpected(std::move(kubefedTry.error())); \
    } while (false)

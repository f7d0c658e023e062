// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/http.h"

#include <algorithm>
#include <array>

namespace kubefed::net {
namespace {

struct ProblemWords {
    Problem problem;
    Code code;
    std::string_view words;
};

constexpr std::array kProblems{
    ProblemWords{Problem::NameNotFound, Code::Unavailable, "host not found"},
    ProblemWords{Problem::Refused, Code::Unavailable, "connection refused"},
    ProblemWords{Problem::Unreachable, Code::Unavailable, "host unreachable"},
    ProblemWords{Problem::Timeout, Code::DeadlineExceeded, "timed out"},
    ProblemWords{Problem::Reset, Code::Unavailable, "connection lost"},
    ProblemWords{Problem::UnknownCa, Code::Unauthenticated, "certificate signed by unknown authority"},
    ProblemWords{Problem::NameMismatch, Code::Unauthenticated, "certificate is for another name"},
    ProblemWords{Problem::Expired, Code::Unauthenticated, "certificate has expired"},
    ProblemWords{Problem::NotYetValid, Code::Unauthenticated, "certificate is not yet valid"},
    ProblemWords{Problem::Tls, Code::Unauthenticated, "TLS failed"},
    ProblemWords{Problem::Protocol, Code::Unavailable, "HTTP/2 failed"},
    ProblemWords{Problem::TooLarge, Code::ResourceExhausted, "answer too large"},
    ProblemWords{Problem::Malformed, Code::InvalidArgument, "request cannot be sent"},
};

}  // namespace

std::string_view header(const Headers& headers, std::string_view lowerCaseName) {
    for (const auto& [name, value] : headers)
        if (name == lowerCaseName)
            return value;
    return {};
}

Problem problemOf(const Error& error) {
    const std::string_view words = std::string_view(error.message).substr(0, error.message.find(": "));
    const auto* found = std::ranges::find(kProblems, words, &ProblemWords::words);
    return found != kProblems.end() && found->code == error.code ? found->problem : Problem::None;
}

Error makeProblem(Problem problem, std::string_view detail) {
    const auto* found = std::ranges::find(kProblems, problem, &ProblemWords::problem);
    if (found == kProblems.end())
        return Error{.code = Code::Unknown, .message = std::string(detail)};
    return Error{.code = found->code, .message = std::string(found->words).append(": ").append(detail)};
}

}  // namespace kubefed::net

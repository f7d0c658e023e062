// SPDX-License-Identifier: Apache-2.0
//
// From what a member's server said, or did not say, to the error that a person reads: id, evidence, remedy.
// Pure; any thread.
#pragma once

#include <string>

#include "kubefed/cli/errors.h"
#include "kubefed/kube/kubeconfig.h"
#include "kubefed/net/https_transport.h"

namespace kubefed::cli {

struct MemberIn {
    const kube::ContextConfig& context;
    std::string joinCommand;  // "kubefed join osaka --cluster-context osaka"
};

// The server answered, with this code.
[[nodiscard]] inline bool isStatus(const Error& error, int httpCode) {
    return error.status && error.status->httpCode == httpCode;
}
// A transport's failure or a certificate's; KF1101 to KF1105, KF1117.
[[nodiscard]] CliError connectionError(const Error& error, const MemberIn& member);
// A certificate that is not trusted, not valid or for another name; `probe.problem` is not None.
[[nodiscard]] CliError certificateError(const net::ServerProbe& probe, const MemberIn& member, WallTime now);
// An answer >= 400 to `what` ("create serviceaccounts in namespace kubefed-system"): KF1106, KF1107, KF1114;
// connectionError() for errors without a status.
[[nodiscard]] CliError memberApiError(const Error& error, const std::string& what, const MemberIn& member);
// "api.osaka.internal, 10.96.0.1"; the first few.
[[nodiscard]] std::string nameList(const std::vector<std::string>& names, std::size_t atMost = 6);

}  // namespace kubefed::cli

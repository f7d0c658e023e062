// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/errors.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace kubefed::cli {
namespace {

constexpr std::array kKinds{
    ErrorKind{"KF1001", kUsage, "no such context"},
    ErrorKind{"KF1002", kUsage, "which federation is not clear"},
    ErrorKind{"KF1003", kUsage, "the context is not of a federation"},
    ErrorKind{"KF1004", kFailed, "the federation cannot be reached"},
    ErrorKind{"KF1005", kFailed, "the federation refused"},
    ErrorKind{"KF1006", kFailed, "the kubeconfig cannot be used"},
    ErrorKind{"KF1007", kUsage, "the context's credentials are of a kind that is not supported"},
    ErrorKind{"KF1008", kUsage, "the command line is not understood"},
    ErrorKind{"KF1009", kFailed, "unexpected failure"},
    ErrorKind{"KF1010", kFailed, "no such type"},
    ErrorKind{"KF1011", kFailed, "no such object"},
    ErrorKind{"KF1012", kFailed, "the controller tells no gRPC endpoint"},
    ErrorKind{"KF1013", kFailed, "the controller cannot be reached by gRPC"},
    ErrorKind{"KF1014", kFailed, "the controller gave no answer"},
    ErrorKind{"KF1101", kMemberRefused, "the member cannot be reached"},
    ErrorKind{"KF1102", kMemberRefused, "the member does not answer in time"},
    ErrorKind{"KF1103", kMemberRefused, "the member's certificate is for another name"},
    ErrorKind{"KF1104", kMemberRefused, "the member's certificate is not trusted"},
    ErrorKind{"KF1105", kMemberRefused, "the member's certificate is not valid now"},
    ErrorKind{"KF1106", kMemberRefused, "the member does not accept the credentials"},
    ErrorKind{"KF1107", kMemberRefused, "a right is missing in the member"},
    ErrorKind{"KF1108", kMemberRefused, "the member's Kubernetes is too old"},
    ErrorKind{"KF1109", kFailed, "the cluster is already joined under another name"},
    ErrorKind{"KF1110", kUsage, "the context is of the federation itself"},
    ErrorKind{"KF1111", kMemberRefused, "the clocks disagree"},
    ErrorKind{"KF1112", kFailed, "the name is taken by another cluster"},
    ErrorKind{"KF1113", kTimedOut, "the member did not become Ready in time"},
    ErrorKind{"KF1114", kMemberRefused, "the member refused a write"},
    ErrorKind{"KF1115", kMemberRefused, "the member holds objects of another federation"},
    ErrorKind{"KF1116", kFailed, "the federation refused a write"},
    ErrorKind{"KF1117", kMemberRefused, "the member answers nonsense"},
    ErrorKind{"KF1120", kFailed, "no such member"},
    ErrorKind{"KF1121", kTimedOut, "the member has not left in time"},
    ErrorKind{"KF1122", kPartial, "the member left, but not everything there could be removed"},
    ErrorKind{"KF1201", kFailed, "the federation exists already"},
    ErrorKind{"KF1202", kFailed, "the kubeconfig context exists already"},
    ErrorKind{"KF1203", kFailed, "a program of kubefed is missing"},
    ErrorKind{"KF1204", kFailed, "the federation did not start"},
    ErrorKind{"KF1205", kUsage, "no such federation on this machine"},
    ErrorKind{"KF1206", kFailed, "the federation's data folder cannot be used"},
    ErrorKind{"KF1207", kTimedOut, "the federation did not become ready in time"},
    ErrorKind{"KF1208", kTimedOut, "the federation did not end in time"},
    ErrorKind{"KF1301", kFailed, "the manifest cannot be read"},
    ErrorKind{"KF1302", kPartial, "some objects were not applied"},
    ErrorKind{"KF1303", kFailed, "no object was applied"},
    ErrorKind{"KF1401", kFailed, "there is no placement"},
    ErrorKind{"KF1501", kFailed, "the sandbox did not start"},
    ErrorKind{"KF1502", kFailed, "the sandbox does not run"},
    ErrorKind{"KF1503", kFailed, "the sandbox refused"},
    ErrorKind{"KF1601", kFailed, "the policy library cannot be used"},
    ErrorKind{"KF1602", kFailed, "the policy case cannot be used"},
    ErrorKind{"KF1603", kFailed, "the policy fails"},
    ErrorKind{"KF1604", kFailed, "policy cases do not pass"},
    ErrorKind{"KF1605", kUsage, "no such policy"},
    ErrorKind{"KF1606", kUsage, "the policy is not trusted"},
    ErrorKind{"KF1607", kFailed, "the policy was not installed"},
    ErrorKind{"KF1608", kFailed, "the federation takes no policies"},
    ErrorKind{"KF1609", kFailed, "the policy cannot be removed"},
};

}  // namespace

std::span<const ErrorKind> errorKinds() {
    return kKinds;
}

const ErrorKind& errorKind(std::string_view id) {
    const auto* found = std::ranges::find(kKinds, id, &ErrorKind::id);
    if (found == kKinds.end())
        std::abort();
    return *found;
}

CliError missingProgram(const std::filesystem::path& program) {
    return {.id = "KF1203",
            .message = "the program " + program.filename().string() + " is missing",
            .evidence = "it is looked for at " + program.string(),
            .remedy =
                "install kubefed whole, its programs belong into one folder: cmake --install "
                "build/release --prefix PREFIX",
            .changed = kNothingChanged};
}

}  // namespace kubefed::cli

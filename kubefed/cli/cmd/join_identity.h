// SPDX-License-Identifier: Apache-2.0
//
// May this cluster be that member? By the uid of its namespace kube-system, not by its address: one cluster
// is one member of a federation, and a name stays with its cluster until a person says otherwise. Pure; any
// thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "kubefed/cli/errors.h"
#include "kubefed/fed/types.h"

namespace kubefed::cli {

struct JoinIdentity {
    std::string name;     // the member's, as asked for
    std::string context;  // the cluster's
    std::string endpoint;
    std::string uid;
    std::string federation;
    std::string federationUid;  // empty: not known
    std::string command;        // to join it, for people
    bool replace = false;       // it may take the place of another cluster
};

// Nothing: it may. KF1109, KF1110, KF1112.
[[nodiscard]] std::optional<CliError> identityProblem(const JoinIdentity& cluster,
                                                      std::span<const fed::MemberCluster> members);
// The cluster that stood under this name so far, where it is another one.
[[nodiscard]] bool isAnotherCluster(const JoinIdentity& cluster, const fed::MemberCluster& member);

}  // namespace kubefed::cli

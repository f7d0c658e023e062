// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/join_identity.h"

namespace kubefed::cli {
namespace {

bool isSameCluster(const JoinIdentity& cluster, const fed::MemberCluster& member) {
    return member.status.clusterUid.empty() ? member.spec.apiEndpoint == cluster.endpoint
                                            : member.status.clusterUid == cluster.uid;
}

CliError joinedAlready(const JoinIdentity& cluster, const fed::MemberCluster& other) {
    return {.id = "KF1109",
            .message = "the cluster of context \"" + cluster.context + "\" is already joined as \"" +
                       other.name + "\"",
            .evidence = other.status.clusterUid.empty()
                            ? "the same server, " + cluster.endpoint
                            : "the same namespace kube-system (uid " + cluster.uid + ")",
            .remedy = "use that name, or kubefed unjoin " + other.name + " first",
            .changed = kNothingChanged};
}

}  // namespace

bool isAnotherCluster(const JoinIdentity& cluster, const fed::MemberCluster& member) {
    return !member.status.clusterUid.empty() && member.status.clusterUid != cluster.uid;
}

std::optional<CliError> identityProblem(const JoinIdentity& cluster,
                                        std::span<const fed::MemberCluster> members) {
    if (!cluster.federationUid.empty() && cluster.uid == cluster.federationUid)
        return CliError{.id = "KF1110",
                        .message = "context \"" + cluster.context + "\" is of federation \"" +
                                   cluster.federation + "\" itself, not of a member",
                        .evidence = "both have the same namespace kube-system (uid " + cluster.uid + ")",
                        .remedy = "name the member's context with --cluster-context",
                        .changed = kNothingChanged};
    for (const fed::MemberCluster& other : members) {
        if (other.name != cluster.name) {
            if (isSameCluster(cluster, other))
                return joinedAlready(cluster, other);
            continue;
        }
        if (other.isDeleting)
            return CliError{.id = "KF1112",
                            .message = "member \"" + other.name + "\" is just leaving",
                            .evidence = "its MemberCluster is being deleted",
                            .remedy = "wait until kubefed unjoin has ended, then join again",
                            .changed = kNothingChanged};
        if (isAnotherCluster(cluster, other) && !cluster.replace)
            return CliError{.id = "KF1112",
                            .message = "member \"" + other.name +
                                       "\" is another cluster than that of context \"" + cluster.context +
                                       "\"",
                            .evidence = "it has uid " + other.status.clusterUid + " at " +
                                        other.spec.apiEndpoint + ", the context's cluster has " + cluster.uid,
                            .remedy =
                                "choose another name; if the cluster was set up anew and takes the old one's "
                                "place: " +
                                cluster.command + " --replace",
                            .changed = kNothingChanged};
    }
    return std::nullopt;
}

}  // namespace kubefed::cli

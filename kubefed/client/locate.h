// SPDX-License-Identifier: Apache-2.0
//
// Finds federations: contexts of the kubeconfig that are marked as ours, and the gRPC endpoint that a
// federation tells in ConfigMap kube-public/kubefed-info (keys federationId, grpcEndpoint, grpcCA).
#pragma once

#include <string>
#include <vector>

#include "kubefed/client/federation_client.h"
#include "kubefed/kube/client.h"
#include "kubefed/kube/kubeconfig.h"

namespace kubefed::client {

// Names of contexts with our extension, in the kubeconfig's order.
[[nodiscard]] std::vector<std::string> federationContexts(const kube::Kubeconfig& config);

// Asks the federation's API, with the same credentials as the gRPC connection will use. FailedPrecondition:
// it tells no gRPC endpoint (an older controller, or it has not started yet).
[[nodiscard]] Request locate(kube::Client& api, const net::Identity& identity,
                             Callback<FederationEndpoint> done);

}  // namespace kubefed::client

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/locate.h"

#include <utility>

namespace kubefed::client {
namespace {

Result<FederationEndpoint> endpointOf(const kube::Object& info, const net::Identity& identity) {
    FederationEndpoint endpoint;
    endpoint.address = kube::stringAt(info.document(), {"data", "grpcEndpoint"});
    if (endpoint.address.empty())
        return fail(Code::FailedPrecondition,
                    "the federation tells no gRPC endpoint in ConfigMap kube-public/kubefed-info; its "
                    "controller is older, or has not started yet");
    endpoint.caPem = kube::stringAt(info.document(), {"data", "grpcCA"});
    endpoint.certificatePem = identity.clientCertPem;
    endpoint.keyPem = identity.clientKeyPem;
    endpoint.bearerToken = identity.bearerToken;
    if (endpoint.caPem.empty())
        endpoint.caPem = identity.caPem;
    return endpoint;
}

}  // namespace

std::vector<std::string> federationContexts(const kube::Kubeconfig& config) {
    return config.federationContexts();
}

Request locate(kube::Client& api, const net::Identity& identity, Callback<FederationEndpoint> done) {
    return api.get({"", "v1", "configmaps"}, {"kube-public", "kubefed-info"},
                   [identity, done = std::move(done)](Result<kube::Object> info) mutable {
                       if (info)
                           return done(endpointOf(*info, identity));
                       if (info.error().isReason("NotFound"))
                           return done(fail(Code::FailedPrecondition,
                                            "this is not a federation: it has no ConfigMap "
                                            "kube-public/kubefed-info"));
                       done(fail(std::move(info.error()).withContext("asking for the gRPC endpoint")));
                   });
}

}  // namespace kubefed::client

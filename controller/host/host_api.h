// SPDX-License-Identifier: Apache-2.0
//
// The federation API as the controller uses it: list+watch of a type, and single writes. The controller knows
// its host only through this. Owned by the composition root, core thread, callbacks there; destroying a
// handle cancels. Errors are those of kube::Client. Implementations: ClientHostApi, FakeHostApi (tests).
#pragma once

#include <string>

#include "kubefed/cache/reflector.h"
#include "kubefed/kube/client.h"

namespace kubefed::controller {

class HostApi {
public:
    HostApi() = default;
    HostApi(const HostApi&) = delete;
    HostApi& operator=(const HostApi&) = delete;
    virtual ~HostApi() = default;

    // Mirrors a type (an empty ns: everywhere) until the handle goes; the sink outlives it.
    [[nodiscard]] virtual Request mirror(const kube::Gvr& gvr, std::string ns,
                                         cache::ReflectorSink& sink) = 0;

    [[nodiscard]] virtual Request get(const kube::Gvr& gvr, const kube::ObjectKey& key,
                                      Callback<kube::Object> done) = 0;
    [[nodiscard]] virtual Request create(const kube::Gvr& gvr, const kube::Object& object,
                                         Callback<kube::Object> done) = 0;
    // JSON merge patch. A metadata.resourceVersion in it makes the write conditional (409 otherwise).
    [[nodiscard]] virtual Request patch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string body,
                                        std::string subresource, Callback<kube::Object> done) = 0;
    [[nodiscard]] virtual Request remove(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string uid,
                                         Callback<kube::Object> done) = 0;
};

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// HostApi over a kube::Client and Reflectors: the embedded API server or a real kube-apiserver. Core thread;
// the client and the clock outlive it.
#pragma once

#include <cstdint>

#include "controller/host/host_api.h"

namespace kubefed::controller {

class ClientHostApi final : public HostApi {
public:
    ClientHostApi(kube::Client& client, Clock& clock) : m_client(client), m_clock(clock) {}

    [[nodiscard]] Request mirror(const kube::Gvr& gvr, std::string ns, cache::ReflectorSink& sink) override;
    [[nodiscard]] Request get(const kube::Gvr& gvr, const kube::ObjectKey& key,
                              Callback<kube::Object> done) override;
    [[nodiscard]] Request create(const kube::Gvr& gvr, const kube::Object& object,
                                 Callback<kube::Object> done) override;
    [[nodiscard]] Request patch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string body,
                                std::string subresource, Callback<kube::Object> done) override;
    [[nodiscard]] Request remove(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string uid,
                                 Callback<kube::Object> done) override;

private:
    kube::Client& m_client;
    Clock& m_clock;
    std::uint64_t m_seed = 1;
};

}  // namespace kubefed::controller

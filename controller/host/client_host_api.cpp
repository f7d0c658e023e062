// SPDX-License-Identifier: Apache-2.0
#include "controller/host/client_host_api.h"

namespace kubefed::controller {
namespace {

constexpr std::string_view kManager = "kubefed-controller";

class Mirror final : public Request::State {
public:
    Mirror(kube::Client& client, Clock& clock, cache::ReflectorConfig config, cache::ReflectorSink& sink,
           std::uint64_t seed)
        : m_reflector(client, clock, std::move(config), sink, seed) {
        m_reflector.start();
    }

private:
    cache::Reflector m_reflector;
};

kube::WriteOptions options(std::string subresource = {}) {
    kube::WriteOptions result;
    result.fieldManager = kManager;
    result.subresource = std::move(subresource);
    return result;
}

}  // namespace

Request ClientHostApi::mirror(const kube::Gvr& gvr, std::string ns, cache::ReflectorSink& sink) {
    cache::ReflectorConfig config;
    config.gvr = gvr;
    config.ns = std::move(ns);
    return Request(std::make_unique<Mirror>(m_client, m_clock, std::move(config), sink, m_seed++));
}

Request ClientHostApi::get(const kube::Gvr& gvr, const kube::ObjectKey& key, Callback<kube::Object> done) {
    return m_client.get(gvr, key, std::move(done));
}

Request ClientHostApi::create(const kube::Gvr& gvr, const kube::Object& object, Callback<kube::Object> done) {
    return m_client.create(gvr, object, options(), std::move(done));
}

Request ClientHostApi::patch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string body,
                             std::string subresource, Callback<kube::Object> done) {
    return m_client.patch(gvr, key, kube::PatchType::Merge, std::move(body), options(std::move(subresource)),
                          std::move(done));
}

Request ClientHostApi::remove(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string uid,
                              Callback<kube::Object> done) {
    kube::DeleteOptions how;
    how.uid = std::move(uid);
    return m_client.remove(gvr, key, std::move(how), std::move(done));
}

}  // namespace kubefed::controller

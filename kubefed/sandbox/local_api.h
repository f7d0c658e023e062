// SPDX-License-Identifier: Apache-2.0
//
// Requests of a member's own controllers to its API server, in process and as an administrator: the same
// path as over the network, without one. Belongs to the member and its thread. An answer may come from
// inside the call; what the server accepted is visible in objects() right after it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kubefed/apiserver/server.h"

namespace kubefed::sandbox {

class LocalApi {
public:
    // `done` gets the HTTP status and the body.
    using Done = std::function<void(int status, const std::string& body)>;

    explicit LocalApi(apiserver::ApiServer& server) : m_server(server) {}

    [[nodiscard]] const apiserver::ObjectReader& objects() const { return m_server.objects(); }
    void create(const kube::Gvr& gvr, std::string_view ns, const kube::JsonObject& object,
                std::string_view name = {}, std::string_view subresource = {}, Done done = {});
    void mergePatch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string_view subresource,
                    const kube::JsonObject& patch, Done done = {});
    void replace(const kube::Gvr& gvr, const kube::ObjectKey& key, const kube::JsonObject& object,
                 Done done = {});
    // `graceSeconds` < 0: as the object says.
    void remove(const kube::Gvr& gvr, const kube::ObjectKey& key, int graceSeconds, Done done = {});

private:
    void send(std::string method, std::string path, std::string_view contentType, std::string body,
              Done done);
    apiserver::ApiServer& m_server;
};

}  // namespace kubefed::sandbox

// SPDX-License-Identifier: Apache-2.0
//
// A whole API server on a clock that stands still, asked without sockets, and helpers to read its answers.
#pragma once

#include <memory>
#include <string>

#include "kubefed/apiserver/server.h"
#include "kubefed/net/tls.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_response.h"

namespace kubefed::test {

using Answer = std::shared_ptr<net::FakeResponse>;

inline kube::JsonObject body(const Answer& answer) {
    const Result<kube::Json> parsed = kube::parseJson(answer->body());
    return parsed && parsed->is_object() ? parsed->get_object() : kube::JsonObject();
}

inline std::string text(const Answer& answer, std::initializer_list<std::string_view> path) {
    return std::string(kube::stringAt(body(answer), path));
}

inline std::string configMap(const std::string& name, const std::string& value,
                             const std::string& more = {}) {
    return "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" + name + "\"" + more +
           "},\"data\":{\"k\":\"" + value + "\"}}";
}

inline const std::string kMaps = "/api/v1/namespaces/default/configmaps";

struct Server {
    FakeClock clock;
    std::unique_ptr<apiserver::ApiServer> server;
    net::FakeCaller admin;

    explicit Server(apiserver::ApiServerConfig config = {}) {
        static const net::KeyPair kKey = net::makeSigningKey().value();
        config.signingKeyPem = kKey.keyPem;
        config.clusterCaPem = "CA";
        server = apiserver::ApiServer::open(std::move(config), clock).value();
        clock.advance(Duration(0));
    }
    Answer ask(const std::string& method, const std::string& target, const std::string& content = {},
               const std::string& type = "application/json", net::Headers more = {}) {
        return admin.ask(*server, method, target, content, type, std::move(more));
    }
};

}  // namespace kubefed::test

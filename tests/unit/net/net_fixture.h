// SPDX-License-Identifier: Apache-2.0
//
// What the tests of net share: a CA with certificates made once per process, a handler that answers by
// function, a consumer that collects a stream.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/net/http_server.h"
#include "kubefed/net/https_transport.h"

namespace kubefed::net {

struct TestPki {
    KeyPair ca = makeCa("test-ca", std::chrono::hours{24}).value();
    KeyPair server = makeCertificate(ca, {.commonName = "server",
                                          .organizations = {},
                                          .dnsNames = {"localhost", "federation.test"},
                                          .addresses = {"127.0.0.1", "::1"},
                                          .server = true})
                         .value();
    KeyPair alice = client("alice", {"devs"});

    [[nodiscard]] KeyPair client(std::string name, std::vector<std::string> groups, bool rsa = false) const {
        return makeCertificate(ca, {.commonName = std::move(name),
                                    .organizations = std::move(groups),
                                    .dnsNames = {},
                                    .addresses = {},
                                    .client = true,
                                    .rsa = rsa})
            .value();
    }
    [[nodiscard]] ServerConfig serverConfig() const {
        ServerConfig config;
        config.certificate = server;
        config.clientCaPem = ca.certPem;
        return config;
    }
    [[nodiscard]] Identity anonymous() const {
        Identity identity;
        identity.caPem = ca.certPem;
        return identity;
    }
    [[nodiscard]] Identity as(const KeyPair& pair) const {
        Identity identity = anonymous();
        identity.clientCertPem = pair.certPem;
        identity.clientKeyPem = pair.keyPem;
        return identity;
    }
};

inline Endpoint loopback(std::uint16_t port) {
    return Endpoint{.host = "127.0.0.1", .port = port, .basePath = {}};
}

inline HttpRequest get(std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    request.timeout = Duration{10'000};
    return request;
}

class FunctionHandler final : public HttpHandler {
public:
    using Function = std::function<void(ServerRequest, std::shared_ptr<ResponseWriter>)>;
    explicit FunctionHandler(Function function) : m_function(std::move(function)) {}
    void handle(ServerRequest request, std::shared_ptr<ResponseWriter> writer) override {
        m_function(std::move(request), std::move(writer));
    }

private:
    Function m_function;
};

class CollectingStream final : public HttpStream {
public:
    void onHead(int s, const Headers& h) override {
        status = s;
        headers = h;
    }
    bool onData(std::string_view chunk) override {
        data.append(chunk);
        return !paused;
    }
    void onEnd(Result<void> result) override { end = std::move(result); }

    int status = 0;
    Headers headers;
    std::string data;
    bool paused = false;
    std::optional<Result<void>> end;
};

// Where a callback puts its result.
template <class T>
class Slot {
public:
    [[nodiscard]] Callback<T> callback() {
        return [this](Result<T> r) { result = std::move(r); };
    }
    [[nodiscard]] bool isSet() const { return result.has_value(); }
    [[nodiscard]] bool isOk() const { return result && result->has_value(); }
    const T& value() const { return **result; }
    const Error& error() const { return result->error(); }

    std::optional<Result<T>> result;
};

}  // namespace kubefed::net

// SPDX-License-Identifier: Apache-2.0
//
// One request under way: what came in, who asks, and how to answer. Shared by the handler and the
// completions of its writes; answers at most once (a watch begins a stream instead). Server thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/apiserver/rest/negotiation.h"
#include "kubefed/apiserver/rest/request_info.h"
#include "kubefed/apiserver/state/entry.h"
#include "kubefed/apiserver/strategy.h"
#include "kubefed/net/http_server.h"

namespace kubefed::apiserver {

struct Exchange {
    net::ServerRequest request;
    RequestInfo info;
    Format format;
    User user;
    std::shared_ptr<const ResourceSpec> spec;  // resource requests
    std::shared_ptr<net::ResponseWriter> writer;
    std::vector<std::string> warnings;  // go out as Warning headers
    std::string fieldManager;
    WallTime now;
    std::function<void(int status)> onAnswered;  // metrics

    void respondText(int status, std::string_view contentType, std::string body);
    // JSON text, in the form that was negotiated.
    void respondJson(int status, std::string json);
    void fail(const Error& error);
    void begin(int status, std::string_view contentType);
    [[nodiscard]] net::Headers headers(std::string_view contentType) const;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// "the server could not find the requested resource" and the like: what kube-apiserver answers where no
// type is concerned.
[[nodiscard]] Error genericError(int status);

}  // namespace kubefed::apiserver

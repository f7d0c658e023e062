// SPDX-License-Identifier: Apache-2.0
//
// From a request to its handler: negotiation, who asks, may they, which type, which verb. Everything that is
// not about a type goes to the NonResource function. Server thread.
#pragma once

#include <functional>

#include "kubefed/apiserver/rest/handlers.h"

namespace kubefed::apiserver {

class Metrics;

class Router {
public:
    using NonResource = std::function<void(const ExchangePtr&)>;
    Router(Services& services, Clock& clock, Metrics& metrics, NonResource nonResource);

    void route(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer);

private:
    [[nodiscard]] bool admit(const ExchangePtr& exchange);
    void routeResource(const ExchangePtr& exchange);
    void routeSubresource(const ExchangePtr& exchange);
    void dispatch(const ExchangePtr& exchange);
    void measure(const ExchangePtr& exchange);

    Services& m_services;
    Clock& m_clock;
    Metrics& m_metrics;
    NonResource m_nonResource;
};

}  // namespace kubefed::apiserver

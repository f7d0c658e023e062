// SPDX-License-Identifier: Apache-2.0
//
// Everything that is not about a type: discovery, OpenAPI, version, health, metrics. Server thread.
#pragma once

#include <functional>
#include <string>

#include "kubefed/apiserver/discovery/openapi.h"
#include "kubefed/apiserver/metrics.h"
#include "kubefed/apiserver/rest/handlers.h"

namespace kubefed::apiserver {

class NonResourceHandler {
public:
    NonResourceHandler(Services& services, OpenApi& openApi, Metrics& metrics, std::string gitVersion)
        : m_services(services), m_openApi(openApi), m_metrics(metrics), m_gitVersion(std::move(gitVersion)) {}

    void handle(const ExchangePtr& exchange);
    // Everything that a server starts with is stored: /readyz may say so.
    void setStarted(bool started) { m_started = started; }
    void setExtraMetrics(std::function<std::string()> appended) { m_extraMetrics = std::move(appended); }

private:
    [[nodiscard]] bool discovery(const ExchangePtr& exchange);
    [[nodiscard]] bool openApi(const ExchangePtr& exchange);
    void version(const ExchangePtr& exchange);
    void health(const ExchangePtr& exchange);
    void metrics(const ExchangePtr& exchange);

    Services& m_services;
    OpenApi& m_openApi;
    Metrics& m_metrics;
    const std::string m_gitVersion;
    bool m_started = false;
    std::function<std::string()> m_extraMetrics;
};

}  // namespace kubefed::apiserver

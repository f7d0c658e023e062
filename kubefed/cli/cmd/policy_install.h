// SPDX-License-Identifier: Apache-2.0
//
// `kubefed policy install|list|remove`: the plugins of a running federation. Installing uploads the library
// to its controller; listing and removing go by the PolicyPlugin objects. One object is one run; main thread.
#pragma once

#include <memory>
#include <string>

#include "kubefed/cli/verb.h"
#include "kubefed/client/federation_client.h"

namespace kubefed::cli {

struct PluginOptions {
    CommonOptions common;
    std::string library;  // install
    bool trust = false;
    std::string name;  // remove
    bool wide = false;
};

class PolicyInstall final : public FederationVerb {
public:
    PolicyInstall(Environment& environment, PluginOptions options)
        : FederationVerb(environment, options.common), m_options(std::move(options)) {}

protected:
    void run() override;

private:
    void upload(client::FederationEndpoint endpoint);
    void onInstalled(Result<client::PolicyInstalled> answer);

    PluginOptions m_options;
    SteadyTime m_started{};
    std::unique_ptr<client::FederationClient> m_controller;
    Request m_request;
};

class PolicyList final : public FederationVerb {
public:
    PolicyList(Environment& environment, PluginOptions options)
        : FederationVerb(environment, options.common), m_options(std::move(options)) {}

protected:
    void run() override;

private:
    PluginOptions m_options;
    Request m_request;
};

class PolicyRemove final : public FederationVerb {
public:
    PolicyRemove(Environment& environment, PluginOptions options)
        : FederationVerb(environment, options.common), m_options(std::move(options)) {}

protected:
    void run() override;

private:
    void onObject(Result<kube::Object> answer);

    PluginOptions m_options;
    Request m_request;
};

}  // namespace kubefed::cli

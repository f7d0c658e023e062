// SPDX-License-Identifier: Apache-2.0
//
// One policy object behind the C boundary, and the calls to it: nothing that it throws or answers wrongly
// leaves here as anything but an Error. Used by one thread at a time. Internal to plugins/host.
#pragma once

#include <memory>
#include <string>

#include "kubefed/fed/policy_round.h"
#include "plugins/host/manifest.h"

namespace kubefed::plugins {

// A loaded library; its code stays mapped for the life of the process.
struct Plugin {
    Manifest manifest;
    const kubefed_policy_manifest* functions = nullptr;
    std::string file;
    std::string sha256;
};

class Instance {
public:
    // InvalidArgument: the configuration does not fit the plugin's schema, or its constructor refused it.
    [[nodiscard]] static Result<std::unique_ptr<Instance>> make(std::shared_ptr<const Plugin> plugin,
                                                                kube::Json config);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] const Plugin& plugin() const { return *m_plugin; }
    [[nodiscard]] Result<void> run(fed::Stage stage, const fed::RoundContext& context,
                                   std::span<fed::RoundRow> rows, fed::ReasonLog* reasons);

private:
    Instance(std::shared_ptr<const Plugin> plugin, kube::Json config);

    std::shared_ptr<const Plugin> m_plugin;
    kube::Json m_config;  // the policy may read it as long as it lives
    void* m_policy = nullptr;
};

}  // namespace kubefed::plugins

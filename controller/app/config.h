// SPDX-License-Identifier: Apache-2.0
//
// What a controller with an embedded API server is started from: DIR/config.yaml and DIR/pki, as `kubefed
// init` writes them. Values; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kubefed/net/tls.h"
#include "kubefed/util/clock.h"

namespace kubefed::controller {

struct DaemonConfig {
    std::filesystem::path data;
    std::string federation;
    std::string federationId;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;      // 0: any free one, chosen once and written back
    std::uint16_t grpcPort = 0;  // as `port`
    std::vector<std::filesystem::path> pluginDirs;
    bool withoutPolicies = false;      // but those built in
    Duration policyCallLimit{10'000};  // a call into a plugin that takes longer is a hang
    int shards = 2;
    std::string caPem;
    net::KeyPair server;
    net::KeyPair client;        // the controller's own, towards its API server
    std::string signingKeyPem;  // service account tokens
};

// NotFound and InvalidArgument name the file and the field.
[[nodiscard]] Result<DaemonConfig> readConfig(const std::filesystem::path& data);
// Replaces one port (`field`) in config.yaml, atomically; the rest stays.
[[nodiscard]] Result<void> writePort(const std::filesystem::path& data, std::string_view field,
                                     std::uint16_t port);

}  // namespace kubefed::controller

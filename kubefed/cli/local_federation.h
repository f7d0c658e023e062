// SPDX-License-Identifier: Apache-2.0
//
// The data folder of a federation on this machine, as `kubefed init` makes it and `kubefed-controller` uses
// it: config.yaml, pki/, kubefed.db, kubefed-controller.pid, log. A value over a path; blocking file access.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "kubefed/net/tls.h"

#include <sys/types.h>

namespace kubefed::cli {

struct LocalConfig {
    std::string federation;
    std::string federationId;  // UUID
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;        // 0 until the controller has chosen one
    std::string pluginDir;         // with more policy plugins; written by create() alone
    bool hasDefaultPolicy = true;  // whether whoever completes the federation makes the policy "default"
};

class LocalFederation {
public:
    // <dataHome>/kubefed/<name>
    LocalFederation(const std::filesystem::path& dataHome, const std::string& name);

    [[nodiscard]] const std::filesystem::path& folder() const { return m_folder; }
    [[nodiscard]] std::filesystem::path logFile() const { return m_folder / "kubefed-controller.log"; }
    [[nodiscard]] std::filesystem::path pidFile() const { return m_folder / "kubefed-controller.pid"; }
    [[nodiscard]] std::filesystem::path storeFile() const { return m_folder / "kubefed.db"; }
    [[nodiscard]] bool exists() const;
    // There is a store of a federation whose config.yaml is lost; it is not to be taken for a new one's.
    [[nodiscard]] bool isOrphaned() const;

    // Makes the folder (0700), every key and certificate, and config.yaml last: without it nothing exists.
    [[nodiscard]] Result<void> create(const LocalConfig& config) const;
    [[nodiscard]] Result<LocalConfig> readConfig() const;
    [[nodiscard]] std::optional<pid_t> readPid() const;
    // The admin's identity for the kubeconfig and for our own requests.
    [[nodiscard]] Result<net::Identity> adminIdentity() const;
    [[nodiscard]] Result<void> remove() const;  // as removeFolder()
    // The last lines of the log, as evidence; never empty.
    [[nodiscard]] std::string logTail(std::size_t lines) const;

private:
    std::filesystem::path m_folder;
};

[[nodiscard]] std::string makeUuid();
[[nodiscard]] bool isUuid(std::string_view text);
// A port that is free on `address` now.
[[nodiscard]] Result<std::uint16_t> freePort(const std::string& address);

}  // namespace kubefed::cli

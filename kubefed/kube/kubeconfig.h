// SPDX-License-Identifier: Apache-2.0
//
// Reading, merging and editing kubeconfig files as kubectl does ($KUBECONFIG lists merge, first wins;
// relative file names are relative to the file; data beats files; token beats tokenFile). Editing changes
// one file atomically (temporary file, fsync, rename, mode 0600) and keeps what we do not understand.
// Authentication by exec plugin or auth-provider is reported as Unimplemented, by name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/net/tls.h"

namespace kubefed::kube {

// What a context resolves to.
struct ContextConfig {
    std::string context;
    std::string cluster;
    std::string user;
    std::string ns;  // "default" where the context names none
    net::Endpoint endpoint;
    net::Identity identity;
    bool isFederation = false;  // marked by our extension ("kubefed.io/federation")
    std::string federation;     // its name there
};

class Kubeconfig {
public:
    // `explicitPath` (--kubeconfig) alone if given, else $KUBECONFIG, else ~/.kube/config. Missing files are
    // empty; an explicit one that is missing is NotFound.
    [[nodiscard]] static Result<Kubeconfig> load(const std::optional<std::filesystem::path>& explicitPath);

    [[nodiscard]] std::string currentContext() const;
    [[nodiscard]] std::vector<std::string> contexts() const;
    // NotFound names the contexts that there are.
    [[nodiscard]] Result<ContextConfig> resolve(std::string_view context) const;
    [[nodiscard]] std::vector<std::string> federationContexts() const;
    // The contexts that carry an extension of that name.
    [[nodiscard]] std::vector<std::string> markedContexts(std::string_view mark) const;
    // Where a new context is written: the explicit file, or the first of $KUBECONFIG, or ~/.kube/config.
    [[nodiscard]] const std::filesystem::path& writePath() const { return m_writePath; }

private:
    JsonObject m_merged;
    std::filesystem::path m_writePath;
};

struct NewContext {
    std::string name;                            // of context, cluster and user alike
    std::string server;                          // URL
    net::Identity identity;                      // written as *-data
    std::string federation = {};                 // the name written into the mark; empty: no mark
    std::string mark = "kubefed.io/federation";  // the extension by which we know it again as ours
};
// AlreadyExists if the context, cluster or user is there and not ours. Never changes current-context.
[[nodiscard]] Result<void> addContext(const std::filesystem::path& file, const NewContext& context);
[[nodiscard]] Result<void> removeContext(const std::filesystem::path& file, std::string_view name);

}  // namespace kubefed::kube

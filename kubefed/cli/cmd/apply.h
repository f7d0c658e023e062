// SPDX-License-Identifier: Apache-2.0
//
// `kubefed apply -f`: server-side apply of manifests, unforced, under the manager kubefed-cli. Everything is
// read and its type found before the first write; an object that is refused does not keep the others back, a
// lost connection does. One object is one run; main thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kubefed/cli/verb.h"
#include "kubefed/kube/discovery.h"

namespace kubefed::cli {

struct ApplyOptions {
    CommonOptions common;
    std::vector<std::string> files;  // files, folders, "-"
    std::string ns;
    bool dryRun = false;
};

class Apply final : public FederationVerb {
public:
    Apply(Environment& environment, ApplyOptions options);

protected:
    void run() override;

private:
    struct Item {
        kube::Object object;
        kube::ApiResource resource;
        std::string origin;
        [[nodiscard]] std::string text() const;  // "replicationcontroller/web"
    };
    // False: the verb has ended with an error.
    [[nodiscard]] bool readAll();
    [[nodiscard]] bool readText(const std::string& text, const std::string& origin);
    [[nodiscard]] bool add(kube::Json document, const std::string& origin);
    [[nodiscard]] bool findTypes(const kube::ApiSet& apis);
    void failManifest(std::string message, std::string evidence);
    void applyNext(std::size_t index);
    void write(std::size_t index);
    void onApplied(std::size_t index, Result<kube::Object> answer);
    void endWithoutConnection(std::size_t index, const Error& error);
    void end();

    ApplyOptions m_options;
    std::vector<Item> m_items;
    std::optional<kube::Object> m_before;  // of the one under way; with --error-unchanged only
    bool m_hasChanged = false;
    std::size_t m_failed = 0;
    std::string m_firstFailure;
    std::vector<std::string> m_remedies;  // of those that failed, each once
    Request m_request;
};

}  // namespace kubefed::cli

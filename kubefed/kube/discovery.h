// SPDX-License-Identifier: Apache-2.0
//
// Which types an API server serves: aggregated discovery with fallback to the per-group documents, and the
// RestMapper that turns what people type ("rc", "pods", "deployments.apps", "Pod") into a resource.
// ApiSet is a value; discover() runs on the client's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/client.h"

namespace kubefed::kube {

struct ApiResource {
    Gvr gvr;
    std::string kind;
    std::string singular;
    bool namespaced = false;
    std::vector<std::string> shortNames;
    std::vector<std::string> categories;
    std::vector<std::string> verbs;
    std::vector<std::string> subresources;  // "status", "scale"
    [[nodiscard]] Gvk gvk() const { return {gvr.group, gvr.version, kind}; }
};

class ApiSet {
public:
    ApiSet() = default;
    explicit ApiSet(std::vector<ApiResource> resources);
    [[nodiscard]] const std::vector<ApiResource>& resources() const { return m_resources; }
    [[nodiscard]] const ApiResource* byKind(const Gvk& gvk) const;
    [[nodiscard]] const ApiResource* byResource(const Gvr& gvr) const;
    // Plural, singular, short name or kind, optionally ".group" or ".version.group"; NotFound names near
    // misses.
    [[nodiscard]] Result<ApiResource> resolve(std::string_view typed) const;

private:
    std::vector<ApiResource> m_resources;  // in the server's order of preference
};

// `incomplete` groups (an aggregated API that is down) are left out of the set and named.
struct Discovery {
    ApiSet apis;
    std::vector<std::string> incomplete;
};
[[nodiscard]] Request discover(Client& client, Duration timeout, Callback<Discovery> done);

}  // namespace kubefed::kube

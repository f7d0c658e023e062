// SPDX-License-Identifier: Apache-2.0
//
// Who calls, and may they? By the federation API's own words: a client certificate of its CA (checked by TLS
// already), or TokenReview; then SubjectAccessReview. Answers are kept for ten seconds at most. Core thread;
// owned by FederationService; the host outlives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/host/host_api.h"
#include "controller/rpc/fleet_delta.h"

namespace kubefed::controller {

struct Credentials {
    std::string certificatePem;  // verified; empty: none
    std::string bearerToken;
};

struct Caller {
    std::string user;
    std::vector<std::string> groups;
    bool operator==(const Caller&) const = default;
};

struct Right {
    std::string verb;
    std::string resource;  // of group kubefed.io
    std::string ns;        // empty: cluster-wide
    auto operator<=>(const Right&) const = default;
};

class Access {
public:
    Access(HostApi& host, Clock& clock) : m_host(host), m_clock(clock) {}
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

    // Unauthenticated where there is nobody. Callbacks never come from inside the call.
    [[nodiscard]] Request authenticate(const Credentials& credentials, Callback<Caller> done);
    // PermissionDenied says who may not do what; Unavailable where it cannot be found out.
    [[nodiscard]] Request authorize(const Caller& caller, const Right& right, Callback<void> done);
    // What the caller may see of the fleet; of `namespaces` only, unless there is none of them.
    [[nodiscard]] Request see(const Caller& caller, std::set<std::string, std::less<>> known,
                              std::vector<std::string> namespaces, Callback<Visibility> done);

private:
    struct Looking;
    struct Kept {
        bool allowed = false;
        SteadyTime until{};
    };
    struct KeptCaller {
        Caller caller;
        SteadyTime until{};
    };
    void ask(const std::shared_ptr<Looking>& looking, const Right& right,
             std::function<void(Looking&)> allowed);
    void answered(const std::shared_ptr<Looking>& looking);

    HostApi& m_host;
    Clock& m_clock;
    std::map<std::pair<std::string, Right>, Kept> m_rights;
    std::map<std::string, KeptCaller> m_tokens;  // by their SHA-256
};

}  // namespace kubefed::controller

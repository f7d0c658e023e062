// SPDX-License-Identifier: Apache-2.0
//
// Who is asking, and may they? Authentication by client certificate (CN user, O groups) or service account
// token (our own JWTs, ES256 or RS256, bound to the ServiceAccount object); authorisation by RBAC objects,
// read from memory on every request. Server thread; no I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/apiserver/strategy.h"
#include "kubefed/net/http_server.h"

namespace kubefed::apiserver {

class TokenIssuer {
public:
    // `signingKeyPem`: private key; the issuer is "https://kubernetes.default.svc" as on a real server.
    [[nodiscard]] static Result<std::unique_ptr<TokenIssuer>> make(std::string_view signingKeyPem);
    ~TokenIssuer();

    struct Issued {
        std::string token;
        WallTime expires;
    };
    // With it the token ends: a Pod or Secret of the account's namespace, or a Node.
    struct BoundObject {
        std::string kind, name, uid;
    };
    // 600 s <= life; longer than `maxLife` is shortened to it, as real servers do.
    [[nodiscard]] Result<Issued> issue(std::string_view ns, std::string_view serviceAccount,
                                       std::string_view uid, std::vector<std::string> audiences,
                                       std::chrono::seconds life, WallTime now,
                                       const std::optional<BoundObject>& bound = {}) const;
    // Null: not ours, expired, tampered with, or its ServiceAccount or the object that it is bound to is gone
    // or another one.
    [[nodiscard]] std::optional<User> verify(std::string_view token, const ObjectReader& objects,
                                             WallTime now) const;

private:
    struct Key;
    TokenIssuer();
    std::unique_ptr<Key> m_key;
};

// Empty: 401 (a bad token, an unverified certificate). No credentials at all: system:anonymous.
[[nodiscard]] std::optional<User> authenticate(const net::ServerRequest& request, const TokenIssuer& tokens,
                                               const ObjectReader& objects, WallTime now);

struct Attributes {
    const User* user = nullptr;
    std::string verb;  // get, list, watch, create, update, patch, delete, deletecollection, impersonate, ...
    std::string group, resource, subresource, ns, name;
    std::string path;  // nonResource requests only ("/metrics")
    bool isResource = true;
};

struct Verdict {
    bool allowed = false;
    std::string reason;  // RBAC: which binding allowed it
};

// system:masters may do everything; the rest is RBAC (aggregated ClusterRoles, resourceNames, "*",
// "*/scale").
[[nodiscard]] Verdict authorize(const Attributes& attributes, const ObjectReader& objects);
// Rules of a user in a namespace, for SelfSubjectRulesReview.
[[nodiscard]] kube::JsonObject rulesFor(const User& user, std::string_view ns, const ObjectReader& objects);
// May `user` write this role or binding (a `resource`; `previous`: as it is now, or null), and so grant what
// it grants? 403 with what is missing; 404 for a binding of a role that is not there, because nobody can tell
// what it will grant.
[[nodiscard]] Result<void> checkGrant(const User& user, const kube::Gvr& resource,
                                      const kube::JsonObject& roleOrBinding, const kube::JsonObject* previous,
                                      std::string_view ns, const ObjectReader& objects);
// Cluster roles and bindings that a server starts with (cluster-admin, admin, edit, view, system:discovery,
// system:basic-user, system:public-info-viewer).
[[nodiscard]] std::vector<kube::Object> bootstrapRbac();
// What becomes of such an object that an older server made, or a person changed: `present` with what it lacks
// of `wanted` (labels, annotations, rules, selectors, subjects). What it has besides stays, but for an
// aggregationRule where none is wanted. Nullopt: it lacks nothing, is annotated as not to be updated, binds
// another role, or has rules of its own instead of the wanted aggregationRule, which would replace them.
// Pure.
[[nodiscard]] std::optional<kube::JsonObject> completedRbac(const kube::JsonObject& present,
                                                            const kube::JsonObject& wanted);
// What that made of `present`, in words for the log.
[[nodiscard]] std::string addedToRbac(const kube::JsonObject& present, const kube::JsonObject& completed);

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
//
// What the controller answers by gRPC: subscribers to the live fleet, each with what it may see,
// explanations, policies. Rights are those of the federation API, looked at again each minute while somebody
// watches, and more often after a namespace has come. Core thread; owned by the composition root; what it is
// given outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rpc/access.h"
#include "controller/rpc/fleet_feed.h"
#include "controller/rpc/rpc_server.h"

namespace kubefed::controller {

class FederationService final : public RpcHandler {
public:
    using Policies = std::function<std::vector<client::PolicyPlugin>()>;

    // `info`: what every subscriber is told of the federation; rights are filled in for each.
    FederationService(Controller& controller, const FleetFeed& feed, HostApi& host, Clock& clock,
                      client::FleetInfo info, Policies policies, PolicyIntake intake = {});

    // From the feed.
    void deliver(const FleetDeltaPtr& delta);
    [[nodiscard]] std::size_t subscribers() const { return m_subscribers.size(); }

    void watch(Credentials credentials, std::vector<std::string> namespaces, FleetStreamPtr stream) override;
    void resync(const FleetStream* stream) override;
    void gone(const FleetStream* stream) override;
    void explain(Credentials credentials, client::ObjectId object,
                 Callback<client::Explanation> done) override;
    void listPolicies(Credentials credentials, Callback<std::vector<client::PolicyPlugin>> done) override;
    void beginInstall(Credentials credentials, Callback<std::filesystem::path> done) override;
    void install(const void* call, Credentials credentials, PolicyUpload upload,
                 Callback<client::PolicyInstalled> done) override;
    void giveUp(const void* call) override { m_installs.erase(call); }

private:
    using Namespaces = std::set<std::string, std::less<>>;
    struct Subscriber {
        FleetStreamPtr stream;
        Credentials credentials;
        std::vector<std::string> only;
        std::optional<std::string> user;               // once it is known
        Namespaces asked;                              // those that there were at the last look
        Namespaces awaited;                            // of these the new ones that are not seen
        int rounds = 0;                                // left of looking for them sooner
        SteadyTime notBefore{};                        // a beat looks again
        std::shared_ptr<const Visibility> visibility;  // null: it is being found out
        Request request;
        Request timer;
    };

    void look(Subscriber& subscriber);
    static Duration untilNextLook(Subscriber& subscriber, const Visibility& visibility);
    void authenticated(Subscriber& subscriber, const Result<Caller>& caller);
    [[nodiscard]] std::size_t streamsOf(const std::string& user) const;
    void seen(Subscriber& subscriber, Result<Visibility> visibility);
    void beat();
    // Runs `act` if the caller of a unary call has the right; else `refuse` says why not.
    void guarded(const Credentials& credentials, Right right,
                 std::move_only_function<void(Result<void>)> act);

    Controller& m_controller;
    const FleetFeed& m_feed;
    Clock& m_clock;
    const client::FleetInfo m_info;
    const Policies m_policies;
    const PolicyIntake m_intake;
    Access m_access;
    std::map<const FleetStream*, Subscriber> m_subscribers;
    std::uint64_t m_nextCall = 0;
    std::map<std::uint64_t, Request> m_calls;
    std::map<const void*, Request> m_installs;
    Request m_beat;
};

}  // namespace kubefed::controller

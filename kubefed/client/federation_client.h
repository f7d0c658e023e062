// SPDX-License-Identifier: Apache-2.0
//
// The gRPC client of a controller. Made, used and destroyed on one Qt thread; callbacks come there, never
// from inside a call, and never after their Request was destroyed. Deadlines: 5 s to connect, and for calls
// what the endpoint says. Errors carry gRPC's code and a message for people; credentials never appear in
// them. A watch is kept alive for ever: back-off with jitter from 0.25 s to 5 s, a fresh snapshot each time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/client/fleet_source.h"
#include "kubefed/util/clock.h"

namespace kubefed::client {

// How long the controller has for an answer; then a call fails with DeadlineExceeded.
struct CallDeadlines {
    Duration unary{5'000};
    Duration upload{60'000};
};

struct FederationEndpoint {
    std::string address;  // host:port
    std::string caPem;
    std::string serverName;  // of the certificate; empty: the host
    // One of both.
    std::string certificatePem, keyPem;
    std::string bearerToken;
    CallDeadlines deadlines = {};
};

// What of the fleet the watch brings.
enum class WatchScope {
    Everything,
    Clusters,  // neither objects nor activities
};

class FederationClient final : public FleetSource {
public:
    FederationClient(FederationEndpoint endpoint, Clock& clock, WatchScope scope = WatchScope::Everything);
    ~FederationClient() override;

    void start(FleetSink& sink) override;
    [[nodiscard]] TimeMs now() const override;
    [[nodiscard]] Request explain(const ObjectId& object, Callback<Explanation> done) override;
    [[nodiscard]] Request listPolicies(Callback<std::vector<PolicyPlugin>> done) override;
    // Uploads the library. `trust`: it runs in the controller's own process.
    [[nodiscard]] Request installPolicy(const std::filesystem::path& library, bool trust,
                                        Callback<PolicyInstalled> done);
    // Try at once again instead of waiting for the back-off, or for a connection that is silent; nothing
    // while messages come.
    void reconnect();

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::client

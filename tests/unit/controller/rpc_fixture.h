// SPDX-License-Identifier: Apache-2.0
//
// For the tests of controller/rpc: a sink that keeps what a client sees, deltas of any size, and a host that
// answers reviews as the test says. Single thread.
#pragma once

#include <set>

#include "controller/host/host_api.h"
#include "controller/rpc/fleet_delta.h"
#include "kubefed/client/fleet_fold.h"
#include "kubefed/client/fleet_source.h"

namespace kubefed::controller {

struct SeenFleet final : client::FleetSink {
    void stateChanged(client::ConnectionState now, const Error& why) override {
        state = now;
        error = why;
    }
    void reset(const client::FleetInfo& info, client::FleetChanges all) override {
        ++resets;
        fold.reset(info, std::move(all));
    }
    void changed(client::FleetChanges changes) override {
        ++deltas;
        fold.apply(std::move(changes));
    }
    client::ConnectionState state = client::ConnectionState::Connecting;
    Error error;
    int resets = 0;
    int deltas = 0;
    client::FleetFold fold;
};

inline std::shared_ptr<const client::Object> makeObject(const std::string& ns, const std::string& name,
                                                        std::size_t shares = 2,
                                                        const std::string& message = {}) {
    auto object = std::make_shared<client::Object>();
    object->id = {"", "v1", "ReplicationController", ns, name};
    object->uid = "uid-of-" + name;
    object->policy = "default";
    object->wanted = 9;
    object->ready = 9;
    object->health = client::ObjectHealth::Healthy;
    for (std::size_t i = 1; i <= shares; ++i)
        object->shares.push_back(
            {static_cast<client::ClusterNumber>(i), "Synced", "", message, 3, 3, 1'700'000'000'000});
    return object;
}

inline std::shared_ptr<const client::Cluster> makeCluster(client::ClusterNumber number) {
    auto cluster = std::make_shared<client::Cluster>();
    cluster->number = number;
    cluster->name = "cluster-" + std::to_string(number);
    cluster->labels = {{"topology.kubernetes.io/region", "jp"}};
    cluster->phase = client::Phase::Ready;
    cluster->apiEndpoint = "https://10.0.0.1:6443";
    cluster->kubernetesVersion = "v1.34.4";
    cluster->latencies.assign(120, 12);
    return cluster;
}

inline std::shared_ptr<FleetDelta> makeFleet(std::size_t clusters, std::size_t objects,
                                             std::size_t shares = 2) {
    auto whole = std::make_shared<FleetDelta>();
    for (std::size_t i = 1; i <= clusters; ++i)
        whole->clusters.push_back(makeCluster(static_cast<client::ClusterNumber>(i)));
    for (std::size_t i = 0; i < objects; ++i)
        whole->objects.push_back(
            makeObject(i % 2 == 0 ? "shop" : "bank", "web-" + std::to_string(i), shares));
    whole->totals = client::Totals{};
    return whole;
}

// Knows who may do what, and who holds which token.
class ReviewingHost final : public HostApi {
public:
    explicit ReviewingHost(Clock& clock) : m_clock(clock) {}

    std::set<std::string> allowed;              // "ann watch fleets shop"; without the last: cluster-wide
    std::map<std::string, std::string> tokens;  // token -> user
    int reviews = 0;
    bool isBroken = false;
    bool isSilent = false;

    Request mirror(const kube::Gvr&, std::string, cache::ReflectorSink&) override { return {}; }
    Request get(const kube::Gvr&, const kube::ObjectKey&, Callback<kube::Object>) override { return {}; }
    Request patch(const kube::Gvr&, const kube::ObjectKey&, std::string, std::string,
                  Callback<kube::Object>) override {
        return {};
    }
    Request remove(const kube::Gvr&, const kube::ObjectKey&, std::string, Callback<kube::Object>) override {
        return {};
    }
    Request create(const kube::Gvr& gvr, const kube::Object& object, Callback<kube::Object> done) override {
        ++reviews;
        if (isSilent)
            return Request(std::make_unique<Unanswered>(std::move(done)));
        kube::Object answer = object;
        if (gvr.resource == "tokenreviews") {
            const auto known = tokens.find(std::string(kube::stringAt(object.document(), {"spec", "token"})));
            if (known != tokens.end())
                answer.document()["status"] = kube::JsonObject{
                    {"authenticated", true}, {"user", kube::JsonObject{{"username", known->second}}}};
        } else {
            answer.document()["status"] = kube::JsonObject{{"allowed", isAllowed(object.document())}};
        }
        Result<kube::Object> result = std::move(answer);
        if (isBroken)
            result = fail(Code::Unavailable, "the API server is away");
        return m_clock.after(Duration{0}, [result = std::move(result), done = std::move(done)]() mutable {
            done(std::move(result));
        });
    }

private:
    struct Unanswered final : Request::State {
        explicit Unanswered(Callback<kube::Object> callback) : done(std::move(callback)) {}
        Callback<kube::Object> done;
    };

    [[nodiscard]] bool isAllowed(const kube::JsonObject& review) const {
        const kube::JsonObject& asked = *kube::objectAt(review, {"spec", "resourceAttributes"});
        std::string right(kube::stringAt(review, {"spec", "user"}));
        right += " " + std::string(kube::stringAt(asked, {"verb"})) + " " +
                 std::string(kube::stringAt(asked, {"resource"}));
        if (kube::stringAt(asked, {"group"}) != "kubefed.io")
            return false;
        const std::string ns(kube::stringAt(asked, {"namespace"}));
        return allowed.contains(right) || (!ns.empty() && allowed.contains(right + " " + ns));
    }
    Clock& m_clock;
};

}  // namespace kubefed::controller

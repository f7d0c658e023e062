// SPDX-License-Identifier: Apache-2.0
//
// A small fleet with every field set, as values and as messages, and a sink that counts what it is told.
#pragma once

#include <string>
#include <vector>

#include "kubefed/client/convert.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/client/fleet_fold.h"

namespace kubefed::client::testing {

inline Cluster cluster(ClusterNumber number, const std::string& name) {
    Cluster value;
    value.number = number;
    value.name = name;
    value.labels = {{"topology.kubernetes.io/region", "jp"}};
    value.phase = Phase::Ready;
    value.phaseSince = 5;
    value.reason = "r";
    value.message = "m";
    value.lastContact = 900;
    value.oldAfter = 15'000;
    value.latency = 12;
    value.kubernetesVersion = "v1.34.4";
    value.nodes = NodeCounts{2, 3};
    value.objects = ObjectCounts{4, 3, 1, 2};
    value.allocatable = {{"cpu", "4"}};
    value.requested = {{"cpu", "1"}};
    value.taints = {{"k", "v", "NoSchedule"}};
    value.unschedulable = true;
    value.conditions = {{"Ready", "True", "Ok", "fine", 7}};
    value.apiEndpoint = "https://10.0.0.1:6443";
    value.created = 1;
    value.credentialsExpire = 2;
    value.timeline = {{3, Phase::Joining, "new"}, {5, Phase::Ready, ""}};
    value.latencies = {10, -1, 12};
    return value;
}

inline Object object(const std::string& name) {
    Object value;
    value.id = {"", "v1", "ReplicationController", "shop", name};
    value.uid = "u";
    value.policy = "shop/web";
    value.wanted = 9;
    value.ready = 0;
    value.unplaced = 1;
    value.health = ObjectHealth::Failing;
    value.since = 4;
    value.reason = "ImagePullBackOff";
    value.message = "in tokyo: ×2";
    value.created = 3;
    value.shares = {{1, "Synced", "", "", 5, 5, 6}, {2, "Failed", "NotApplicable", "why", 4, {}, 6}};
    return value;
}

inline FleetChanges fleet() {
    FleetChanges all;
    all.clusters = {cluster(1, "tokyo"), cluster(2, "osaka")};
    all.objects = {object("web")};
    all.activities = {{1, 10, Severity::Warning, 2, object("web").id, "Failing", "web fails"}};
    all.totals = Totals{0.01, {}, 3, 1.5, 60};
    return all;
}

inline v1::FleetMessage changesMessage(const FleetChanges& changes, TimeMs now = 1000) {
    v1::FleetMessage message;
    message.set_now(now);
    toMessage(changes, *message.mutable_changes());
    return message;
}

inline std::vector<v1::FleetMessage> snapshot(bool resync = false) {
    std::vector<v1::FleetMessage> messages(4);
    FleetInfo info{.federationId = "id", .federation = "prod", .controllerVersion = "1", .namespaces = {"a"}};
    info.seesAllNamespaces = false;
    toMessage(info, *messages[0].mutable_begin());
    messages[0].mutable_begin()->set_is_resync(resync);
    // In two parts, as a large one comes.
    FleetChanges first = fleet();
    first.clusters.resize(1);
    first.totals.reset();
    FleetChanges second = fleet();
    second.clusters.erase(second.clusters.begin());
    second.objects.clear();
    second.activities.clear();
    messages[1] = changesMessage(first);
    messages[2] = changesMessage(second);
    (void)messages[3].mutable_end();
    messages[0].set_now(1000);
    messages[3].set_now(1000);
    return messages;
}

struct Sink final : FleetSink {
    void stateChanged(ConnectionState state, const Error& error) override {
        states.push_back(state);
        errors.push_back(error);
    }
    void reset(const FleetInfo& info, FleetChanges all) override {
        ++resets;
        fold.reset(info, std::move(all));
    }
    void changed(FleetChanges changes) override {
        ++changedTimes;
        fold.apply(std::move(changes));
    }
    void heard(TimeMs time) override {
        ++heardTimes;
        lastHeard = time;
    }
    [[nodiscard]] ConnectionState state() const { return states.back(); }
    int heardTimes = 0;
    TimeMs lastHeard = 0;
    std::vector<ConnectionState> states;
    std::vector<Error> errors;
    int resets = 0;
    int changedTimes = 0;
    FleetFold fold;
};

}  // namespace kubefed::client::testing

// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/synthetic_fleet.h"

#include <algorithm>
#include <array>
#include <random>

namespace kubefed::testing {

using namespace client;

namespace {

constexpr std::array kCities{"tokyo",     "osaka",     "oregon",  "virginia",  "dublin",
                             "frankfurt", "paris",     "london",  "milan",     "stockholm",
                             "mumbai",    "seoul",     "sydney",  "singapore", "jakarta",
                             "montreal",  "cape-town", "bahrain", "sao-paulo", "zurich"};
constexpr std::array kRegions{"jp", "jp", "us", "us", "eu", "eu", "eu", "eu", "eu", "eu",
                              "in", "kr", "au", "sg", "id", "ca", "za", "bh", "br", "eu"};
constexpr std::array kApps{"frontend", "cart",  "checkout", "search",   "payments",
                           "catalog",  "redis", "mail",     "images",   "recommend",
                           "login",    "audit", "invoices", "shipping", "reviews"};
constexpr std::array kSpaces{"shop", "shop-staging", "core", "analytics", "default"};

using Random = std::mt19937;

std::size_t pick(Random& random, std::size_t size) {
    return random() % size;  // evenly enough, and the same on every standard library
}

std::string numbered(const char* name, std::size_t index, std::size_t names) {
    return index < names ? std::string(name) : std::string(name) + '-' + std::to_string(index / names + 1);
}

Cluster clusterOf(std::size_t index, Random& random, TimeMs now) {
    Cluster cluster;
    cluster.number = static_cast<ClusterNumber>(index + 1);
    cluster.name = numbered(kCities[index % kCities.size()], index, kCities.size());
    cluster.labels = {{"topology.kubernetes.io/region", kRegions[index % kRegions.size()]},
                      {"tier", index % 5 == 0 ? "edge" : "core"}};
    cluster.phase = Phase::Ready;
    cluster.created = now - TimeMs{90} * 86'400'000;
    cluster.phaseSince = now - TimeMs{3'600'000} * static_cast<TimeMs>(1 + pick(random, 400));
    cluster.lastContact = now - static_cast<TimeMs>(pick(random, 9'000));
    cluster.latency = static_cast<std::int64_t>(6 + pick(random, 40));
    cluster.kubernetesVersion = index % 4 == 1 ? "v1.33.2" : "v1.34.4";
    const auto nodes = static_cast<std::int64_t>(4 + pick(random, 28));
    cluster.nodes = NodeCounts{nodes, nodes};
    cluster.allocatable = {{"cpu", std::to_string(nodes * 16)},
                           {"memory", std::to_string(nodes * 64) + "Gi"},
                           {"pods", std::to_string(nodes * 110)}};
    cluster.requested = {
        {"cpu", std::to_string(nodes * static_cast<std::int64_t>(3 + pick(random, 11)))},
        {"memory", std::to_string(nodes * static_cast<std::int64_t>(12 + pick(random, 44))) + "Gi"},
        {"pods", std::to_string(nodes * static_cast<std::int64_t>(20 + pick(random, 70)))}};
    cluster.objects = ObjectCounts{};
    cluster.conditions = {{"Reachable", "True", "Answered", "", cluster.phaseSince},
                          {"Authorized", "True", "Allowed", "", cluster.phaseSince}};
    cluster.apiEndpoint = "https://" + cluster.name + ".example.net:6443";
    cluster.credentialsExpire = now + TimeMs{21} * 86'400'000;
    cluster.timeline = {{now - 86'400'000, Phase::Ready, "answers"}};
    for (int i = 0; i < 60; ++i)
        cluster.latencies.push_back(
            static_cast<std::int32_t>(*cluster.latency + static_cast<std::int64_t>(pick(random, 9))));
    return cluster;
}

void makeUnreachable(Cluster& cluster, TimeMs now, TimeMs since) {
    cluster.phase = Phase::Unreachable;
    cluster.phaseSince = now - since;
    cluster.lastContact = now - since - 30'000;
    cluster.reason = "ProbeFailed";
    cluster.message = "3 of 3 probes: no answer within 3 s";
    for (std::size_t i = cluster.latencies.size() - 6; i < cluster.latencies.size(); ++i)
        cluster.latencies[i] = -1;
    cluster.timeline.push_back({cluster.phaseSince, Phase::Unreachable, cluster.message});
    cluster.conditions[0] = {"Reachable", "False", "ProbeFailed", cluster.message, cluster.phaseSince};
}

void makeDegraded(Cluster& cluster, TimeMs now) {
    cluster.phase = Phase::Degraded;
    cluster.phaseSince = now - 312'000;
    cluster.reason = "NodesNotReady";
    cluster.nodes->ready -= 2;
    cluster.message = "2 of " + std::to_string(cluster.nodes->total) + " nodes are not ready";
    cluster.timeline.push_back({now - 7'200'000, Phase::Degraded, "1 node is not ready"});
    cluster.timeline.push_back({now - 5'400'000, Phase::Ready, "answers"});
    cluster.timeline.push_back({cluster.phaseSince, Phase::Degraded, cluster.message});
}

void addShares(Object& object, std::vector<Cluster>& clusters, std::size_t shares, std::size_t first,
               TimeMs now) {
    for (std::size_t i = 0; i < shares; ++i) {
        Share share;
        share.cluster = clusters[(first + i * 7) % clusters.size()].number;
        share.state = "Synced";
        share.reason = "Synced";
        share.since = now - 4'000'000;
        if (std::ranges::find(object.shares, share.cluster, &Share::cluster) == object.shares.end())
            object.shares.push_back(std::move(share));
    }
    std::ranges::sort(object.shares, {}, &Share::cluster);
    if (!object.wanted)
        return;
    const auto parts = static_cast<std::int64_t>(object.shares.size());
    for (std::int64_t i = 0; i < parts; ++i) {
        Share& share = object.shares[static_cast<std::size_t>(i)];
        share.desired = *object.wanted / parts + (i < *object.wanted % parts ? 1 : 0);
        share.ready = share.desired;
    }
}

void countShares(const std::vector<Object>& objects, std::vector<Cluster>& clusters) {
    for (const Object& object : objects)
        for (const Share& share : object.shares) {
            ObjectCounts& counts = *clusters[share.cluster - 1].objects;
            ++counts.desired;
            counts.synced += share.state == "Synced" ? 1 : 0;
            counts.failed += share.state == "Failed" ? 1 : 0;
        }
}

// What is in a cluster that does not answer is not known, but its last figures are still told.
void followClusters(Object& object, const std::vector<Cluster>& clusters) {
    std::size_t lost = 0;
    for (Share& share : object.shares) {
        const Cluster& cluster = clusters[share.cluster - 1];
        if (cluster.phase != Phase::Unreachable)
            continue;
        ++lost;
        share.state = share.reason = "Unreachable";
        share.message = "last seen before " + cluster.name + " stopped answering";
        share.since = cluster.phaseSince;
        object.since = cluster.phaseSince;
    }
    if (lost == 0 || object.health == ObjectHealth::Failing)
        return;
    object.health = ObjectHealth::Unknown;
    object.reason = "Unreachable";
    object.message = std::to_string(lost) + " of " + std::to_string(object.shares.size()) +
                     (object.shares.size() == 1 ? " cluster does" : " clusters do") + " not answer";
}

void makeFailing(Object& object, const char* reason, const std::string& message, TimeMs now, TimeMs since) {
    object.health = ObjectHealth::Failing;
    object.reason = reason;
    object.message = message;
    object.since = now - since;
    Share& share = object.shares.front();
    share.state = "Failed";
    share.reason = reason;
    share.message = message;
    share.since = object.since;
    if (share.ready) {
        object.ready = *object.ready - *share.ready;
        share.ready = 0;
    }
}

Object objectOf(std::size_t index, Random& random, TimeMs now) {
    Object object;
    const bool isService = index % 3 == 1;
    object.id = {
        "", "v1",
        isService        ? "Service"
        : index % 7 == 5 ? "ConfigMap"
                         : "ReplicationController",
        kSpaces[(index / kApps.size()) % kSpaces.size()],
        numbered(kApps[index % kApps.size()],
                 index / kSpaces.size() / kApps.size() * kApps.size() + index % kApps.size(), kApps.size())};
    object.uid = "uid-" + std::to_string(index);
    object.policy = isService ? "" : object.id.ns + "/web";
    object.health = ObjectHealth::Healthy;
    object.created = now - 86'400'000;
    object.since = now - static_cast<TimeMs>(60'000 + pick(random, 40'000'000));
    if (object.id.kind == "ReplicationController") {
        object.wanted = static_cast<std::int64_t>(2 + pick(random, 11));
        object.ready = object.wanted;
    }
    return object;
}

}  // namespace

FleetInfo syntheticInfo() {
    return {.federationId = "3f0c", .federation = "prod", .controllerVersion = "0.1.0"};
}

FleetChanges syntheticFleet(const FleetShape& shape) {
    Random random(shape.seed);
    FleetChanges all;
    for (std::size_t i = 0; i < shape.clusters; ++i) {
        Cluster cluster = clusterOf(i, random, shape.now);
        if (pick(random, 1000) < shape.troubledClusters) {
            if (pick(random, 2) == 0)
                makeUnreachable(cluster, shape.now, 31'000 + static_cast<TimeMs>(pick(random, 600'000)));
            else
                makeDegraded(cluster, shape.now);
        }
        all.clusters.push_back(std::move(cluster));
    }
    for (std::size_t i = 0; i < shape.objects && !all.clusters.empty(); ++i) {
        Object object = objectOf(i, random, shape.now);
        addShares(object, all.clusters, shape.sharesPerObject, pick(random, shape.clusters), shape.now);
        if (pick(random, 1000) < shape.troubledObjects)
            makeFailing(object, "ImagePullBackOff",
                        "cannot pull \"registry.example.net/" + object.id.name + ":v7\"", shape.now, 95'000);
        followClusters(object, all.clusters);
        all.objects.push_back(std::move(object));
    }
    countShares(all.objects, all.clusters);
    all.totals = Totals{0.012, 0.041, 0, 14};
    return all;
}

FleetChanges storyFleet(TimeMs now) {
    FleetChanges all = syntheticFleet({.clusters = 14,
                                       .objects = 60,
                                       .sharesPerObject = 4,
                                       .troubledClusters = 0,
                                       .troubledObjects = 0,
                                       .now = now});
    makeUnreachable(all.clusters[2], now, 31'000);
    makeDegraded(all.clusters[0], now);
    all.clusters[9].phase = Phase::Joining;
    all.clusters[9].phaseSince = now - 4'000;
    all.clusters[9].message = "reading what the cluster may do";
    for (std::size_t i = 0; i < all.objects.size(); ++i) {
        Object& object = all.objects[i];
        if (i == 3 || i == 18)
            makeFailing(object, "ImagePullBackOff",
                        "cannot pull \"registry.example.net/" + object.id.name + ":v7\": not found", now,
                        95'000);
        followClusters(object, all.clusters);
    }
    for (Cluster& cluster : all.clusters)
        cluster.objects = ObjectCounts{};
    countShares(all.objects, all.clusters);
    const ObjectId cart = all.objects[3].id;
    all.activities = {
        {1, now - 7'200'000, Severity::Warning, 1, {}, "Degraded", "1 node is not ready"},
        {2, now - 5'400'000, Severity::Info, 1, {}, "Ready", "all nodes are ready"},
        {3, now - 4'000'000, Severity::Info, 0, all.objects[0].id, "Scheduled",
         "placed on 4 clusters by shop/web"},
        {4, now - 312'000, Severity::Warning, 1, {}, "Degraded", all.clusters[0].message},
        {5, now - 95'000, Severity::Error, 4, cart, "ImagePullBackOff", all.objects[3].message},
        {6, now - 51'000, Severity::Warning, 3, {}, "ProbeFailed", "1 of 3 probes: no answer within 3 s"},
        {7, now - 41'000, Severity::Warning, 3, {}, "ProbeFailed", "2 of 3 probes: no answer within 3 s"},
        {8, now - 31'000, Severity::Error, 3, {}, "Unreachable", all.clusters[2].message},
        {9, now - 4'000, Severity::Info, 10, {}, "Joining", "join was asked for by admin"}};
    return all;
}

FleetChanges wideFleet(TimeMs now) {
    FleetChanges all = storyFleet(now);
    all.activities.clear();
    Object& waiting = all.objects[0];
    waiting.health = ObjectHealth::Unscheduled;
    waiting.reason = "NoClusterFits";
    waiting.message = "no cluster has the label tier=gpu that policy \"shop/web\" asks for";
    waiting.since = now - 119 * 60'000;
    waiting.shares.clear();
    waiting.ready = 0;
    waiting.unplaced = waiting.wanted.value_or(0);
    all.objects[6].health = ObjectHealth::Progressing;
    all.objects[6].since = now - 47 * 3'600'000;
    all.clusters[5].phase = Phase::Unauthorized;
    all.clusters[5].message = "the token is no longer accepted";
    all.clusters[5].phaseSince = now - 119 * 60'000;
    all.clusters[5].lastContact = now - 119 * 60'000;
    all.totals = Totals{0.0004, 0.0018, 0, 0};
    return all;
}

FleetInfo namesOnlyInfo() {
    FleetInfo info = syntheticInfo();
    info.seesClusters = info.seesAllNamespaces = false;
    info.namespaces = {"shop"};
    return info;
}

FleetChanges namesOnlyFleet(TimeMs now) {
    FleetChanges all = storyFleet(now);
    for (Cluster& cluster : all.clusters)
        cluster = {.number = cluster.number,
                   .name = cluster.name,
                   .phase = cluster.phase,
                   .phaseSince = cluster.phaseSince};
    std::erase_if(all.objects, [](const Object& object) { return object.id.ns != "shop"; });
    std::erase_if(all.activities,
                  [](const Activity& activity) { return !activity.object || activity.object->ns != "shop"; });
    all.totals.reset();
    return all;
}

Explanation storyExplanation(const FleetChanges& fleet, const ObjectId& object, TimeMs now) {
    const auto found = std::ranges::find(fleet.objects, object, &Object::id);
    Explanation explanation{.object = object,
                            .policy = object.ns + "/web",
                            .decided = now - 4'000'000,
                            .because = "spec.replicas changed from 4 to 7",
                            .hasReplicas = true,
                            .wanted = found->wanted.value_or(0)};
    for (const Cluster& cluster : fleet.clusters) {
        const auto share = std::ranges::find(found->shares, cluster.number, &Share::cluster);
        const bool isChosen = share != found->shares.end();
        const bool isEurope = cluster.labels.at("topology.kubernetes.io/region") == "eu";
        Verdict verdict{.cluster = cluster.name, .chosen = isChosen};
        verdict.words.push_back({.plugin = "affinity",
                                 .stage = "filter",
                                 .out = isEurope && !isChosen,
                                 .reason = isEurope && !isChosen ? "region \"eu\" is not one of jp, us, au"
                                                                 : "region is allowed"});
        if (!(isEurope && !isChosen)) {
            verdict.score = (40.0 + static_cast<double>(cluster.number * 7 % 50)) / 100;
            verdict.words.push_back(
                {.plugin = "taints", .stage = "filter", .reason = "no taint is in the way"});
            verdict.words.push_back({.plugin = "headroom",
                                     .stage = "score",
                                     .score = verdict.score,
                                     .weight = 1,
                                     .reason = "CPU that is free, of all"});
            verdict.words.push_back(
                {.plugin = "spread",
                 .stage = "select",
                 .out = !isChosen,
                 .reason = isChosen ? "one of the best of its region" : "its region has two already"});
        }
        if (isChosen) {
            verdict.replicas = share->desired;
            verdict.ready = share->ready;
            verdict.words.push_back({.plugin = "weighted",
                                     .stage = "divide",
                                     .replicas = share->desired,
                                     .reason = "an equal share"});
        }
        verdict.text = isChosen ? "chosen: " + std::to_string(share->desired.value_or(0)) + " by equal shares"
                       : isEurope ? "rejected by affinity: region \"eu\" is not one of jp, us, au"
                                  : "not selected by spread: its region has two already";
        explanation.verdicts.push_back(std::move(verdict));
    }
    std::ranges::stable_sort(explanation.verdicts, [](const Verdict& a, const Verdict& b) {
        return a.chosen != b.chosen ? a.chosen : a.score.value_or(-1) > b.score.value_or(-1);
    });
    return explanation;
}

std::vector<PolicyPlugin> storyPolicies() {
    const auto builtin = [](const char* name, const char* what, std::vector<std::string> stages, double p50,
                            double p99) {
        return PolicyPlugin{.name = name,
                            .version = "0.1.0",
                            .description = what,
                            .abi = "1.0",
                            .source = "builtin",
                            .sha256 = "",
                            .state = "Active",
                            .calls = 18'204,
                            .p50Millis = p50,
                            .p99Millis = p99,
                            .stages = std::move(stages),
                            .generation = 1};
    };
    std::vector<PolicyPlugin> plugins{
        builtin("affinity", "Clusters by their labels", {"filter", "score"}, 0.004, 0.011),
        builtin("spread", "Over regions or other labels", {"select"}, 0.009, 0.031),
        builtin("taints", "Keeps off tainted clusters", {"filter"}, 0.002, 0.006),
        builtin("weighted", "Divides by weights", {"divide"}, 0.003, 0.009),
        builtin("nearest", "Close to its users", {"score"}, 0.018, 0.095)};
    plugins[4].source = "library";
    plugins[4].version = "1.2.0";
    plugins[4].failures = 3;
    plugins[4].generation = 4;
    plugins[4].sha256 = "9d1b6f0c5e2a77884c0f3a915be2d6708fa41c29d35e6b7780f1a2c4e6981d3b";
    plugins[4].lastError = "score of \"oslo\" was not a number";
    return plugins;
}

std::vector<PolicyPlugin> accusedPolicies() {
    std::vector<PolicyPlugin> plugins = storyPolicies();
    plugins[4].state = "Disabled";
    plugins[4].message =
        "it ended the controller by signal 11 (Segmentation fault) in score of \"nearest\", library "
        "/var/lib/kubefed/prod/plugins/" +
        plugins[4].sha256 + ".so; install a corrected version, or: kubefed policy enable nearest";
    return plugins;
}

}  // namespace kubefed::testing

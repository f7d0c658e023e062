// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/synthetic_fleet.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <tuple>

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

constexpr std::size_t kEdge = 13;  // index of the cluster, of each fourteen, that is of another tier

using Random = std::mt19937;

std::size_t pick(Random& random, std::size_t size) {
    return random() % size;  // evenly enough, and the same on every standard library
}

template <std::size_t kSize>
std::string numbered(const std::array<const char*, kSize>& all, std::size_t index) {
    const std::string name = all[index % kSize];
    return index < kSize ? name : name + '-' + std::to_string(index / kSize + 1);
}

Cluster clusterOf(std::size_t index, Random& random, TimeMs now) {
    Cluster cluster;
    cluster.number = static_cast<ClusterNumber>(index + 1);
    cluster.name = numbered(kCities, index);
    cluster.labels = {{"topology.kubernetes.io/region", kRegions[index % kRegions.size()]},
                      {"tier", index % 14 == kEdge ? "edge" : "core"}};
    cluster.phase = Phase::Ready;
    cluster.created = now - TimeMs{90} * 86'400'000;
    cluster.phaseSince = now - TimeMs{3'600'000} * static_cast<TimeMs>(1 + pick(random, 400));
    cluster.lastContact = now - static_cast<TimeMs>(pick(random, 9'000));
    cluster.latency = static_cast<std::int64_t>(6 + pick(random, 40));
    cluster.kubernetesVersion = index % 4 == 1 ? "v1.33.2" : "v1.34.4";
    const auto nodes = static_cast<std::int64_t>(4 + pick(random, 28));
    cluster.nodes = NodeCounts{nodes, nodes};
    // As real nodes have it, less what they keep for themselves, and in the words of the API.
    cluster.allocatable = {{"cpu", std::to_string(nodes * 15'890) + "m"},
                           {"ephemeral-storage", std::to_string(nodes * 94'477'937'300)},
                           {"hugepages-2Mi", "0"},
                           {"memory", std::to_string(nodes * 62'951'180) + "Ki"},
                           {"pods", std::to_string(nodes * 110)}};
    cluster.objects = ObjectCounts{};
    cluster.conditions = {{"Ready", "True", "Ready", "", cluster.created}};
    cluster.apiEndpoint = "https://" + cluster.name + ".example.net:6443";
    cluster.credentialsExpire = now + TimeMs{21} * 86'400'000;
    cluster.timeline = {{now - 86'400'000, Phase::Ready, ""}};
    for (int i = 0; i < 60; ++i)
        cluster.latencies.push_back(
            static_cast<std::int32_t>(*cluster.latency + static_cast<std::int64_t>(pick(random, 9))));
    return cluster;
}

// Its reason, its condition and its timeline say the same of it.
void turn(Cluster& cluster, Phase phase, TimeMs since, const std::string& message) {
    const std::string name(toString(phase));
    const bool isUsable = phase == Phase::Ready || phase == Phase::Degraded;
    cluster.phase = phase;
    cluster.phaseSince = since;
    cluster.reason = phase == Phase::Ready ? "" : name;
    cluster.message = message;
    cluster.conditions = {{"Ready", isUsable ? "True" : "False", name, message, since}};
    cluster.timeline.push_back({since, phase, message});
}

// With the third probe in a row, 33 s after it was last heard of.
void makeUnreachable(Cluster& cluster, TimeMs now, TimeMs since) {
    turn(cluster, Phase::Unreachable, now - since, "no answer within 3 s (3 of 3 probes)");
    cluster.lastContact = cluster.phaseSince - 33'000;
    const auto failed =
        std::min<std::size_t>(cluster.latencies.size(), 3 + static_cast<std::size_t>(since / 10'000));
    std::fill(cluster.latencies.end() - static_cast<std::ptrdiff_t>(failed), cluster.latencies.end(), -1);
}

void makeSick(Cluster& cluster, TimeMs since) {
    turn(cluster, Phase::Degraded, since, "etcd failed: reason withheld (3 of 3 probes)");
}

// It was just joined, and has not answered yet.
void makeJoining(Cluster& cluster, TimeMs now) {
    cluster.timeline.clear();
    turn(cluster, Phase::Joining, now - 4'000, "no answer within 3 s (1 of 3 probes)");
    cluster.timeline.back().message.clear();  // it was not asked then
    cluster.created = now - 4'000;
    cluster.lastContact = 0;
    cluster.latency.reset();
    cluster.latencies = {-1};
    cluster.kubernetesVersion.clear();
    cluster.nodes.reset();
    cluster.objects.reset();
    cluster.allocatable.clear();
}

void addShares(Object& object, std::vector<Cluster>& clusters, std::size_t shares, std::size_t first,
               TimeMs now) {
    for (std::size_t i = 0; i < shares; ++i) {
        Share share;
        share.cluster = clusters[(first + i * 7) % clusters.size()].number;
        share.state = "Synced";
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

// Counts what stands in each cluster; one of which something fails is Degraded from then on.
void countShares(const std::vector<Object>& objects, std::vector<Cluster>& clusters) {
    struct Failing {
        std::int64_t objects = 0, byPods = 0;
        TimeMs since = 0;
    };
    std::map<ClusterNumber, Failing> failing;
    for (const Object& object : objects)
        for (const Share& share : object.shares) {
            ObjectCounts& counts = *clusters[share.cluster - 1].objects;
            ++counts.desired;
            counts.synced += share.state == "Synced" ? 1 : 0;
            counts.failed += share.state == "Failed" ? 1 : 0;
            if (share.message.empty() || clusters[share.cluster - 1].phase != Phase::Ready)
                continue;
            Failing& there = failing[share.cluster];
            ++there.objects;
            there.byPods += share.state == "Synced" ? 1 : 0;
            there.since = std::max(there.since, object.since);
        }
    for (const auto& [number, there] : failing)
        turn(clusters[number - 1], Phase::Degraded, there.since + 2'000,
             std::to_string(there.objects) + (there.objects == 1 ? " object fails" : " objects fail") +
                 (there.byPods > 0 ? ": ImagePullBackOff ×" + std::to_string(there.byPods) : std::string()));
}

// What is in a cluster that does not answer is not known, but its last figures are still told.
void followClusters(Object& object, const std::vector<Cluster>& clusters) {
    bool isAnyLost = false;
    for (Share& share : object.shares) {
        const Cluster& cluster = clusters[share.cluster - 1];
        if (cluster.phase != Phase::Unreachable && cluster.phase != Phase::Unauthorized)
            continue;
        isAnyLost = true;
        share.state = "Unreachable";
        share.reason = "MemberUnreachable";
        share.message = cluster.message;
        share.since = cluster.phaseSince;
        if (object.health == ObjectHealth::Healthy || object.health == ObjectHealth::Unknown)
            object.since = cluster.phaseSince;
    }
    if (!isAnyLost || object.health != ObjectHealth::Healthy)
        return;
    object.health = ObjectHealth::Unknown;
    object.reason = "MembersUnreachable";
}

// In its first cluster that answers: its pods get no image; what has none is refused.
void makeFailing(Object& object, const std::vector<Cluster>& clusters, TimeMs since) {
    const auto share = std::ranges::find_if(object.shares, [&](const Share& one) {
        return clusters[one.cluster - 1].phase != Phase::Unreachable;
    });
    if (share == object.shares.end())
        return;
    if (object.wanted) {
        share->message = "ImagePullBackOff ×" + std::to_string(*share->desired);
        object.ready = *object.ready - *share->ready;
        share->ready = 0;
    } else {
        share->state = "Failed";
        share->reason = "Conflict";
        share->since = since;
        share->message =
            "an object of this name stands there that the federation did not make; it was not touched: "
            "rename "
            "one of the two";
    }
    object.health = ObjectHealth::Failing;
    object.reason = object.wanted ? "PodsNotReady" : share->reason;
    object.message = clusters[share->cluster - 1].name + ": " + share->message;
    object.since = since;
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
        numbered(kApps, index / kSpaces.size() / kApps.size() * kApps.size() + index % kApps.size())};
    object.uid = "uid-" + std::to_string(index);
    object.health = ObjectHealth::Healthy;
    object.created = now - 86'400'000;
    object.since = now - static_cast<TimeMs>(60'000 + pick(random, 40'000'000));
    if (object.id.kind == "ReplicationController") {  // the others follow those that use them
        object.policy = object.id.ns + "/web";
        object.wanted = static_cast<std::int64_t>(3 + pick(random, 10));
        object.ready = object.wanted;
    }
    return object;
}

// By a policy for clusters with tier=core, of which it takes two of two regions, the nearest first, and
// divides evenly: what the plugins say of one cluster, in their words. `share`: chosen.
Verdict verdictOf(const Cluster& cluster, const Share* share, bool isFirst, std::int64_t wanted) {
    Verdict verdict{.cluster = cluster.name, .chosen = share != nullptr, .replicas = 0};
    const auto say = [&verdict](PluginWord word) { verdict.words.push_back(std::move(word)); };
    std::string text;
    const bool isEdge = cluster.labels.at("tier") == "edge";
    const bool isTainted = share == nullptr && !cluster.taints.empty();
    const std::string edge = isEdge ? "label tier is \"edge\"" : "";
    const std::string taint = isTainted ? "taint " + cluster.taints.front().key + '=' +
                                              cluster.taints.front().value + ":NoSchedule is not tolerated"
                                        : "";
    say({.plugin = "affinity", .stage = "filter", .out = isEdge, .reason = edge});
    say({.plugin = "taints", .stage = "filter", .out = isTainted, .reason = taint});
    if (isEdge || isTainted) {
        verdict.text = isEdge ? "rejected by affinity: " + edge : "rejected by taints: " + taint;
        return verdict;
    }
    verdict.score = 1 - static_cast<double>(*cluster.latency) / 200;
    say({.plugin = "nearest",
         .stage = "score",
         .score = verdict.score,
         .reason = std::to_string(*cluster.latency) + " ms away"});
    if (share == nullptr) {
        const std::string others = "2 clusters wanted in all, others come first";
        say({.plugin = "spread", .stage = "select", .out = true, .reason = others});
        verdict.text = "not selected by spread: " + others;
        return verdict;
    }
    say({.plugin = "spread", .stage = "select"});
    say({.plugin = "taints", .stage = "limit", .min = 0});
    say({.plugin = "spread",
         .stage = "limit",
         .min = 1,
         .reason =
             "at least 1 for " + cluster.labels.at("topology.kubernetes.io/region") + ", one of 2 domains"});
    verdict.replicas = share->desired;
    verdict.ready = share->ready;
    // After a minimum of one each, the first is served before the other.
    const std::int64_t extra = *share->desired - 1;
    const std::int64_t left = isFirst ? wanted - 2 : extra;
    const std::string why = extra == 0      ? "minimum 1, none was left for its weight 1"
                            : extra == left ? "minimum 1, plus the last " + std::to_string(extra)
                                            : "minimum 1, plus " + std::to_string(extra) + " of the " +
                                                  std::to_string(left) + " left (weight 1)";
    say({.plugin = "weighted", .stage = "divide", .replicas = share->desired, .reason = why});
    verdict.text = "chosen: " + why;
    return verdict;
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
                makeSick(cluster, shape.now - 312'000);
        }
        all.clusters.push_back(std::move(cluster));
    }
    for (std::size_t i = 0; i < shape.objects && !all.clusters.empty(); ++i) {
        Object object = objectOf(i, random, shape.now);
        addShares(object, all.clusters, shape.sharesPerObject, pick(random, shape.clusters), shape.now);
        if (pick(random, 1000) < shape.troubledObjects)
            makeFailing(object, all.clusters, shape.now - 95'000);
        followClusters(object, all.clusters);
        all.objects.push_back(std::move(object));
    }
    countShares(all.objects, all.clusters);
    all.totals = Totals{0.012, 0.041, 0, 14};
    return all;
}

namespace {

std::vector<Activity> storyActivities(const FleetChanges& all, TimeMs now) {
    std::vector<Activity> result;
    const auto add = [&](TimeMs ago, Severity severity, const std::string& reason) -> Activity& {
        return result.emplace_back(
            Activity{.number = result.size() + 1, .time = now - ago, .severity = severity, .reason = reason});
    };
    const auto cluster = [&](TimeMs ago, Severity severity, std::size_t index, const std::string& reason,
                             const std::string& words) {
        Activity& activity = add(ago, severity, reason);
        activity.cluster = all.clusters[index].number;
        activity.message = all.clusters[index].name + words;
    };
    const auto object = [&](TimeMs ago, Severity severity, std::size_t index, const std::string& reason,
                            const std::string& words) {
        const ObjectId& id = all.objects[index].id;
        Activity& activity = add(ago, severity, reason);
        activity.object = id;
        activity.message = id.kind + ' ' + id.ns + '/' + id.name + words;
    };
    const auto nameOf = [&](const Share& share) { return all.clusters[share.cluster - 1].name; };
    const std::vector<Share>& placed = all.objects[0].shares;
    cluster(7'200'000, Severity::Warning, 0, "Degraded",
            " is Degraded: etcd failed: reason withheld (3 of 3 probes)");
    cluster(5'400'000, Severity::Info, 0, "Ready", " is Ready");
    object(4'000'000, Severity::Info, 0, "Placed",
           ": " + std::to_string(*placed[0].desired) + " in " + nameOf(placed[0]) + ", " +
               std::to_string(*placed[1].desired) + " in " + nameOf(placed[1]));
    object(3'660'000, Severity::Error, 9, "PodsNotReady",
           ": " + nameOf(all.objects[9].shares[0]) + ": CrashLoopBackOff ×1");
    object(3'610'000, Severity::Info, 9, "Recovered", " is healthy again");
    object(95'000, Severity::Error, 3, "PodsNotReady", ": " + all.objects[3].message);
    object(92'000, Severity::Error, 10, "Conflict", ": " + all.objects[10].message);
    cluster(90'000, Severity::Warning, 0, "Degraded", " is Degraded: " + all.clusters[0].message);
    cluster(31'000, Severity::Error, 2, "Unreachable", " is Unreachable: " + all.clusters[2].message);
    cluster(4'000, Severity::Info, 9, "Joining", " joined, Joining");
    return result;
}

}  // namespace

FleetChanges storyFleet(TimeMs now) {
    FleetChanges all = syntheticFleet({.clusters = 14,
                                       .objects = 60,
                                       .sharesPerObject = 4,
                                       .troubledClusters = 0,
                                       .troubledObjects = 0,
                                       .now = now});
    makeSick(all.clusters[0], now - 7'200'000);
    turn(all.clusters[0], Phase::Ready, now - 5'400'000, "");
    makeUnreachable(all.clusters[2], now, 31'000);
    all.clusters[6].taints = {{"maintenance", "disks", "NoSchedule"}};
    makeJoining(all.clusters[9], now);
    for (std::size_t i = 0; i < all.objects.size(); ++i) {
        Object& object = all.objects[i];
        const bool isFailing = i == 3 || i == 10;
        // Nothing is placed in a cluster that was just joined, nor where no policy lets it.
        for (Share& share : object.shares)
            share.cluster = share.cluster == 10 ? 5U : share.cluster == kEdge + 1 ? 12U : share.cluster;
        if (isFailing) {
            object.shares[0].cluster = 1;
            object.shares[1].cluster = 8;
            makeFailing(object, all.clusters, now - (i == 3 ? 95'000 : 92'000));
        }
        followClusters(object, all.clusters);
    }
    for (Cluster& cluster : all.clusters)
        if (cluster.objects)
            cluster.objects = ObjectCounts{};
    countShares(all.objects, all.clusters);
    all.activities = storyActivities(all, now);
    return all;
}

FleetChanges wideFleet(TimeMs now) {
    FleetChanges all = storyFleet(now);
    all.activities.clear();
    all.clusters[2].timeline.pop_back();
    makeUnreachable(all.clusters[2], now, 118 * 60'000 + 30'000);
    turn(all.clusters[5], Phase::Unauthorized, now - 119 * 60'000, "Unauthorized (3 of 3 probes)");
    for (Object& object : all.objects)
        followClusters(object, all.clusters);
    Object& waiting = all.objects[0];
    waiting.health = ObjectHealth::Unscheduled;
    waiting.reason = "NoClusterFits";
    waiting.message = "policy \"shop/web\": no cluster is left: 14 rejected by affinity";
    waiting.policy.clear();
    waiting.since = now - 119 * 60'000;
    waiting.shares.clear();
    waiting.ready.reset();
    Object& slow = all.objects[6];
    Share& behind = *std::ranges::find(slow.shares, "Synced", &Share::state);
    slow.ready = *slow.ready - *behind.ready;
    behind.ready = 0;
    slow.health = ObjectHealth::Progressing;
    slow.reason = "PodsNotReady";
    slow.message = all.clusters[behind.cluster - 1].name + ": 0 of " + std::to_string(*behind.desired) +
                   " pods are ready";
    slow.since = now - 47 * 3'600'000;
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
    const Object& found = *std::ranges::find(fleet.objects, object, &Object::id);
    Explanation explanation{.object = object, .policy = found.policy};
    if (found.wanted) {
        explanation.decided = now - 4'000'000;
        explanation.because = "spec.replicas changed from " + std::to_string(*found.wanted + 2) + " to " +
                              std::to_string(*found.wanted);
        explanation.hasReplicas = true;
        explanation.wanted = *found.wanted;
    }
    for (const Cluster& cluster : fleet.clusters) {
        const auto share = std::ranges::find(found.shares, cluster.number, &Share::cluster);
        const bool isChosen = share != found.shares.end();
        if (!found.wanted)
            explanation.verdicts.push_back(
                {.cluster = cluster.name,
                 .chosen = isChosen,
                 .text = isChosen ? "chosen: what uses it is there" : "nothing that uses it is there"});
        else if (cluster.created <= explanation.decided)  // the inputs are those of then
            explanation.verdicts.push_back(verdictOf(cluster, isChosen ? &*share : nullptr,
                                                     share == found.shares.begin(), *found.wanted));
    }
    std::ranges::sort(explanation.verdicts, {}, &Verdict::cluster);
    std::ranges::stable_sort(explanation.verdicts, {}, [](const Verdict& verdict) {
        return std::tuple(!verdict.chosen, -verdict.replicas.value_or(0),
                          verdict.chosen ? 0 : -verdict.score.value_or(-1));
    });
    return explanation;
}

std::vector<PolicyPlugin> storyPolicies() {
    const auto builtin = [](const char* name, const char* what, std::vector<std::string> stages, double p50,
                            double p99, const char* digest) {
        return PolicyPlugin{.name = name,
                            .version = "1.0.0",
                            .description = what,
                            .abi = "1.0",
                            .source = "builtin",
                            .sha256 = digest,
                            .state = "Active",
                            .calls = 18'204,
                            .p50Millis = p50,
                            .p99Millis = p99,
                            .stages = std::move(stages),
                            .generation = 1};
    };
    std::vector<PolicyPlugin> plugins{
        builtin("affinity", "Keeps to the clusters that the policy names or selects by label", {"filter"},
                0.004, 0.011, "bef2b30393f6db8fcab10bf4481da2c6d64dcecb743090a0a0d4595347a154df"),
        builtin("spread", "Spreads over regions or other domains of clusters", {"select", "limit"}, 0.009,
                0.031, "db56e0ede48d9816d82791dc87321e43b4073ca23e5028ff250b5b8017f7d69e"),
        builtin("taints", "Keeps away from tainted, cordoned and unreachable clusters", {"filter", "limit"},
                0.002, 0.006, "7c2798ef0272e4bebd1d40f34766c456636b01bc0d29f47a9a0f18e1b0cd3b05"),
        builtin("weighted", "Divides replicas by weight", {"divide"}, 0.003, 0.009,
                "9798379c271ec7c83cbc94476fac1019f1c1080b4d0f1cf1d22233dd2a60546d"),
        builtin("nearest", "Prefers clusters by network distance", {"score"}, 0.018, 0.095,
                "9d1b6f0c5e2a77884c0f3a915be2d6708fa41c29d35e6b7780f1a2c4e6981d3b")};
    plugins[4].source = "library";
    plugins[4].version = "1.2.0";
    plugins[4].failures = 3;
    plugins[4].generation = 4;
    plugins[4].lastError = "score: invalid answer: \"osaka\": a score of nan, not within [0, 1]";
    return plugins;
}

std::vector<PolicyPlugin> accusedPolicies() {
    std::vector<PolicyPlugin> plugins = storyPolicies();
    plugins[4].state = "Disabled";
    plugins[4].message =
        "it crashed in score (Segmentation fault); install a corrected version, or: kubefed policy enable "
        "nearest";
    return plugins;
}

}  // namespace kubefed::testing

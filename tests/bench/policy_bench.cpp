// SPDX-License-Identifier: Apache-2.0
//
// What one decision costs, by clusters, plugins and explanation: the median of many, through the libraries as
// the controller calls them; and what it costs to look at 10,000 objects again after one of 1,000 clusters
// changed. Run: policy_bench [POLICY_LIBRARY_FOLDER] (default: policies/ beside it).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "kubefed/fed/schedule.h"
#include "plugins/host/registry.h"

#include <unistd.h>

namespace {

using namespace kubefed;
using namespace kubefed::fed;

FleetPtr makeFleet(int count) {
    std::vector<ClusterInfo> clusters;
    for (int i = 0; i < count; ++i) {
        ClusterInfo& cluster = clusters.emplace_back();
        cluster.name = "cluster-" + std::to_string(i);
        cluster.phase = i % 50 == 49 ? Phase::Unreachable : Phase::Ready;
        cluster.labels = {{"kubernetes.io/os", "linux"},
                          {"topology.kubernetes.io/provider", "metal"},
                          {"topology.kubernetes.io/region", "region-" + std::to_string(i % 7)}};
        for (int api = 0; api < 60; ++api)
            cluster.apis.push_back("group-" + std::to_string(api) + "/v1/Kind");
        cluster.apis.push_back("v1/ReplicationController");
        std::ranges::sort(cluster.apis);
        if (i % 20 == 0)
            cluster.taints = {{"gpu", "yes", TaintEffect::NoSchedule}};
    }
    return std::make_shared<const Fleet>(std::move(clusters));
}

// `plugins` is 1 (weighted divides; affinity and taints have nothing to say) or 5 (all four, affinity twice).
Policy makePolicy(int plugins) {
    Policy policy;
    policy.ref = {"PlacementPolicy", "shop", "web", "uid-" + std::to_string(plugins), 1};
    policy.rebalance = Rebalance::Always;
    if (plugins == 1)
        return policy;
    policy.clusters = kube::parseJson(R"({"exclude": ["cluster-3"]})")->as_object();
    policy.plugins.push_back(
        {.name = "affinity",
         .config = kube::parseJson(R"({"labelSelector": {"matchLabels": {"kubernetes.io/os": "linux"}}})")
                       ->as_object()});
    policy.plugins.push_back(
        {.name = "spread", .config = kube::parseJson(R"({"minDomains": 2})")->as_object()});
    policy.plugins.push_back(
        {.name = "weighted",
         .config = kube::parseJson(R"({"weights": {"cluster-1": 3, "*": 1}})")->as_object()});
    return policy;
}

Workload makeWorkload() {
    Workload workload;
    workload.gvk = {"", "v1", "ReplicationController"};
    workload.key = {"shop", "frontend"};
    workload.form = Form::Replicated;
    workload.wanted = 50;
    return workload;
}

double medianMicros(int rounds, const auto& decide) {
    std::vector<double> micros;
    for (int i = 0; i < rounds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        decide();
        micros.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    std::ranges::nth_element(micros, micros.begin() + rounds / 2);
    return micros[static_cast<std::size_t>(rounds) / 2];
}

Workload makeWorkload(int number) {
    Workload workload = makeWorkload();
    workload.key.name = "frontend-" + std::to_string(number);
    return workload;
}

// One decision, by clusters and plugins.
bool measureDecisions(plugins::PolicyRegistry& registry) {
    std::printf("%8s %8s %14s %14s %16s\n", "clusters", "plugins", "decision us", "explained us",
                "and compacted us");
    for (const int clusters : {10, 100, 1000, 10000}) {
        const FleetPtr fleet = makeFleet(clusters);
        for (const int plugins : {1, 5}) {
            const Policy policy = makePolicy(plugins);
            auto round = registry.open(policy);
            if (!round) {
                std::fprintf(stderr, "%s\n", round.error().message.c_str());
                return false;
            }
            ScheduleInput input{.fleet = fleet,
                                .workload = makeWorkload(),
                                .policy = &policy,
                                .round = round->get(),
                                .roundError = {},
                                .explain = false};
            const int rounds = std::max(21, 400000 / clusters / 10);
            if (const Decision probe = schedule(input); !probe.scheduled) {
                std::fprintf(stderr, "%s\n", probe.message.c_str());
                return false;
            }
            const double plain = medianMicros(rounds, [&] { (void)schedule(input); });
            input.explain = true;
            const double explained = medianMicros(rounds, [&] { (void)schedule(input); });
            const double compacted = medianMicros(rounds, [&] {
                (void)compact(*schedule(input).explanation, "2026-01-01T00:00:00Z", "it is new");
            });
            std::printf("%8d %8d %14.1f %14.1f %16.1f\n", clusters, plugins, plain, explained, compacted);
        }
    }
    return true;
}

// As the controller does it: every template that a policy governs is looked at again, without reasons first,
// and explained only where the decision differs.
void measureRescheduling(plugins::PolicyRegistry& registry, int objects, int plugins, Rebalance rebalance) {
    Policy policy = makePolicy(plugins);
    policy.ref.uid += rebalance == Rebalance::Always ? "-always" : "-needed";
    policy.rebalance = rebalance;
    auto round = registry.open(policy);
    const auto decide = [&](const FleetPtr& fleet, Workload workload, const PlacementSpec* last,
                            bool explain) {
        for (const ClusterShare& share : last != nullptr ? last->clusters : std::vector<ClusterShare>())
            workload.current.push_back({share.name, share.replicas.value_or(0), share.replicas.value_or(0)});
        return schedule({.fleet = fleet,
                         .workload = std::move(workload),
                         .last = last,
                         .policy = &policy,
                         .round = round->get(),
                         .roundError = {},
                         .explain = explain});
    };
    const FleetPtr before = makeFleet(1000);
    std::vector<PlacementSpec> placed;
    for (int i = 0; i < objects; ++i)
        placed.push_back(decide(before, makeWorkload(i), nullptr, false).spec);
    std::vector<ClusterInfo> clusters = before->clusters();
    clusters[*before->indexOf("cluster-501")].taints = {
        {"maintenance", "", TaintEffect::NoExecute}};  // what is there must go
    const auto after = std::make_shared<const Fleet>(std::move(clusters));
    const auto start = std::chrono::steady_clock::now();
    int changed = 0;
    for (int i = 0; i < objects; ++i) {
        const auto number = static_cast<std::size_t>(i);
        if (decide(after, makeWorkload(i), &placed[number], false).spec == placed[number])
            continue;
        ++changed;
        (void)compact(*decide(after, makeWorkload(i), &placed[number], true).explanation,
                      "2026-01-01T00:00:00Z", "the clusters changed");
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%8d %8d %14s %14d %14d %14.2f %14.1f\n", objects, plugins,
                rebalance == Rebalance::Always ? "Always" : "WhenNeeded", objects, changed, seconds,
                seconds * 1e6 / objects);
}

int run(const std::filesystem::path& folder, const std::filesystem::path& scratch) {
    plugins::PolicyRegistry registry(scratch / "cache");
    const auto report = registry.loadFolder(folder);
    for (const auto& refusal : report.refused)
        std::fprintf(stderr, "%s\n", refusal.error.message.c_str());
    if (report.loaded.empty() || !measureDecisions(registry))
        return 1;
    std::printf("\n1,000 clusters, of which one gets a NoExecute taint\n%8s %8s %14s %14s %14s %14s %14s\n",
                "objects", "plugins", "rebalance", "looked at", "changed", "seconds", "us per object");
    for (const int plugins : {1, 5})
        for (const Rebalance rebalance : {Rebalance::WhenNeeded, Rebalance::Always})
            measureRescheduling(registry, 10'000, plugins, rebalance);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    namespace fs = std::filesystem;
    const fs::path scratch = fs::temp_directory_path() / ("policy_bench." + std::to_string(::getpid()));
    const fs::path folder = argc > 1 ? fs::path(argv[1]) : plugins::builtinPolicyFolder();
    fs::create_directories(scratch);
    const int result = run(folder, scratch);
    std::error_code ignored;
    fs::remove_all(scratch, ignored);
    return result;
}

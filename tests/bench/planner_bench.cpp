// SPDX-License-Identifier: Apache-2.0
//
// What it costs to have decisions made on the planner's thread instead of here: time per decision, and how
// much of it the asking thread is busy. Through the policy libraries as the controller calls them, 64 jobs
// under way. Run: planner_bench [POLICY_LIBRARY_FOLDER] (default: policies/ beside it).
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>

#include <QCoreApplication>

#include "controller/scheduling/thread_planner.h"
#include "kubefed/fed/kinds.h"
#include "plugins/host/registry.h"

#include <unistd.h>

namespace {

using namespace kubefed;
using namespace kubefed::controller;

constexpr std::size_t kUnderWay = 64;
constexpr int kJobs = 20'000;

struct Source final : PolicySource {
    explicit Source(plugins::PolicyRegistry& used) : registry(used) {}
    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) override {
        return registry.open(policy);
    }
    void forget(const std::string& policyUid) override { registry.forget(policyUid); }
    plugins::PolicyRegistry& registry;
};

PlanJob makeJob(int clusters) {
    std::vector<fed::ClusterInfo> infos;
    for (int i = 0; i < clusters; ++i) {
        fed::ClusterInfo& info = infos.emplace_back();
        info.name = "cluster-" + std::to_string(i);
        info.phase = fed::Phase::Ready;
    }
    kube::Object object = kube::Object::make({"", "v1", "ReplicationController"}, "shop", "web");
    object.document()["spec"] = kube::JsonObject{{"replicas", 50}};
    fed::Policy policy;
    policy.ref = {"PlacementPolicy", "shop", "web", "uid", 1};
    return {.id = {static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", "ReplicationController"))),
                   object.key()},
            .inputs = std::make_shared<const PlanInputs>(
                PlanInputs{.fleet = std::make_shared<const fed::Fleet>(std::move(infos)),
                           .object = std::make_shared<const kube::Object>(std::move(object)),
                           .policy = std::make_shared<const fed::Policy>(std::move(policy)),
                           .last = {},
                           .status = {}}),
            .reasons = PlanReasons::Always};
}

double busySeconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void measure(const char* where, int clusters, const auto& decideAll) {
    const auto start = std::chrono::steady_clock::now();
    const double busy = busySeconds();
    decideAll();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%8d %10s %14.1f %14.1f\n", clusters, where, seconds.count() * 1e6 / kJobs,
                (busySeconds() - busy) * 1e6 / kJobs);
}

void planAll(Planner& planner, const PlanJob& job) {
    std::map<int, Request> underWay;
    int asked = 0;
    const std::function<void()> ask = [&] {
        while (asked < kJobs && underWay.size() < kUnderWay) {
            const int number = asked++;
            underWay[number] = planner.plan(job, [&, number](const PlanAnswer&) {
                underWay.erase(number);
                ask();
            });
        }
    };
    ask();
    while (!underWay.empty())
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

}  // namespace

int main(int argc, char** argv) {
    namespace fs = std::filesystem;
    const QCoreApplication app(argc, argv);
    const fs::path scratch = fs::temp_directory_path() / ("planner_bench." + std::to_string(::getpid()));
    fs::create_directories(scratch);
    {
        plugins::PolicyRegistry registry(scratch / "cache");
        if (registry.loadFolder(argc > 1 ? fs::path(argv[1]) : plugins::builtinPolicyFolder()).loaded.empty())
            return 1;
        Source source(registry);
        std::printf("%8s %10s %14s %14s\n", "clusters", "where", "us a decision", "us busy here");
        for (const int clusters : {2, 10, 100}) {
            const PlanJob job = makeJob(clusters);
            measure("here", clusters, [&] {
                for (int i = 0; i < kJobs; ++i)
                    (void)makeDecision(source, job);
            });
            ThreadPlanner planner(source);
            measure("thread", clusters, [&] { planAll(planner, job); });
        }
    }
    std::error_code ignored;
    fs::remove_all(scratch, ignored);
    return 0;
}

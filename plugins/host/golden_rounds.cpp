// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/golden_rounds.h"

#include <array>

#include "kubefed/fed/reasons.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::plugins {

namespace {

using namespace fed;

constexpr std::size_t kMostStepBytes = 1024;  // who watches keeps steps

// Deterministic and with something of everything: regions, taints, states, figures that are absent.
FleetPtr fleetOf(std::uint32_t size, bool isHostile) {
    static const std::array<std::string, 4> kHostile{std::string("{}{}%n"), std::string("\xff\xfe\0x", 4),
                                                     std::string(300, 'x'), std::string("\xe2\x80\xae")};
    std::vector<ClusterInfo> clusters(size);
    for (std::uint32_t i = 0; i < size; ++i) {
        ClusterInfo& cluster = clusters[i];
        cluster.name = "cluster-" + std::to_string(i) + (isHostile ? kHostile[i % kHostile.size()] : "");
        cluster.phase = i % 11 == 7 ? Phase::Unreachable : i % 13 == 5 ? Phase::Degraded : Phase::Ready;
        cluster.cordoned = i % 17 == 3;
        cluster.kubernetesVersion = "v1.34.0";
        cluster.labels = {{"topology.kubernetes.io/region", "region-" + std::to_string(i % 3)},
                          {"kubernetes.io/os", isHostile ? kHostile[(i + 1) % kHostile.size()] : "linux"}};
        if (i % 9 == 4)
            cluster.taints.push_back({"gpu", "yes", TaintEffect::NoSchedule});
        if (i % 5 != 1) {
            const double scale = isHostile ? (i % 2 == 0 ? 1e300 : 0) : 1;
            cluster.properties = {{"allocatable.cpu", 4.0 + i % 32},
                                  {"allocatable.memory", 1e9 * (1 + i % 64)},
                                  {"latencyMillis", static_cast<double>(i * 37 % 300) * scale},
                                  {"nodes.ready", static_cast<double>(i % 12)},
                                  {"nodes.total", 12.0},
                                  {"requested.cpu", static_cast<double>(i % 4)},
                                  {"requested.memory", 5e8}};
        }
    }
    return std::make_shared<const Fleet>(std::move(clusters));
}

Workload workloadOf(Form form, std::int64_t wanted) {
    Workload workload;
    workload.gvk = {"", "v1",
                    form == Form::Replicated ? "ReplicationController"
                    : form == Form::Single   ? "Pod"
                                             : "ConfigMap"};
    workload.key = {"default", "golden"};
    workload.form = form;
    workload.wanted = form == Form::Replicated ? wanted : 1;
    workload.requests = {{"cpu", 250}, {"memory", 128'000'000'000}};
    return workload;
}

std::string titleOf(const Fleet& fleet, const Workload& workload, bool isHostile) {
    return std::to_string(fleet.clusters().size()) + " clusters" + (isHostile ? " with hostile names" : "") +
           ", a " + workload.gvk.kind +
           (workload.form == Form::Replicated ? " of " + std::to_string(workload.wanted) : std::string());
}

class Rounds {
public:
    Rounds(PolicyRegistry& registry, Policy policy, const std::function<void(const std::string&)>& step)
        : m_registry(registry), m_policy(std::move(policy)), m_step(step) {}

    Result<void> runAll() {
        for (const bool isHostile : {false, true})
            for (const std::uint32_t size : {1U, 2U, 3U, 20U, 200U}) {
                const FleetPtr fleet = fleetOf(size, isHostile);
                for (const Form form : {Form::Replicated, Form::Single, Form::Everywhere})
                    KUBEFED_TRY(runOne(fleet, workloadOf(form, 7), isHostile));
                for (const std::int64_t wanted : {0, 1, 1000})
                    KUBEFED_TRY(runOne(fleet, workloadOf(Form::Replicated, wanted), isHostile));
            }
        return {};
    }

private:
    // New, then with its own decision in force, then scaled.
    Result<void> runOne(const FleetPtr& fleet, Workload workload, bool isHostile) {
        m_step("a round with " + titleOf(*fleet, workload, isHostile));
        auto first = decideTwice(fleet, workload, nullptr);
        KUBEFED_TRY(first);
        if (!first->scheduled && first->spec.clusters.empty())
            return {};
        for (const ClusterShare& share : first->spec.clusters)
            workload.current.push_back({share.name, share.replicas.value_or(0), share.replicas.value_or(0)});
        KUBEFED_TRY(decideTwice(fleet, workload, &first->spec));
        if (workload.form != Form::Replicated)
            return {};
        workload.wanted = workload.wanted * 2 + 1;
        KUBEFED_TRY(decideTwice(fleet, workload, &first->spec));
        return {};
    }

    Result<Decision> decideTwice(const FleetPtr& fleet, const Workload& workload, const PlacementSpec* last) {
        auto explained = decide(fleet, workload, last, true);
        KUBEFED_TRY(explained);
        auto silent = decide(fleet, workload, last, false);
        KUBEFED_TRY(silent);
        if (!(explained->spec == silent->spec))
            return fail(Code::FailedPrecondition,
                        "two equal rounds gave different answers; a policy is a function of the round alone");
        return explained;
    }

    Result<Decision> decide(const FleetPtr& fleet, const Workload& workload, const PlacementSpec* last,
                            bool explain) {
        const auto round = m_registry.open(m_policy);
        if (!round)
            return fail(round.error());
        Decision decision = schedule({.fleet = fleet,
                                      .workload = workload,
                                      .last = last,
                                      .policy = &m_policy,
                                      .round = round->get(),
                                      .roundError = {},
                                      .explain = explain});
        if (decision.reason == kReasonPolicyError)
            return fail(Code::FailedPrecondition, decision.message);
        return decision;
    }

    PolicyRegistry& m_registry;
    const Policy m_policy;
    const std::function<void(const std::string&)>& m_step;
};

Policy policyWith(const std::string& plugin, const kube::JsonObject& config, std::int64_t generation) {
    Policy policy;
    policy.ref = {"PlacementPolicy", "", "golden", "golden", generation};
    policy.rebalance = Rebalance::Always;
    policy.plugins.push_back({.name = plugin, .config = config});
    return policy;
}

}  // namespace

Result<void> runGoldenRounds(PolicyRegistry& registry, const std::string& plugin,
                             const std::vector<kube::JsonObject>& configs,
                             const std::function<void(const std::string&)>& step) {
    std::int64_t generation = 0;
    const auto one = [&](const kube::JsonObject& config, bool mustAccept) -> Result<void> {
        const Policy policy = policyWith(plugin, config, ++generation);
        const std::string text = kube::printJson(config);
        step("construction with " + (text.size() <= kMostStepBytes
                                         ? text
                                         : "a configuration of " + std::to_string(text.size()) + " bytes"));
        {
            const auto round = registry.open(policy);
            if (!round && !mustAccept && round.error().code == Code::InvalidArgument)
                return {};  // it needs a configuration, and there is none yet
            if (!round)
                return fail(round.error());
        }
        return Rounds(registry, policy, step).runAll();
    };
    if (configs.empty())
        KUBEFED_TRY(one({}, false));
    for (const kube::JsonObject& config : configs)
        KUBEFED_TRY(one(config, true));
    return {};
}

}  // namespace kubefed::plugins

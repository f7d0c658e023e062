// SPDX-License-Identifier: Apache-2.0
//
// Short ways to say clusters, policies and workloads in tests of placement, and plugins that are lambdas.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/fed/schedule.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::fed::testing {

inline ClusterInfo cluster(std::string name, Phase phase = Phase::Ready, std::string region = {}) {
    ClusterInfo info;
    info.name = std::move(name);
    info.phase = phase;
    if (!region.empty())
        info.labels.emplace_back("topology.kubernetes.io/region", std::move(region));
    return info;
}

inline FleetPtr fleet(std::vector<ClusterInfo> clusters) {
    return std::make_shared<const Fleet>(std::move(clusters));
}

inline kube::Object object(std::string_view json) {
    return kube::Object::parse(json).value();
}

inline Policy policy(std::string name = "web", std::string uid = "u1", std::int64_t generation = 1) {
    Policy result;
    result.ref = {"PlacementPolicy", "shop", std::move(name), std::move(uid), generation};
    result.resourceSelectors.emplace_back();
    return result;
}

inline Workload replicated(std::int64_t wanted, std::vector<CurrentShare> current = {}) {
    Workload workload;
    workload.gvk = {"", "v1", "ReplicationController"};
    workload.key = {"shop", "frontend"};
    workload.form = Form::Replicated;
    workload.wanted = wanted;
    workload.current = std::move(current);
    return workload;
}

// What a decision leaves behind for the next round.
inline std::vector<CurrentShare> currentOf(const PlacementSpec& spec) {
    std::vector<CurrentShare> current;
    for (const ClusterShare& share : spec.clusters)
        current.push_back({share.name, share.replicas.value_or(0), 0});
    return current;
}

inline std::map<std::string, std::int64_t> sharesOf(const PlacementSpec& spec) {
    std::map<std::string, std::int64_t> shares;
    for (const ClusterShare& share : spec.clusters)
        shares[share.name] = share.replicas.value_or(-1);
    return shares;
}

// Plugins as functions of one row at a time, or of all rows.
class FakeRound final : public PolicyRound {
public:
    using Run = std::function<Result<void>(std::span<RoundRow>, ReasonLog*)>;

    FakeRound& add(std::string name, Stage stage, Run run, bool optional = false, double weight = 1) {
        m_plugins.push_back({std::move(name), weight, optional, 1U << static_cast<unsigned>(stage)});
        m_runs.push_back(std::move(run));
        return *this;
    }
    FakeRound& addEvenDivider() {
        return add("even", Stage::Divide, [](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            std::int64_t left = wantedOf;
            for (RoundRow& row : rows)
                left -= row.replicas = row.min;
            std::vector<RoundRow*> order;
            for (RoundRow& row : rows)
                order.push_back(&row);
            std::ranges::sort(order, {}, &RoundRow::tieBreak);
            for (bool moved = true; moved && left > 0;) {
                moved = false;
                for (RoundRow* row : order)
                    if (left > 0 && row->replicas < row->max) {
                        ++row->replicas;
                        --left;
                        moved = true;
                    }
            }
            return {};
        });
    }

    [[nodiscard]] std::span<const Plugin> plugins() const override { return m_plugins; }
    [[nodiscard]] Result<void> run(std::size_t plugin, Stage, const RoundContext& context,
                                   std::span<RoundRow> rows, ReasonLog* reasons) override {
        wantedOf = context.workload.wanted;
        return m_runs[plugin](rows, reasons);
    }

private:
    static thread_local inline std::int64_t wantedOf = 0;
    std::vector<Plugin> m_plugins;
    std::vector<Run> m_runs;
};

inline Decision decide(FleetPtr clusters, Workload workload, const Policy& policy, PolicyRound& round,
                       const PlacementSpec* last = nullptr) {
    return schedule({.fleet = std::move(clusters),
                     .workload = std::move(workload),
                     .last = last,
                     .policy = &policy,
                     .round = &round,
                     .roundError = {}});
}

}  // namespace kubefed::fed::testing

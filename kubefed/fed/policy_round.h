// SPDX-License-Identifier: Apache-2.0
//
// The seam between scheduling and the policies: the plugins of one PlacementPolicy, ready for one round.
// plugins/host implements it over libraries, tests with fakes. schedule() calls it from one thread, each
// stage of each plugin at most once, in the order of plugins(), and itself checks every answer. An error of
// run() means that the plugin failed (exception, invalid answer at the boundary); the rows are then ignored.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/fed/explanation.h"
#include "kubefed/fed/fleet.h"

namespace kubefed::fed {

enum class Form {
    Replicated,  // replicas, divided or duplicated
    Single,      // one pod, in one cluster
    Everywhere,  // no replicas: in every selected cluster
};

struct CurrentShare {
    std::string cluster;
    std::int64_t replicas = 0;  // 0 for types without
    std::int64_t ready = 0;
};

// What is placed. Views and pointers must outlive the round.
struct Workload {
    kube::Gvk gvk;
    kube::ObjectKey key;
    const kube::JsonObject* labels = nullptr;
    Form form = Form::Everywhere;
    std::int64_t wanted = 0;                                     // Replicated: the total; else 1
    std::vector<std::pair<std::string, std::int64_t>> requests;  // see requestsOf()
    // The decision in force (or what members hold where there is none yet), any order, each cluster once.
    std::vector<CurrentShare> current;
};

struct RoundContext {
    const Fleet& fleet;
    const Workload& workload;
    Rebalance rebalance = Rebalance::WhenNeeded;
    ReplicaStrategy strategy = ReplicaStrategy::Divide;
};

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// One cluster in one call. The first block is what the plugin is told, the second its answer. Plain
// fixed-width fields: the plugin host hands these rows across the library boundary without copying them.
struct RoundRow {
    std::uint32_t cluster = 0;  // index in the fleet
    std::uint8_t chosen = 0;    // 1: the decision in force has it
    std::uint8_t out = 0;       // answer. Filter, Score: 1 rejects. Select: 1 leaves out
    std::uint16_t reserved = 0;
    std::int64_t current = 0;
    std::int64_t ready = 0;
    double score = 0;            // summed; from Select on
    std::uint64_t tieBreak = 0;  // lower first; the only way to decide between equals
    std::int64_t min = 0;        // intersected limits; Divide
    std::int64_t max = kNoLimit;

    double points = 0;       // Score: within [0, 1]
    std::int64_t lower = 0;  // Limit
    std::int64_t upper = kNoLimit;
    std::int64_t replicas = 0;  // Divide
    ReasonId reason = 0;
    std::uint32_t reserved2 = 0;
};

class PolicyRound {
public:
    struct Plugin {
        std::string name;
        double weight = 1;
        bool optional = false;
        std::uint32_t stages = 0;  // bit 1 << Stage
        [[nodiscard]] bool has(Stage stage) const {
            return ((stages >> static_cast<unsigned>(stage)) & 1U) != 0;
        }
    };

    PolicyRound() = default;
    PolicyRound(const PolicyRound&) = delete;
    PolicyRound& operator=(const PolicyRound&) = delete;
    virtual ~PolicyRound() = default;

    // affinity and taints first, then the policy's in their order, then the default divider if none divides.
    [[nodiscard]] virtual std::span<const Plugin> plugins() const = 0;
    // `reasons` is null where no explanation is wanted.
    [[nodiscard]] virtual Result<void> run(std::size_t plugin, Stage stage, const RoundContext& context,
                                           std::span<RoundRow> rows, ReasonLog* reasons) = 0;
    // Its last answer was refused, and why: for those who count.
    virtual void answeredWrongly(std::size_t plugin, Stage stage, const std::string& what) {
        (void)plugin, (void)stage, (void)what;
    }
};

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/decision_log.h"

#include <algorithm>
#include <ranges>

namespace kubefed::controller {
namespace {

constexpr std::size_t kDecisionsOfEach = 3;
constexpr std::size_t kFleets = 256;
constexpr std::size_t kClustersInFleets = 20'000;  // some 20 MB

}  // namespace

void DecisionLog::keep(const fed::FleetPtr& fleet) {
    if (std::ranges::find(m_fleets, fleet) != m_fleets.end())
        return;
    m_fleets.push_back(fleet);
    m_clusters += fleet->clusters().size();
    while (m_fleets.size() > 1 && (m_fleets.size() > kFleets || m_clusters > kClustersInFleets)) {
        m_clusters -= m_fleets.front()->clusters().size();
        m_fleets.pop_front();
    }
}

void DecisionLog::record(const TemplateId& id, const fed::Policy& policy, DecisionInputs inputs) {
    keep(inputs.fleet);
    std::weak_ptr<const fed::Policy>& known = m_policies[policy.ref.uid];
    inputs.policy = known.lock();
    if (!inputs.policy || inputs.policy->ref != policy.ref) {
        inputs.policy = std::make_shared<const fed::Policy>(policy);
        known = inputs.policy;
    }
    std::deque<Entry>& entries = m_decisions[id];
    if (entries.size() >= kDecisionsOfEach)
        entries.pop_front();
    std::weak_ptr<const fed::Fleet> fleet = inputs.fleet;
    inputs.fleet.reset();
    entries.push_back({std::move(inputs), std::move(fleet)});
}

std::optional<DecisionInputs> DecisionLog::find(const TemplateId& id,
                                                const fed::PlacementSpec& decided) const {
    const auto known = m_decisions.find(id);
    if (known == m_decisions.end())
        return std::nullopt;
    for (const Entry& entry : std::views::reverse(known->second)) {
        if (!(entry.inputs.decided == decided))
            continue;
        DecisionInputs inputs = entry.inputs;
        inputs.fleet = entry.fleet.lock();
        return inputs.fleet ? std::optional(std::move(inputs)) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace kubefed::controller

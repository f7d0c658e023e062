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

std::shared_ptr<const fed::Policy> DecisionLog::share(const fed::Policy& policy) {
    std::weak_ptr<const fed::Policy>& known = m_policies[policy.ref.uid];
    std::shared_ptr<const fed::Policy> shared = known.lock();
    if (!shared || shared->ref != policy.ref) {
        shared = std::make_shared<const fed::Policy>(policy);
        known = shared;
    }
    return shared;
}

void DecisionLog::record(const TemplateId& id, const PlanInputs& inputs, std::string plugins,
                         fed::PlacementSpec decided) {
    keep(inputs.fleet);
    std::deque<Entry>& entries = m_decisions[id];
    if (entries.size() >= kDecisionsOfEach)
        entries.pop_front();
    Entry& entry = entries.emplace_back(inputs, std::move(plugins), inputs.fleet, std::move(decided));
    entry.inputs.fleet.reset();
}

std::optional<DecisionLog::Remembered> DecisionLog::find(const TemplateId& id,
                                                         const fed::PlacementSpec& decided) const {
    const auto known = m_decisions.find(id);
    if (known == m_decisions.end())
        return std::nullopt;
    for (const Entry& entry : std::views::reverse(known->second)) {
        if (!(entry.decided == decided))
            continue;
        auto inputs = std::make_shared<PlanInputs>(entry.inputs);
        inputs->fleet = entry.fleet.lock();
        if (!inputs->fleet)
            return std::nullopt;
        return Remembered{std::move(inputs), entry.plugins};
    }
    return std::nullopt;
}

}  // namespace kubefed::controller

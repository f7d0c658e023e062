// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/owed_removals.h"

#include <algorithm>

namespace kubefed::controller {
namespace {

// Longer than the time-out of an action: a create that was sent before, perhaps by a controller that is no
// more, has arrived by then or never will.
constexpr Duration kCertain{60'000};

}  // namespace

OwedRemovals::Owed OwedRemovals::after(const TemplateId& id, const PlacementRecord* placement,
                                       const fed::PlacementSpec& next) {
    Owed owed;
    if (placement == nullptr)
        return owed;
    const SteadyTime now = m_clock.now();
    std::map<std::string, SteadyTime, std::less<>> absent;
    if (const auto known = m_absent.find(id); known != m_absent.end())
        absent.swap(known->second);
    std::map<std::string, SteadyTime, std::less<>> still;
    const auto site = [&](std::string_view name) -> std::optional<fed::RemovalSite> {
        const Member* member = m_membership.find(name);
        if (member == nullptr)
            return std::nullopt;
        fed::RemovalSite found{.uid = member->cluster.uid, .isLeaving = member->isLeaving()};
        if (!member->isWritable() || !member->store->isSynced(id.kind) || member->store->find(id) != nullptr)
            return found;
        const auto before = absent.find(name);
        const SteadyTime since = before == absent.end() ? now : before->second;
        found.isEmpty = now - since >= kCertain;
        still.emplace(name, since);
        return found;
    };
    owed.removals = fed::removalsAfter(placement->removing, &placement->placement.spec, next, site);
    std::erase_if(still, [&](const auto& entry) { return !owed.removals.contains(entry.first); });
    for (const auto& [name, since] : still) {
        const Duration left = std::max(std::chrono::ceil<Duration>(since + kCertain - now), Duration{1});
        owed.lookAgain = owed.lookAgain == Duration{0} ? left : std::min(owed.lookAgain, left);
    }
    if (still.empty())
        m_absent.erase(id);
    else
        m_absent[id] = std::move(still);
    return owed;
}

}  // namespace kubefed::controller

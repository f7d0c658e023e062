// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/scheduling_view.h"

#include <algorithm>

#include "kubefed/fed/following.h"
#include "kubefed/fed/policy_match.h"
#include "kubefed/fed/removal.h"
#include "kubefed/fed/takeover.h"

namespace kubefed::controller {
namespace {

// A decision wants it there, or wanted it there and has its removal still to be done.
bool speaksOf(const PlacementRecord& placement, std::string_view cluster) {
    return placement.placement.spec.find(cluster) != nullptr || placement.removing.contains(cluster);
}

}  // namespace

bool SchedulingView::isCurrent(const TemplateId& id, const PlanInputs& inputs,
                               const Versions& versions) const {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || record->object != inputs.object || versions.fleet != m_membership.fleetVersion())
        return false;
    const PlacementRecord* placement = m_mirror.findPlacement(id);
    if (placement != nullptr && placement->placement.spec.source.uid != record->object->uid())
        return false;
    // What members hold now must not be dropped by a decision that knew nothing of it.
    const Basis now = basis(id, *record, placement, false);
    if (!now.awaited.empty() || now.isFound != inputs.isFound || now.last != inputs.last)
        return false;
    if (versions.rules == m_mirror.rulesVersion())
        return true;
    const fed::Governance governed =
        governance(id, *record, placement != nullptr ? &placement->placement.spec : nullptr);
    return governed.policy != nullptr && !governed.follows && !governed.policy->suspend &&
           governed.policy->ref == inputs.policy->ref;
}

SchedulingView::Basis SchedulingView::basis(const TemplateId& id, const TemplateRecord& record,
                                            const PlacementRecord* placement, bool follows) const {
    Basis basis;
    if (placement != nullptr)
        basis.last = placement->placement.spec;
    const fed::PlacementSpec* last = basis.last ? &*basis.last : nullptr;
    const bool isFirst = last == nullptr || last->clusters.empty();
    if (!isFirst && follows)
        basis.awaited = awaitedOfLeft(id, *placement);
    if (!isFirst && (follows || !fed::isUndecided(last)))
        return basis;
    basis.awaited = m_membership.awaited(id.kind);
    if (!basis.awaited.empty())
        return basis;
    if (auto found = fed::withFound(last, fed::TemplateRef::of(*record.object), held(id, placement))) {
        basis.last = std::move(found);
        basis.isFound = true;
    }
    return basis;
}

bool SchedulingView::isPlaceable(const TemplateId& id) const {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    return record != nullptr && record->isTemplate && !record->object->isDeleting();
}

fed::Governance SchedulingView::governance(const TemplateId& id, const TemplateRecord& record,
                                           const fed::PlacementSpec* last) const {
    return fed::govern(id.traits(), *record.object, m_mirror.namespaceLabels(id.key.ns), m_mirror.policies(),
                       last);
}

fed::Governance SchedulingView::governanceNow(const TemplateId& id) const {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    const PlacementRecord* placement = m_mirror.inForce(id);
    return record == nullptr
               ? fed::Governance{}
               : governance(id, *record, placement == nullptr ? nullptr : &placement->placement.spec);
}

bool SchedulingView::isSuspended(const TemplateId& id, const std::string& cluster) const {
    if (!m_mirror.maySuspendIn(id.key.ns))
        return false;
    const fed::Governance governed = governanceNow(id);
    if (!governed.follows)
        return governed.policy != nullptr && governed.policy->suspend;
    bool isUsed = false;
    for (const TemplateId& leader : m_follow.followed(id)) {
        const PlacementRecord* placement = m_mirror.inForce(leader);
        if (placement == nullptr || !speaksOf(*placement, cluster) ||
            !m_mirror.findTemplate(leader)->isTemplate)
            continue;
        if (isSuspended(leader, cluster))
            isUsed = true;
        else if (placement->placement.spec.find(cluster) != nullptr)
            return false;  // one that is about to be removed there wants nothing written
    }
    if (isUsed)
        return true;
    // Edited while it is suspended, what stands there goes on using what its template no longer names.
    const PlacementRecord* placement = m_mirror.inForce(id);
    return placement != nullptr && placement->removing.contains(cluster) &&
           isAnySuspendedIn(id.key.ns, cluster);
}

bool SchedulingView::isSuspended(const TemplateId& id) const {
    if (!m_mirror.maySuspendIn(id.key.ns))
        return false;
    const fed::Governance governed = governanceNow(id);
    const PlacementRecord* placement = m_mirror.inForce(id);
    if (!governed.follows || placement == nullptr)
        return governed.policy != nullptr && governed.policy->suspend;
    const auto& removing = placement->removing;
    return std::ranges::any_of(placement->placement.spec.clusters,
                               [&](const auto& share) { return isSuspended(id, share.name); }) ||
           std::ranges::any_of(removing, [&](const auto& owed) { return isSuspended(id, owed.first); });
}

bool SchedulingView::isAnySuspendedIn(const std::string& ns, const std::string& cluster) const {
    if (m_suspended.version != m_mirror.version())
        findSuspended();
    const auto found = m_suspended.clusters.find(ns);
    return found != m_suspended.clusters.end() && found->second.contains(cluster);
}

void SchedulingView::findSuspended() const {
    m_suspended = {.version = m_mirror.version()};
    m_mirror.forEachTemplate([&](const TemplateId& id, const TemplateRecord& record) {
        if (!id.traits().hasPods() || !record.isTemplate || !m_mirror.maySuspendIn(id.key.ns))
            return;
        const PlacementRecord* placement = m_mirror.inForce(id);
        if (placement == nullptr)
            return;
        const fed::Governance governed = governance(id, record, &placement->placement.spec);
        if (governed.policy == nullptr || !governed.policy->suspend)
            return;
        std::set<std::string>& clusters = m_suspended.clusters[id.key.ns];
        for (const fed::ClusterShare& share : placement->placement.spec.clusters)
            clusters.insert(share.name);
        for (const auto& [name, uid] : placement->removing)
            clusters.insert(name);
    });
}

bool SchedulingView::isLeft(const TemplateId& id, const TemplateRecord& record) const {
    if (!record.isTemplate)
        return true;
    const PlacementRecord* placement = record.object->isDeleting() ? m_mirror.inForce(id) : nullptr;
    return placement != nullptr && placement->placement.spec.onDelete == fed::OnDelete::Orphan;
}

bool SchedulingView::isJoined(std::string_view cluster) const {
    const kube::ObjectPtr* member = m_mirror.findMember(std::string(cluster));
    return member != nullptr && !(*member)->isDeleting();
}

std::vector<std::string> SchedulingView::mayStandOwed(const TemplateId& id,
                                                      const PlacementRecord& placement) const {
    std::vector<std::string> clusters;
    for (const auto& [name, uid] : placement.removing) {
        const Member* member = m_membership.find(name);
        if (member == nullptr || !fed::mayBeOwed(placement.removing, name, member->cluster.uid))
            continue;
        const bool isKnown = member->isWritable() && member->store->isSynced(id.kind);
        const fed::MemberObject* live = member->store->find(id);
        if (live != nullptr ? !live->deleting : !isKnown)
            clusters.push_back(name);
    }
    return clusters;
}

std::vector<std::string> SchedulingView::awaitedOfLeft(const TemplateId& id,
                                                       const PlacementRecord& standing) const {
    std::set<std::string> names;
    for (const TemplateId& leader : m_follow.followed(id)) {
        const PlacementRecord* placement = m_mirror.inForce(leader);
        if (placement == nullptr || placement->removing.empty() ||
            !isLeft(leader, *m_mirror.findTemplate(leader)))
            continue;
        for (const std::string& name : m_membership.awaited(leader.kind))
            if (placement->removing.contains(name) && speaksOf(standing, name) &&
                !fed::isLeftBehind(standing.placement.spec, placement->placement.spec.source, name))
                names.insert(name);
    }
    return {names.begin(), names.end()};
}

fed::Decision SchedulingView::followed(const TemplateId& id, const fed::PlacementSpec* last) const {
    const PlacementRecord* standing = m_mirror.inForce(id);
    std::vector<fed::Leader> leaders;
    bool pending = false;
    for (const TemplateId& leader : m_follow.followed(id)) {
        const TemplateRecord* record = m_mirror.findTemplate(leader);
        const PlacementRecord* placement = m_mirror.inForce(leader);
        const fed::PlacementSpec* spec = placement == nullptr ? nullptr : &placement->placement.spec;
        if (record == nullptr || (!record->isTemplate && (spec == nullptr || (spec->clusters.empty() &&
                                                                              placement->removing.empty()))))
            continue;  // it was never placed
        if (spec != nullptr)
            leaders.push_back({.spec = spec, .isLeft = isLeft(leader, *record)});
        // It stays there with it, and is not made there anew.
        if (spec != nullptr && leaders.back().isLeft && standing != nullptr) {
            leaders.back().owed = mayStandOwed(leader, *placement);
            std::erase_if(leaders.back().owed,
                          [&](const std::string& name) { return !speaksOf(*standing, name); });
        }
        pending = pending || spec == nullptr ||
                  (leader.traits().role == fed::Role::Workload && fed::isUndecided(spec));
    }
    const auto isDecidedAgain = [&](const fed::LeftBehind& who, std::string_view cluster) {
        const int kind = kindIndex(fed::findKind(who.gvk));
        if (kind < 0)
            return false;
        const TemplateId leader{static_cast<std::uint8_t>(kind), {id.key.ns, who.name}};
        const PlacementRecord* placement = m_mirror.inForce(leader);
        return placement != nullptr && !isLeft(leader, *m_mirror.findTemplate(leader)) &&
               speaksOf(*placement, cluster);
    };
    const TemplateRecord* own = m_mirror.findTemplate(id);
    const kube::JsonObject* selector =
        own == nullptr ? nullptr : fed::podSelectorOf(id.traits(), own->object->document());
    const bool hasSelector =
        id.traits().role != fed::Role::Service || (selector != nullptr && !selector->empty());
    return fed::follow(id.traits(), {.leaders = leaders,
                                     .isPending = pending,
                                     .hasSelector = hasSelector,
                                     .last = last,
                                     .isDecidedAgain = isDecidedAgain,
                                     .isJoined = [this](std::string_view name) { return isJoined(name); }});
}

std::vector<TemplateId> SchedulingView::unaware(const TemplateId& id) const {
    std::vector<TemplateId> result;
    const PlacementRecord* placement = m_mirror.inForce(id);
    if (placement == nullptr)
        return result;
    const fed::PlacementSpec& spec = placement->placement.spec;
    std::vector<std::string> stands = mayStandOwed(id, *placement);
    for (const fed::ClusterShare& share : spec.clusters)
        stands.push_back(share.name);
    for (const TemplateId& follower : m_follow.followers(id)) {
        const PlacementRecord* theirs = isPlaceable(follower) ? m_mirror.inForce(follower) : nullptr;
        if (theirs == nullptr)
            continue;  // nothing will be decided that could move it
        const fed::PlacementSpec& standing = theirs->placement.spec;
        const bool isMoved = std::ranges::any_of(stands, [&](const std::string& name) {
            return speaksOf(*theirs, name) && isJoined(name) &&
                   !fed::isLeftBehind(standing, spec.source, name);
        });
        if (isMoved && governance(follower, *m_mirror.findTemplate(follower), &standing).follows)
            result.push_back(follower);
    }
    return result;
}

std::vector<fed::ClusterShare> SchedulingView::held(const TemplateId& id,
                                                    const PlacementRecord* placement) const {
    std::vector<fed::ClusterShare> shares;
    for (const auto& [name, member] : m_membership.members()) {
        const fed::MemberObject* live = member->store->find(id);
        if (live == nullptr || live->deleting || member->isLeaving())
            continue;
        if (placement != nullptr && fed::mayBeOwed(placement->removing, name, member->cluster.uid))
            continue;
        shares.push_back(
            {name, id.traits().isReplicated() ? std::optional(live->status.specReplicas) : std::nullopt});
    }
    return shares;
}

bool SchedulingView::isGoneEverywhere(const TemplateId& id, std::vector<std::string>& unreachable) const {
    const PlacementRecord* placement = m_mirror.inForce(id);
    bool gone = true;
    for (const auto& [name, member] : m_membership.members()) {
        const bool held = member->store->find(id) != nullptr;
        const bool concerned =
            placement != nullptr && (placement->placement.spec.find(name) != nullptr ||
                                     fed::mayBeOwed(placement->removing, name, member->cluster.uid));
        const bool known = member->isWritable() && member->store->isSynced(id.kind);
        if (!held && (known || !concerned))
            continue;
        if (member->isLeaving() && !member->deletesObjects)
            continue;  // what is there stays there
        gone = false;
        if (!member->isWritable())
            unreachable.push_back(name);
    }
    return gone;
}

}  // namespace kubefed::controller

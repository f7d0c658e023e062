// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/scheduling_view.h"

#include <algorithm>

#include "kubefed/fed/policy_match.h"
#include "kubefed/fed/removal.h"
#include "kubefed/fed/takeover.h"

namespace kubefed::controller {

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

fed::Decision SchedulingView::followed(const TemplateId& id, const fed::PlacementSpec* last) const {
    std::vector<const fed::PlacementSpec*> specs;
    bool pending = false;
    for (const TemplateId& leader : m_follow.followed(id)) {
        const PlacementRecord* placement = m_mirror.inForce(leader);
        if (placement != nullptr)
            specs.push_back(&placement->placement.spec);
        pending =
            pending || placement == nullptr ||
            (leader.traits().role == fed::Role::Workload && fed::isUndecided(&placement->placement.spec));
    }
    fed::Decision decision = fed::follow(id.traits(), specs, last);
    if (!pending || last == nullptr || decision.keepsLast)
        return decision;
    // Something that it follows is not decided yet: nothing is dropped on half the knowledge.
    for (const fed::ClusterShare& share : last->clusters)
        if (decision.spec.find(share.name) == nullptr)
            decision.spec.clusters.push_back(share);
    std::ranges::sort(decision.spec.clusters, {}, &fed::ClusterShare::name);
    return decision;
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

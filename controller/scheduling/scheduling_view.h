// SPDX-License-Identifier: Apache-2.0
//
// What the decision about a template depends on, as it stands now: who governs it, whom it follows, what is
// in force, what members hold. Reads only; the core thread; owned by Scheduler.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/host/host_mirror.h"
#include "controller/membership/membership.h"
#include "controller/scheduling/follow_index.h"
#include "controller/scheduling/planner.h"

namespace kubefed::controller {

class SchedulingView {
public:
    // Of what a plan's inputs do not show: as long as they are the same, so are the clusters as decisions see
    // them, and who governs whom.
    struct Versions {
        std::uint64_t fleet = 0;
        std::uint64_t rules = 0;
    };

    SchedulingView(const HostMirror& mirror, const Membership& membership, const FollowIndex& follow)
        : m_mirror(mirror), m_membership(membership), m_follow(follow) {}

    // What a decision starts from.
    struct Basis {
        std::vector<std::string> awaited;  // whose first lists are awaited: nothing may be decided before
        std::optional<fed::PlacementSpec> last;
        bool isFound = false;  // PlanInputs::isFound
    };

    [[nodiscard]] Versions versions() const { return {m_membership.fleetVersion(), m_mirror.rulesVersion()}; }
    // `follows`: as governance() says.
    [[nodiscard]] Basis basis(const TemplateId& id, const TemplateRecord& record,
                              const PlacementRecord* placement, bool follows) const;
    // Would the inputs of a plan for it be the same ones now? `versions` are of when they were taken. The
    // figures of members (latency, capacity, what is ready) may differ: they cause no decision by themselves.
    [[nodiscard]] bool isCurrent(const TemplateId& id, const PlanInputs& inputs,
                                 const Versions& versions) const;
    // It is there, wants to be placed, and is not being deleted.
    [[nodiscard]] bool isPlaceable(const TemplateId& id) const;

    [[nodiscard]] fed::Governance governance(const TemplateId& id, const TemplateRecord& record,
                                             const fed::PlacementSpec* last) const;
    // Nothing may be written of it to the cluster, by the policy that governs now; the one that decided may
    // be another. What follows is held where all that it follows there is, and not taken away where what may
    // use it by its standing form is.
    [[nodiscard]] bool isSuspended(const TemplateId& id, const std::string& cluster) const;
    // The same for any of its clusters.
    [[nodiscard]] bool isSuspended(const TemplateId& id) const;
    // Where something goes that follows.
    [[nodiscard]] fed::Decision followed(const TemplateId& id, const fed::PlacementSpec* last) const;
    // What stands of it in clusters stays as it is: it is no template, or is being deleted with Orphan.
    [[nodiscard]] bool isLeft(const TemplateId& id, const TemplateRecord& record) const;
    // Of one that is left: followers that the next decision would take from it, since their Placements do not
    // say yet that it was.
    [[nodiscard]] std::vector<TemplateId> unaware(const TemplateId& id) const;
    // What members hold of it that no decision of ours asks for.
    [[nodiscard]] std::vector<fed::ClusterShare> held(const TemplateId& id,
                                                      const PlacementRecord* placement) const;
    // Members that hold it, or may hold it: those that cannot be reached are named in `unreachable`.
    [[nodiscard]] bool isGoneEverywhere(const TemplateId& id, std::vector<std::string>& unreachable) const;

private:
    [[nodiscard]] bool isJoined(std::string_view cluster) const;
    // Where its removal is still owed and it may be yet.
    [[nodiscard]] std::vector<std::string> mayStandOwed(const TemplateId& id,
                                                        const PlacementRecord& placement) const;
    // Members, not listed yet, that say whether one that it follows, and that is left, stands where its
    // removal is owed.
    [[nodiscard]] std::vector<std::string> awaitedOfLeft(const TemplateId& id,
                                                         const PlacementRecord& standing) const;
    [[nodiscard]] fed::Governance governanceNow(const TemplateId& id) const;
    [[nodiscard]] bool isAnySuspendedIn(const std::string& ns, const std::string& cluster) const;

    void findSuspended() const;

    // By namespace: where one of its workloads is suspended. Many removals ask, and nothing has changed.
    struct Suspended {
        std::optional<std::uint64_t> version;  // of the mirror
        std::map<std::string, std::set<std::string>, std::less<>> clusters = {};
    };
    mutable Suspended m_suspended = {};
    const HostMirror& m_mirror;
    const Membership& m_membership;
    const FollowIndex& m_follow;
};

}  // namespace kubefed::controller

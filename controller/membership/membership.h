// SPDX-License-Identifier: Apache-2.0
//
// The member clusters: makes and keeps a link for each MemberCluster, probes it, knows whether it may be
// written to, writes MemberCluster.status, and lets a cluster leave. Each step looks at the present state and
// does the next missing thing. Core thread; owned by Controller.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "controller/host/host_mirror.h"
#include "controller/membership/member.h"
#include "kubefed/fed/fleet.h"

namespace kubefed::controller {

struct MembershipConfig {
    std::string federationId;
    Duration statusInterval{60'000};   // without a change of a condition or a rounded figure
    Duration countsRest{300};          // after the last change of how many are synced or fail
    Duration countsInterval{2'000};    // and so often while such changes go on
    Duration nodesInterval{10'000};    // at most, while nodes change
    Duration settlingTime{30'000};     // after a member's first list, in which others may follow
    Duration patience{10'000};         // with a list that does not come forward
    Duration longestPatience{60'000};  // with one that does
};

struct MembershipHandlers {
    std::function<void(Member&, const TemplateId&)> objectChanged;
    std::function<void(Member&, const std::string& ns)> namespaceChanged;
    std::function<void(Member&)> listed;  // a kind's list is complete, or a kind's mirror fails
    std::function<void(const Member&, const fed::Probe&)> probed;  // after its health took it in
    std::function<void(Member&)> stateChanged;  // phase, whether it may be written to, leaving
    std::function<void(Member&)> relinked;      // its link is another one: nothing under way will be answered
    std::function<void(const std::string&)> gone;  // after it was removed
    std::function<void()> fleetChanged;            // what decisions see of the clusters
    // desired, synced, failed and unclaimed objects there
    std::function<fed::MemberClusterStatus::Objects(const Member&)> count;
};

class Membership {
public:
    using Members = std::map<std::string, std::unique_ptr<Member>, std::less<>>;

    Membership(HostApi& host, HostMirror& mirror, MemberLinkFactory& links, Clock& clock,
               MembershipConfig config, MembershipHandlers handlers);
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

    // The MemberCluster or its Secret changed (or went).
    void reconcile(const std::string& name);
    void reconcileAll();
    // How many objects are synced or fail there has changed.
    void countsChanged(Member& member);

    [[nodiscard]] const Members& members() const { return m_members; }
    [[nodiscard]] Member* find(std::string_view name) const;
    [[nodiscard]] fed::FleetPtr fleet() const;
    // Another one after each fleetChanged; figures of the same version may differ.
    [[nodiscard]] std::uint64_t fleetVersion() const { return m_fleetVersion; }
    // Members that may be reached and whose first list of a kind is still to come, by name. Empty: absence
    // means something now. A member that does not bring it within a while is not waited for.
    [[nodiscard]] std::vector<std::string> awaited(std::uint8_t kind) const;
    // How long it may still be that more members are about to come back: not long ago one was listed for the
    // first time. Zero: all that are coming have come.
    [[nodiscard]] Duration settlesIn() const;

private:
    Member& add(const kube::Object& object);
    void drop(const std::string& name);
    void listed(Member& member);
    void connect(Member& member);
    void handle(Member& member, std::vector<MemberEvent> events);
    void probe(Member& member);
    void armProbe(Member& member);
    void healthCheckEdited(Member& member);
    void resume(Member& member, fed::Phase before);
    void probed(Member& member, const fed::Probe& probe);
    void identify(Member& member);
    void beginPatience(Member& member);
    void patienceEnded(Member& member);
    void leave(Member& member);
    void patchFinalizer(Member& member, bool present);
    void stateMayHaveChanged(Member& member);
    // The same without a status after it. True: what decisions see of it did change.
    bool lookAtState(Member& member);
    void armCounts(Member& member, Duration delay);
    void scheduleStatus(Member& member, Duration delay);
    void writeStatus(Member& member);
    [[nodiscard]] fed::MemberCluster viewOf(const Member& member) const;

    HostApi& m_host;
    HostMirror& m_mirror;
    MemberLinkFactory& m_links;
    Clock& m_clock;
    const MembershipConfig m_config;
    MembershipHandlers m_handlers;
    mutable fed::FleetPtr m_fleet;
    std::optional<SteadyTime> m_firstListed;  // when a member was listed for the first time, the last of them
    std::uint64_t m_fleetVersion = 0;
    Members m_members;
};

}  // namespace kubefed::controller

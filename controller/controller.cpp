// SPDX-License-Identifier: Apache-2.0
#include "controller/controller.h"

#include <algorithm>

#include "kubefed/fed/names.h"

namespace kubefed::controller {
namespace {

constexpr Duration kGather{100};  // changes of workloads, before what they may release is looked at

// Only status and bookkeeping differ: no decision and nothing that members get can.
bool isSameButStatus(const TemplateRecord& a, const TemplateRecord& b) {
    const auto field = [&](std::string_view name) {
        const kube::Json* left = a.object->at({"metadata", name});
        const kube::Json* right = b.object->at({"metadata", name});
        return left == nullptr || right == nullptr ? left == right : kube::equal(*left, *right);
    };
    return a.isTemplate == b.isTemplate && field("uid") && field("generation") && field("finalizers") &&
           field("ownerReferences") && field("deletionTimestamp") &&
           ((a.manifest != nullptr && a.manifest == b.manifest) ||
            fed::Manifest::isSameOf(*a.object, *b.object));
}

}  // namespace

Controller::Controller(HostApi& host, MemberLinkFactory& links, Planner& planner, Clock& clock,
                       ControllerConfig config)
    : m_clock(clock),
      m_config(std::move(config)),
      m_mirror(host, m_config.federationId, mirrorHandlers()),
      m_follow(m_mirror),
      m_keeper(host, m_mirror, clock, m_metrics),
      m_membership(host, m_mirror, links, clock, {.federationId = m_config.federationId},
                   membershipHandlers()),
      m_scheduler(host, m_mirror, m_membership, m_follow, planner, clock, m_metrics,
                  {.outcomeChanged = [this](const TemplateId& id) { m_status.enqueue(id); },
                   .isBusy = [this](const TemplateId& id) { return m_propagator.isBusy(id); }}),
      m_propagator(
          m_mirror, m_membership, clock, m_metrics,
          {.isSuspended = [this](const TemplateId& id,
                                 const std::string& cluster) { return m_scheduler.isSuspended(id, cluster); },
           .onDelete = [this](const TemplateId& id) { return m_scheduler.onDelete(id); },
           .changed =
               [this](Member& member, const TemplateId& id) {
                   m_status.enqueue(id);
                   m_membership.countsChanged(member);
               },
           .idle =
               [this](const TemplateId& id) {
                   const TemplateRecord* record = m_mirror.findTemplate(id);
                   if (record != nullptr && record->object->isDeleting())
                       m_scheduler.enqueue(id);
               }}),
      m_status(host, m_mirror, m_membership, m_scheduler, m_propagator, m_follow, clock, m_metrics),
      m_policyStatus(host, m_mirror, clock, m_metrics) {}

void Controller::start(std::function<void()> ready) {
    m_ready = std::move(ready);
    m_mirror.start();
}

MirrorHandlers Controller::mirrorHandlers() {
    MirrorHandlers handlers;
    handlers.templateChanged = [this](const auto& id, auto* before, auto* after) {
        templateChanged(id, before, after);
    };
    handlers.placementChanged = [this](const auto& id, auto* before, auto* after) {
        placementChanged(id, before, after);
    };
    // Its labels may select it.
    handlers.namespaceChanged = [this](const std::string& ns) { rulesChanged(ns); };
    handlers.policyChanged = [this](const std::string& ns) { rulesChanged(ns); };
    handlers.policyGone = [this](const std::string& uid) { m_scheduler.policyGone(uid); };
    handlers.policySeen = [this](const kube::ObjectKey& key) { m_policyStatus.enqueue(key); };
    handlers.memberChanged = [this](const std::string& name) {
        m_membership.reconcile(name);
        if (m_observer != nullptr)
            m_observer->memberChanged(name);
    };
    handlers.synced = [this] { synced(); };
    return handlers;
}

MembershipHandlers Controller::membershipHandlers() {
    MembershipHandlers handlers;
    handlers.objectChanged = [this](Member& member, const TemplateId& id) {
        m_propagator.enqueue(member, id);
        m_status.enqueue(id);
        if (id.traits().hasPods())
            m_membership.countsChanged(member);  // its pods may fail, or no longer
        const TemplateRecord* record = m_mirror.findTemplate(id);
        if ((record != nullptr && record->object->isDeleting()) || m_mirror.owing().contains(id))
            m_scheduler.enqueue(id);
    };
    handlers.namespaceChanged = [this](Member& member, const std::string& ns) {
        m_propagator.enqueueNamespace(member, ns);
    };
    handlers.listed = [this](Member& member) {
        m_propagator.enqueueMember(member);
        m_status.enqueueCluster(member.name);
        enqueueOwing();
        m_scheduler.membersChanged();
    };
    handlers.probed = [this](const Member& member, const fed::Probe& probe) {
        if (m_observer != nullptr)
            m_observer->memberProbed(member, probe);
    };
    handlers.stateChanged = [this](Member& member) {
        if (m_observer != nullptr)
            m_observer->memberChanged(member.name);
        m_propagator.stateChanged(member);
        m_scheduler.membersChanged();
        const std::string phase(fed::toString(member.phase(false)));
        const std::string state = phase + (member.isWritable() ? "+" : "-");
        const std::string before = std::exchange(member.announcedState, state);
        if (before == state)
            return;
        enqueueOwing();
        // Deletions that waited for it go on.
        m_mirror.forEachTemplate([this](const TemplateId& id, const TemplateRecord& record) {
            if (record.object->isDeleting())
                m_scheduler.enqueue(id);
        });
        if (before == phase + "+" || before == phase + "-")
            return;  // keys wait where they are while its identity is asked for
        m_propagator.enqueueMember(member);
        m_status.enqueueCluster(member.name);
    };
    handlers.relinked = [this](Member& member) { m_propagator.drop(member.name); };
    handlers.gone = [this](const std::string& name) {
        m_propagator.drop(name);
        m_status.enqueueCluster(name);
    };
    handlers.fleetChanged = [this] {
        if (m_mirror.isSynced())
            m_scheduler.enqueueAll();
    };
    handlers.count = [this](const Member& member) { return m_propagator.count(member); };
    return handlers;
}

void Controller::templateChanged(const TemplateId& id, const TemplateRecord* before,
                                 const TemplateRecord* after) {
    m_keeper.look(id);
    if (m_observer != nullptr)
        m_observer->objectChanged(id);
    if (before != nullptr && after != nullptr && m_mirror.isSynced() && isSameButStatus(*before, *after))
        return m_status.enqueue(id);  // the aggregate may not be what stands there now
    if (id.key.ns == fed::kSystemNamespace && id.traits().kind == "Secret")
        m_membership.reconcileAll();  // it may hold a member's credentials
    const bool wasThere = before != nullptr;
    if (m_mirror.isSynced() && wasThere)
        touchNeighbours(id);  // those that it had
    m_follow.update(id);
    if (!m_mirror.isSynced())
        return;
    touchNeighbours(id);
    for (const TemplateId& user : m_follow.namedBy(id))
        m_status.enqueue(user);  // DependencyMissing comes or goes
    m_scheduler.enqueue(id);
    m_propagator.enqueueEverywhere(id);
    m_status.enqueue(id);
}

void Controller::placementChanged(const TemplateId& id, const PlacementRecord* before,
                                  const PlacementRecord* after) {
    m_keeper.look(id);
    if (m_observer != nullptr)
        m_observer->objectChanged(id);
    if (!m_mirror.isSynced())
        return;
    if (!isDecisionChanged(before, after))
        return;
    touchNeighbours(id);
    m_scheduler.enqueue(id);
    m_propagator.enqueueEverywhere(id);
    m_status.enqueue(id);
}

// Who governs whom, in the namespace; in all without one.
void Controller::rulesChanged(const std::string& ns) {
    if (!m_mirror.isSynced())
        return;
    const auto touch = [this](const TemplateId& id) {
        m_scheduler.enqueue(id);
        m_propagator.enqueueEverywhere(id);  // suspend may have ended
    };
    m_mirror.forEachTemplate([&](const TemplateId& id, const TemplateRecord&) {
        if (ns.empty() || id.key.ns == ns)
            touch(id);
    });
}

void Controller::policiesChanged() {
    if (m_mirror.isSynced())
        m_scheduler.enqueueAll();
}

void Controller::synced() {
    m_membership.reconcileAll();
    m_scheduler.enqueueAll();
    if (m_ready)
        m_ready();
}

// Who goes where it goes, who is held with it, and whose deletion may wait for it.
void Controller::touchNeighbours(const TemplateId& id) {
    // The end of the last suspension is told to all.
    const bool maySuspend = m_mirror.maySuspendIn(id.key.ns);
    touchFollowers(id, maySuspend);
    if (maySuspend && id.traits().hasPods())
        touchOwingSoon(id.key.ns);
    for (const TemplateId& leader : m_follow.followed(id))
        if (const TemplateRecord* record = m_mirror.findTemplate(leader);
            record != nullptr && record->object->isDeleting())
            m_scheduler.enqueue(leader);
}

// The end of a hold changes no decision, so the propagator is told, too.
void Controller::touchFollowers(const TemplateId& id, bool maySuspend) {
    for (const TemplateId& follower : m_follow.followers(id)) {
        m_scheduler.enqueue(follower);
        if (!maySuspend)
            continue;
        m_propagator.enqueueHeld(follower);
        touchFollowers(follower, maySuspend);  // a ServiceAccount holds its Secrets
    }
}

// What a namespace's followers still owe may be held by any of its workloads. Many of those change together,
// and many owe: each is looked at once for all of that.
void Controller::touchOwingSoon(const std::string& ns) {
    m_released.insert(ns);
    if (m_releasing.isActive())
        return;
    m_releasing = m_clock.after(kGather, [this] {
        m_releasing.cancel();
        const std::set<std::string> namespaces = std::exchange(m_released, {});
        for (const TemplateId& id : m_mirror.owing())
            if (!id.traits().hasPods() && namespaces.contains(id.key.ns)) {
                m_propagator.enqueueHeld(id);
                const TemplateRecord* record = m_mirror.findTemplate(id);  // its Placement may outlive it
                if (record != nullptr && record->object->isDeleting())
                    m_scheduler.enqueue(id);
            }
    });
}

// An absence may be certain now: what was still to be removed is gone.
void Controller::enqueueOwing() {
    for (const TemplateId& id : m_mirror.owing())
        m_scheduler.enqueue(id);
}

std::size_t Controller::queued() const {
    return m_scheduler.queued() + m_propagator.queued();
}

std::string Controller::metricsText() const {
    std::string text = print(m_metrics);
    m_propagator.print(text);
    printHeader(text, "kubefed_schedule_queue_depth", "gauge",
                "Templates that wait to be looked at or decided.");
    printSample(text, "kubefed_schedule_queue_depth", {}, static_cast<double>(m_scheduler.queued()));
    printHeader(text, "kubefed_cluster_ready", "gauge", "1 where the member is Ready or Degraded, else 0.");
    for (const auto& [name, member] : m_membership.members()) {
        const fed::Phase phase = member->phase(false);
        const bool ready = phase == fed::Phase::Ready || phase == fed::Phase::Degraded;
        printSample(text, "kubefed_cluster_ready", {{"cluster", name}}, ready ? 1 : 0);
    }
    printHeader(text, "kubefed_cluster_last_contact_seconds", "gauge",
                "How long ago the member last answered.");
    for (const auto& [name, member] : m_membership.members())
        if (member->health.contacted)
            printSample(
                text, "kubefed_cluster_last_contact_seconds", {{"cluster", name}},
                std::chrono::duration<double>(m_clock.wallNow() - member->health.lastContact).count());
    return text;
}

}  // namespace kubefed::controller

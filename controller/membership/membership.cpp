// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/membership.h"

#include <utility>

#include "controller/membership/credentials.h"
#include "controller/membership/member_status.h"
#include "kubefed/fed/leaving.h"
#include "kubefed/fed/names.h"
#include "kubefed/util/log.h"

namespace kubefed::controller {
namespace {

constexpr Duration kIdentifyAgain{500};
constexpr Duration kIdentifyWithin{10'000};  // writes wait for it, so it must not wait as long as a probe may

std::uint8_t secretKind() {
    static const int kind = kindIndex(fed::findKind("v1", "Secret"));
    return static_cast<std::uint8_t>(kind);
}

}  // namespace

Membership::Membership(HostApi& host, HostMirror& mirror, MemberLinkFactory& links, Clock& clock,
                       MembershipConfig config, MembershipHandlers handlers)
    : m_host(host),
      m_mirror(mirror),
      m_links(links),
      m_clock(clock),
      m_config(std::move(config)),
      m_handlers(std::move(handlers)) {}

Member* Membership::find(std::string_view name) const {
    const auto it = m_members.find(name);
    return it == m_members.end() ? nullptr : it->second.get();
}

void Membership::reconcileAll() {
    m_mirror.forEachMember([this](const kube::Object& object) { reconcile(std::string(object.name())); });
}

void Membership::reconcile(const std::string& name) {
    if (!m_mirror.isSynced())
        return;  // the credentials may not be listed yet
    const kube::ObjectPtr* object = m_mirror.findMember(name);
    if (object == nullptr)
        return drop(name);
    Result<fed::MemberCluster> decoded = fed::MemberCluster::decode(**object);
    if (!decoded) {
        log::error("a MemberCluster cannot be understood; what is known of it stays",
                   {{"cluster", name}, {"why", decoded.error().text()}});
        return;
    }
    Member* known = find(name);
    Member& member = known != nullptr ? *known : add(**object);
    const bool fresh = known == nullptr;
    // Our own status comes back here too; told again at once, it would be written for ever.
    const bool isTold = !fresh && decoded->generation == member.cluster.generation &&
                        decoded->isDeleting == member.cluster.isDeleting;
    const bool isProbedOtherwise = !fresh && decoded->spec.healthCheck != member.cluster.spec.healthCheck;
    member.cluster = std::move(*decoded);
    member.hasFinalizer = (*object)->hasFinalizer(fed::kMembershipFinalizer);
    const fed::UnjoinOrder order = fed::unjoinOrderOf(**object);
    member.deletesObjects = order.deletesObjects;
    member.forced = order.force;
    member.confirmedUid = (*object)->annotation(fed::kConfirmUidAnnotation);
    if (fresh && member.cluster.status.phase && *member.cluster.status.phase != fed::Phase::Leaving)
        member.health.phase = *member.cluster.status.phase;  // until a probe proves otherwise, by threshold
    connect(member);
    if (isProbedOtherwise)
        healthCheckEdited(member);
    if (lookAtState(member) || !isTold)
        scheduleStatus(member, Duration{100});
    if (member.isLeaving())
        leave(member);
    else if (!member.hasFinalizer)
        patchFinalizer(member, true);
}

Member& Membership::add(const kube::Object& object) {
    auto owned = std::make_unique<Member>(std::string(object.name()));
    Member& member = *owned;
    member.store = std::make_unique<MemberStore>([this, &member](const TemplateId& id) {
        if (!id.key.name.empty())
            m_handlers.objectChanged(member, id);
        else if (!id.key.ns.empty())
            m_handlers.namespaceChanged(member, id.key.ns);
        else
            listed(member);
    });
    member.eventHandler = [this, &member](std::vector<MemberEvent> events) {
        handle(member, std::move(events));
    };
    member.health.since = m_clock.wallNow();
    m_members.emplace(member.name, std::move(owned));
    return member;
}

void Membership::listed(Member& member) {
    if (!std::exchange(member.wasListed, true))
        m_firstListed = m_clock.now();
    if (member.gaveUp && member.identityChecked && member.store->isSettled()) {
        member.gaveUp = false;
        scheduleStatus(member, Duration{100});
    }
    m_handlers.listed(member);
}

void Membership::drop(const std::string& name) {
    if (m_members.erase(name) == 0)
        return;
    m_fleet.reset();
    m_handlers.gone(name);
    ++m_fleetVersion;
    m_handlers.fleetChanged();
}

void Membership::connect(Member& member) {
    const TemplateRecord* secret = m_mirror.findTemplate(
        {secretKind(), {std::string(fed::kSystemNamespace), member.cluster.spec.credentialsSecret}});
    WallTime expires;
    const bool isDated =
        secret != nullptr && parseRfc3339(secret->object->annotation(fed::kTokenExpiryAnnotation), expires);
    const std::string expireAt = isDated ? toRfc3339(expires) : std::string();
    if (std::exchange(member.credentialsExpireAt, expireAt) != expireAt)
        scheduleStatus(member, Duration{100});
    Result<MemberLinkConfig> config =
        linkConfig(member.cluster, secret == nullptr ? nullptr : secret->object.get(), m_config.federationId);
    if (!config) {
        // A link that works goes on with the credentials that it has.
        member.problem = config.error().message;
        scheduleStatus(member, Duration{100});
        return;
    }
    member.problem.clear();
    const net::Identity& identity = config->identity;
    std::string key = config->endpoint.url();
    for (const std::string* part : {&identity.caPem, &identity.bearerToken, &identity.clientCertPem,
                                    &identity.clientKeyPem, &identity.tlsServerName})
        key += "\n" + *part;
    if (member.link && member.linkKey == key)
        return;
    member.linkKey = std::move(key);
    member.link.reset();
    member.identifyTimer.cancel();
    member.probing = member.identifying = false;
    member.identityChecked = false;
    member.identityProblem.clear();
    member.gaveUp = false;
    member.patience.cancel();
    beginPatience(member);
    member.store->setIncomplete();
    m_handlers.relinked(member);
    member.link = m_links.connect(std::move(*config), member);
    member.probeTimer.cancel();
    probe(member);
}

void Membership::handle(Member& member, std::vector<MemberEvent> events) {
    for (MemberEvent& event : events) {
        if (auto* nodes = std::get_if<NodesSeen>(&event)) {
            member.nodes = std::move(*nodes);
            scheduleStatus(member, m_config.nodesInterval);
            continue;
        }
        const auto* mirror = std::get_if<MirrorState>(&event);
        const bool broken = mirror != nullptr && mirror->broken;
        if (member.store->isProgress(event))
            member.heard = m_clock.now();
        member.store->take(event);
        if (broken && member.identityChecked) {
            // The connection broke: who answers next may be another cluster.
            member.identityChecked = false;
            beginPatience(member);
            identify(member);
        }
    }
    if (member.isLeaving())
        leave(member);
}

void Membership::probe(Member& member) {
    member.probeBegan = m_clock.now();
    armProbe(member);
    if (!member.link || member.probing)
        return;
    member.probing = true;
    member.link->probe(member.healthCheck().timeout, [this, &member](const fed::Probe& result) {
        member.probing = false;
        probed(member, result);
    });
}

void Membership::armProbe(Member& member) {
    const SteadyTime next = member.probeBegan + member.healthCheck().period;
    const auto left = std::chrono::ceil<Duration>(next - m_clock.now());
    member.probeTimer = m_clock.after(std::max(left, Duration{0}), [this, &member] { probe(member); });
}

void Membership::healthCheckEdited(Member& member) {
    const fed::Phase before = member.health.phase;
    member.health = fed::afterEdit(std::move(member.health), m_clock.wallNow(), member.healthCheck());
    resume(member, before);
    if (member.probeTimer.isActive())
        armProbe(member);
}

// It can be read again.
void Membership::resume(Member& member, fed::Phase before) {
    if (fed::isReachable(before) || !fed::isReachable(member.health.phase) || !member.link)
        return;
    member.gaveUp = false;
    beginPatience(member);
    member.link->retryNow();
}

void Membership::probed(Member& member, const fed::Probe& result) {
    const fed::Phase before = member.health.phase;
    member.health =
        fed::afterProbe(std::move(member.health), result, m_clock.wallNow(), member.healthCheck());
    if (result.outcome == fed::ProbeOutcome::Failed && std::exchange(member.identityChecked, false))
        beginPatience(member);
    m_handlers.probed(member, result);
    resume(member, before);
    if (!member.identityChecked)
        identify(member);
    stateMayHaveChanged(member);
    if (member.isLeaving())
        leave(member);
}

void Membership::identify(Member& member) {
    if (!member.link || member.identifying)
        return;
    member.identifyTimer.cancel();
    member.identifying = true;
    const Duration timeout = std::min(member.healthCheck().timeout, kIdentifyWithin);
    member.link->identify(timeout, [this, &member](Result<ClusterIdentity> identity) {
        member.identifying = false;
        if (!identity) {
            // Nothing is written until it is known. A member that is given up waits for its probes.
            member.identityProblem = identity.error().status ? identity.error().message : std::string();
            if (member.isReachable())
                member.identifyTimer = m_clock.after(kIdentifyAgain, [this, &member] { identify(member); });
            return;
        }
        const bool isOther = member.identity && member.identity->uid != identity->uid;
        member.identity = std::move(*identity);
        if (isOther) {
            // What was listed may be of either; all is asked for anew.
            member.store->clear();
            member.linkKey.clear();
            return connect(member);
        }
        member.identityChecked = true;
        member.identityProblem.clear();
        member.gaveUp = member.gaveUp && !member.store->isSettled();
        if (member.isReplaced())
            log::warning(
                "another cluster answers under a member's name; it is not written to until confirmed",
                {{"cluster", member.name}, {"uid", member.identity->uid}});
        stateMayHaveChanged(member);
    });
}

void Membership::beginPatience(Member& member) {
    if (member.patience.isActive() || member.gaveUp)
        return;
    member.asked = member.heard = m_clock.now();
    member.patience = m_clock.after(m_config.patience, [this, &member] { patienceEnded(member); });
}

void Membership::patienceEnded(Member& member) {
    member.patience.cancel();
    if (!member.isReachable() || (member.identityChecked && member.store->isSettled()))
        return;  // nobody waits for it
    const SteadyTime now = m_clock.now();
    const SteadyTime due =
        std::min(member.heard + m_config.patience, member.asked + m_config.longestPatience);
    if (due > now) {
        member.patience =
            m_clock.after(std::chrono::ceil<Duration>(due - now), [this, &member] { patienceEnded(member); });
        return;
    }
    log::warning("what a member holds cannot be had; new objects no longer wait for it",
                 {{"cluster", member.name}});
    member.gaveUp = true;
    stateMayHaveChanged(member);
    m_handlers.listed(member);
}

fed::MemberCluster Membership::viewOf(const Member& member) const {
    fed::MemberCluster view = member.cluster;
    view.status = statusOf(member, member.counts, toRfc3339(m_clock.wallNow()));
    if (member.isUnknown())
        view.status.phase = fed::Phase::Joining;  // gets nothing new before it says again who it is
    return view;
}

fed::FleetPtr Membership::fleet() const {
    if (!m_fleet) {
        std::vector<fed::MemberCluster> clusters;
        for (const auto& [name, member] : m_members)
            clusters.push_back(viewOf(*member));
        m_fleet = fed::Fleet::of(clusters);
    }
    return m_fleet;
}

std::vector<std::string> Membership::awaited(std::uint8_t kind) const {
    std::vector<std::string> names;
    for (const auto& [name, member] : m_members) {
        if (!member->isReachable() || member->isReplaced() || member->gaveUp)
            continue;
        if (!member->store->isSettled(kind) || !member->identityChecked)
            names.push_back(name);
    }
    return names;
}

Duration Membership::settlesIn() const {
    const SteadyTime now = m_clock.now();
    if (!m_firstListed || now - *m_firstListed >= m_config.settlingTime)
        return Duration{0};
    return std::chrono::ceil<Duration>(*m_firstListed + m_config.settlingTime - now);
}

void Membership::stateMayHaveChanged(Member& member) {
    lookAtState(member);
    scheduleStatus(member, Duration{100});
}

bool Membership::lookAtState(Member& member) {
    // What decisions see, as text; figures such as latency and capacity do not cause new decisions.
    std::string text(fed::toString(member.phase(false)));
    text += member.cluster.spec.unschedulable ? " cordoned" : "";
    text += member.isUnknown() ? " unknown" : "";
    for (const fed::Taint& taint : member.cluster.spec.taints)
        text += "\n" + taint.key + "=" + taint.value + ":" + std::string(fed::toString(taint.effect));
    for (const auto& [key, value] : member.cluster.labels)
        text += "\n" + key + "=" + value;
    if (member.identity)
        for (const std::string& api : member.identity->apis)
            text += "\n" + api;
    m_fleet.reset();
    const bool changed = text != member.fleetText;
    if (changed) {
        member.fleetText = std::move(text);
        ++m_fleetVersion;
        m_handlers.fleetChanged();
    }
    m_handlers.stateChanged(member);
    return changed;
}

void Membership::countsChanged(Member& member) {
    member.countsChanged = m_clock.now();
    if (member.countsTimer.isActive())
        return;
    member.countsDue = member.countsChanged + m_config.countsInterval;
    armCounts(member, m_config.countsRest);
}

void Membership::armCounts(Member& member, Duration delay) {
    member.countsTimer = m_clock.after(delay, [this, &member] {
        member.countsTimer.cancel();
        const SteadyTime now = m_clock.now();
        const SteadyTime due = std::min(member.countsDue, member.countsChanged + m_config.countsRest);
        if (due > now)
            return armCounts(member, std::chrono::ceil<Duration>(due - now));
        scheduleStatus(member, Duration{0});
    });
}

void Membership::leave(Member& member) {
    if (!member.hasFinalizer)
        return;
    if (member.deletesObjects && !(member.forced && !member.isReachable())) {
        if (!member.isWritable() || !member.store->isSettled() || member.store->size() > 0)
            return;  // what is left there is being removed, or cannot be reached
    }
    patchFinalizer(member, false);
}

void Membership::patchFinalizer(Member& member, bool present) {
    const kube::ObjectPtr* object = m_mirror.findMember(member.name);
    if (object == nullptr || member.write.isActive())
        return;
    kube::JsonArray finalizers;
    if (const kube::JsonArray* old = kube::arrayAt((*object)->document(), {"metadata", "finalizers"}))
        for (const kube::Json& finalizer : *old)
            if (finalizer != kube::Json(kube::json::string(fed::kMembershipFinalizer)))
                finalizers.push_back(finalizer);
    if (present)
        finalizers.push_back(kube::Json(kube::json::string(fed::kMembershipFinalizer)));
    kube::JsonObject body;
    body["metadata"] = kube::JsonObject{{"resourceVersion", (*object)->resourceVersion()},
                                        {"finalizers", std::move(finalizers)}};
    member.write = m_host.patch(fed::memberClusters(), {{}, member.name}, kube::printJson(body), {},
                                [this, name = member.name](Result<kube::Object> answer) {
                                    Member* still = find(name);
                                    if (still == nullptr)
                                        return;
                                    still->write.cancel();
                                    if (answer)
                                        m_mirror.takeMember(std::move(*answer));
                                    scheduleStatus(*still, answer ? Duration{100} : Duration{1'000});
                                });
}

void Membership::scheduleStatus(Member& member, Duration delay) {
    const SteadyTime due = m_clock.now() + delay;
    if (delay > Duration{1'000} && member.statusTimer.isActive() && member.statusDue <= due)
        return;  // one is coming anyway
    member.statusDue = due;
    member.statusTimer = m_clock.after(delay, [this, &member] {
        member.statusTimer.cancel();
        writeStatus(member);
    });
}

void Membership::writeStatus(Member& member) {
    if (member.isLeaving())
        leave(member);
    else if (!member.hasFinalizer)
        patchFinalizer(member, true);
    if (member.write.isActive())
        return scheduleStatus(member, Duration{200});
    member.counts = m_handlers.count(member);  // looks at every object: not more often than it is written
    member.podFailures = member.store->podFailures();
    fed::MemberClusterStatus next = statusOf(member, member.counts, toRfc3339(m_clock.wallNow()));
    const SteadyTime now = m_clock.now();
    const bool due = !member.wroteStatus || now - member.lastStatusWrite >= m_config.statusInterval;
    if (!due && !differs(next, member.cluster.status)) {
        const auto left =
            std::chrono::ceil<Duration>(m_config.statusInterval - (now - member.lastStatusWrite));
        return scheduleStatus(member, left);
    }
    member.wroteStatus = true;
    member.lastStatusWrite = now;
    member.write =
        m_host.patch(fed::memberClusters(), {{}, member.name}, statusPatch(member.cluster.status, next),
                     "status", [this, name = member.name](Result<kube::Object> answer) {
                         Member* still = find(name);
                         if (still == nullptr)
                             return;
                         still->write.cancel();
                         if (answer)
                             m_mirror.takeMember(std::move(*answer));
                         else
                             still->wroteStatus = false;
                         scheduleStatus(*still, answer ? m_config.statusInterval : Duration{1'000});
                     });
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "controller/status/status_writer.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "kubefed/fed/names.h"
#include "kubefed/kube/patch.h"

namespace kubefed::controller {
namespace {

constexpr Duration kCoalesce{100};
constexpr Duration kRecheck{1'000};       // of what waits for members; a change there comes sooner
constexpr Duration kLongestWait{30'000};  // for members that answer, but have others to do first
constexpr std::size_t kMaxWrites = 64;

}  // namespace

StatusWriter::StatusWriter(HostApi& host, HostMirror& mirror, const Membership& membership,
                           const Scheduler& scheduler, const Propagator& propagator,
                           const FollowIndex& follow, Clock& clock, Metrics& metrics)
    : m_host(host),
      m_mirror(mirror),
      m_membership(membership),
      m_scheduler(scheduler),
      m_propagator(propagator),
      m_follow(follow),
      m_clock(clock),
      m_metrics(metrics),
      m_queue(
          clock, {}, [](const TemplateId& id) { return id.key.ns; }, [this] { pump(); }),
      m_writes(m_queue, {.isDone = [](const Error& error) { return error.code == Code::NotFound; },
                         .ended = [this] { pump(); }}) {}

void StatusWriter::enqueue(const TemplateId& id) {
    m_queue.addAfter(id, kCoalesce);
}

void StatusWriter::enqueueCluster(const std::string& cluster) {
    m_mirror.forEachTemplate([&](const TemplateId& id, const TemplateRecord&) {
        const PlacementRecord* placement = m_mirror.inForce(id);
        if (placement == nullptr)
            return;
        const auto& written = placement->placement.status.clusters;
        if (placement->placement.spec.find(cluster) != nullptr || placement->removing.contains(cluster) ||
            std::ranges::find(written, cluster, &fed::ClusterObjectStatus::name) != written.end())
            enqueue(id);
    });
}

void StatusWriter::pump() {
    while (m_writes.size() < kMaxWrites) {
        const std::optional<TemplateId> id = m_queue.take();
        if (!id)
            return;
        if (process(*id))
            m_queue.done(*id);
    }
}

// While writes to members are under way, a status would be outdated before it is stored.
bool StatusWriter::waits(const TemplateId& id) {
    if (m_propagator.isMoving(id)) {
        const SteadyTime since = m_waiting.try_emplace(id, m_clock.now()).first->second;
        if (m_clock.now() - since < kLongestWait) {
            m_queue.addAfter(id, kRecheck);
            return true;
        }
    }
    m_waiting.erase(id);
    return false;
}

bool StatusWriter::process(const TemplateId& id) {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    const PlacementRecord* placement = m_mirror.inForce(id);
    if (record == nullptr || placement == nullptr || m_scheduler.outcome(id) == nullptr) {
        m_waiting.erase(id);
        return true;
    }
    if (waits(id))
        return true;
    const std::vector<fed::ClusterView> all = views(id, *placement);
    const fed::PlacementStatus status = placementStatus(id, *placement, all);
    if (!(status == placement->placement.status))
        writePlacement(id, *placement, status);
    if (const auto own = fed::templateStatus(id.traits(), *record->object, all)) {
        const kube::JsonObject* present = kube::objectAt(record->object->document(), {"status"});
        const kube::JsonObject patch =
            kube::makeMergePatch(present != nullptr ? *present : kube::JsonObject{}, *own);
        if (!patch.empty() && !record->object->isDeleting())
            writeTemplate(id, *record, patch);
    }
    return !m_writes.contains(id);
}

std::vector<fed::ClusterView> StatusWriter::views(const TemplateId& id,
                                                  const PlacementRecord& placement) const {
    std::set<std::string> names;
    for (const auto& [name, uid] : placement.removing)
        if (const Member* member = m_membership.find(name); member != nullptr && member->cluster.uid == uid)
            names.insert(name);
    for (const fed::ClusterShare& share : placement.placement.spec.clusters)
        names.insert(share.name);
    for (const auto& [name, member] : m_membership.members())
        if (member->store->find(id) != nullptr)
            names.insert(name);
    for (const fed::ClusterObjectStatus& written : placement.placement.status.clusters)
        if (const Member* member = m_membership.find(written.name);
            member != nullptr && !member->store->isSynced(id.kind))
            names.insert(written.name);
    std::vector<fed::ClusterView> result;
    for (const std::string& name : names) {
        fed::ClusterView one = view(id, name, placement);
        if (one.wanted || one.live != nullptr || one.remembered || !one.reachable)
            result.push_back(std::move(one));
    }
    return result;
}

fed::ClusterView StatusWriter::view(const TemplateId& id, const std::string& cluster,
                                    const PlacementRecord& placement) const {
    fed::ClusterView view;
    view.name = cluster;
    const fed::ClusterShare* share = placement.placement.spec.find(cluster);
    view.wanted = share != nullptr;
    if (share != nullptr)
        view.desired = share->replicas;
    const Member* member = m_membership.find(cluster);
    view.reachable = member != nullptr && member->isReachable();
    if (member == nullptr) {
        view.reason = "ClusterGone";
        return view;
    }
    view.live = member->store->find(id);
    setState(view, id, *member, placement);
    if (!view.reachable) {
        view.reason = "MemberUnreachable";
        view.message = fed::describe(member->health, member->healthCheck());
        return view;
    }
    if (member->isReplaced())
        view.reason = "ClusterReplaced";
    if (const fed::PodReasons* reasons =
            id.traits().isReplicated() ? member->store->podReasons(id.key) : nullptr)
        view.podReasons = *reasons;
    auto missing = m_follow.missing(id, cluster);
    if (fed::arePodsReady(view, id.traits()))  // somebody made there what is never sent
        std::erase_if(missing, [](const fed::MissingDependency& one) { return !one.why.empty(); });
    if (!missing.empty() && view.state != fed::ObjectState::Failed && !fed::isHeld({&view, 1})) {
        view.reason = "DependencyMissing";
        view.message = fed::describeMissing(missing, id.key.ns);
    }
    return view;
}

void StatusWriter::setState(fed::ClusterView& view, const TemplateId& id, const Member& member,
                            const PlacementRecord& placement) const {
    if (const SyncRecord* record = m_propagator.find(member.name, id)) {
        view.state = record->state;
        view.reason = record->reason;
        view.message = record->message;
        view.templateGeneration = record->generation;
        return;
    }
    const bool isListed = member.store->isSynced(id.kind);
    const TemplateRecord* source = m_mirror.findTemplate(id);
    if (source != nullptr && !member.isReplaced() && (view.live != nullptr || !isListed))
        fed::recall(view, placement.placement.status, source->object->generation(),
                    source->manifest != nullptr ? source->manifest->hash(view.desired) : 0);
    if (isListed)
        return;
    // Without its namespaces nothing can be concluded of what is in them.
    auto problems = member.store->problems();
    if (member.gaveUp && view.reachable)
        std::ranges::move(member.store->unlisted(), std::back_inserter(problems));
    for (const auto& [kind, problem] : problems)
        if (kind == id.kind || fed::enabledKinds()[kind].role == fed::Role::Namespace) {
            view.state = fed::ObjectState::Failed;
            view.reason = "TypeUnavailable";
            view.message = std::string(fed::enabledKinds()[kind].resource) + ": " + problem;
        }
}

fed::PlacementStatus StatusWriter::placementStatus(const TemplateId& id, const PlacementRecord& placement,
                                                   const std::vector<fed::ClusterView>& views) const {
    const Outcome& outcome = *m_scheduler.outcome(id);
    const std::string now = toRfc3339(m_clock.wallNow());
    fed::PlacementStatus status = placement.placement.status;
    status.observedGeneration = placement.placement.generation;
    fed::Condition scheduled;
    scheduled.type = fed::kScheduledCondition;
    scheduled.status = outcome.scheduled ? "True" : "False";
    scheduled.reason = outcome.reason;
    scheduled.message = outcome.message;
    scheduled.observedGeneration = status.observedGeneration;
    fed::setCondition(status.conditions, std::move(scheduled), now);
    fed::setObjectConditions(status, views, id.traits(), status.observedGeneration, now);
    if (outcome.deleting && !fed::isHeld(views))
        fed::setDeletionCondition(status, outcome.waitsFor, status.observedGeneration, now);
    if (outcome.explanation)
        status.explanation = outcome.explanation;
    std::vector<fed::ClusterObjectStatus> clusters;
    for (const fed::ClusterView& one : views) {
        const auto& before = placement.placement.status.clusters;
        const auto previous = std::ranges::find(before, one.name, &fed::ClusterObjectStatus::name);
        clusters.push_back(
            fed::clusterStatus(one, id.traits(), previous == before.end() ? nullptr : &*previous, now));
    }
    status.clusters = std::move(clusters);
    return status;
}

void StatusWriter::writePlacement(const TemplateId& id, const PlacementRecord& placement,
                                  const fed::PlacementStatus& status) {
    ++m_metrics.hostWrites["placement status"];
    kube::JsonObject body;
    body["status"] = kube::makeMergePatch(fed::encode(placement.placement.status), fed::encode(status));
    m_writes.begin(
        id, [this](kube::Object object) { m_mirror.takePlacement(std::move(object), false); },
        [&](Callback<kube::Object> done) {
            return m_host.patch(fed::placements(), placement.placement.key, kube::printJson(body), "status",
                                std::move(done));
        });
}

void StatusWriter::writeTemplate(const TemplateId& id, const TemplateRecord& record,
                                 const kube::JsonObject& patch) {
    ++m_metrics.hostWrites["template status"];
    kube::JsonObject body;
    // With the uid, so that a status never lands on another object of the name.
    body["metadata"] = kube::JsonObject{{"uid", record.object->uid()}};
    body["status"] = patch;
    m_writes.begin(
        id, [this, id](kube::Object object) { m_mirror.takeTemplate(id, std::move(object)); },
        [&](Callback<kube::Object> done) {
            return m_host.patch(id.traits().gvr(), id.key, kube::printJson(body), "status", std::move(done));
        });
}

}  // namespace kubefed::controller

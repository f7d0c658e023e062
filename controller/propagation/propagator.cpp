// SPDX-License-Identifier: Apache-2.0
#include "controller/propagation/propagator.h"

#include <algorithm>

#include "kubefed/fed/names.h"
#include "kubefed/fed/reasons.h"
#include "kubefed/util/log.h"

namespace kubefed::controller {
namespace {

constexpr Duration kConflictRecheck{30'000};  // a foreign object cannot be seen by our watches
constexpr Duration kRefusalRecheck{300'000};
constexpr Duration kSilence{1'000};  // of a member that was asked: it is not about to answer
constexpr int kMaxPerTurn = 200;

bool isRefusedByLoad(const Error& error) {
    return error.status ? error.status->httpCode == 429 || error.status->httpCode == 503
                        : error.code == Code::DeadlineExceeded || error.code == Code::Unavailable;
}

}  // namespace

struct Propagator::Lane {
    Lane(Propagator& owner, Member& m)
        : member(&m),
          limiter(owner.m_clock, {}, [this, &owner] { owner.pump(*this); }),
          queue(
              owner.m_clock, {}, [](const TemplateId& id) { return id.key.ns; },
              [this, &owner] { owner.pump(*this); }) {}

    Member* member;
    std::unordered_map<TemplateId, SyncRecord> records;
    std::set<TemplateId> busy;  // an action is under way
    SteadyTime heard{};         // when it last answered, or was asked after a silence of ours
    cache::AdaptiveLimiter limiter;
    Request turn;
    cache::WorkQueue<TemplateId> queue;
};

// What the federation wants of one object in one cluster.
struct Propagator::Desire {
    const TemplateRecord* record = nullptr;
    bool wanted = false;
    bool mayDelete = false;
    bool maySuspend = false;  // a policy may hold what is to be done
    std::string_view optedOut;
    std::optional<std::int64_t> replicas;
};

Propagator::Propagator(HostMirror& mirror, Membership& membership, Clock& clock, Metrics& metrics,
                       Handlers handlers)
    : m_mirror(mirror),
      m_membership(membership),
      m_clock(clock),
      m_metrics(metrics),
      m_handlers(std::move(handlers)) {}

Propagator::~Propagator() = default;

Propagator::Lane& Propagator::laneOf(Member& member) {
    auto& lane = m_lanes[member.name];
    if (!lane)
        lane = std::make_unique<Lane>(*this, member);
    return *lane;
}

void Propagator::drop(const std::string& cluster) {
    m_lanes.erase(cluster);
}

void Propagator::enqueue(Member& member, const TemplateId& id) {
    laneOf(member).queue.add(id);
}

void Propagator::enqueueEverywhere(const TemplateId& id) {
    const PlacementRecord* placement = m_mirror.inForce(id);
    for (const auto& [name, member] : m_membership.members()) {
        const bool wanted = placement != nullptr && placement->placement.spec.find(name) != nullptr;
        const auto lane = m_lanes.find(name);
        if (wanted || member->store->find(id) != nullptr ||
            (lane != m_lanes.end() && lane->second->records.contains(id)))
            enqueue(*member, id);
    }
}

void Propagator::enqueueHeld(const TemplateId& id) {
    for (const auto& [name, lane] : m_lanes)
        if (const auto record = lane->records.find(id);
            record != lane->records.end() && record->second.reason == fed::kReasonSuspended)
            lane->queue.add(id);
}

void Propagator::enqueueMember(Member& member) {
    Lane& lane = laneOf(member);
    m_mirror.forEachTemplate([&](const TemplateId& id, const TemplateRecord&) {
        const PlacementRecord* placement = m_mirror.inForce(id);
        if (placement != nullptr && placement->placement.spec.find(member.name) != nullptr)
            lane.queue.add(id);
    });
    member.store->forEach([&](const TemplateId& id, const fed::MemberObject&) { lane.queue.add(id); });
    for (const auto& [id, record] : lane.records)
        lane.queue.add(id);
}

void Propagator::enqueueNamespace(Member& member, const std::string& ns) {
    Lane& lane = laneOf(member);
    for (const auto& [id, record] : lane.records)
        if (id.key.ns == ns && record.state != fed::ObjectState::Synced)
            lane.queue.add(id);
}

void Propagator::stateChanged(Member& member) {
    pumpSoon(laneOf(member));
}

bool Propagator::isBusy(const TemplateId& id) const {
    return std::ranges::any_of(m_lanes, [&](const auto& lane) { return lane.second->busy.contains(id); });
}

bool Propagator::isMoving(const TemplateId& id) const {
    return std::ranges::any_of(m_lanes, [&](const auto& entry) {
        const Lane& lane = *entry.second;
        if (!lane.member->isWritable() || !lane.queue.isPending(id))
            return false;
        if (!lane.busy.empty() && m_clock.now() - lane.heard > kSilence)
            return false;
        const auto record = lane.records.find(id);
        return record == lane.records.end() ||
               (record->second.state != fed::ObjectState::Failed && !record->second.isPaused);
    });
}

const SyncRecord* Propagator::find(const std::string& cluster, const TemplateId& id) const {
    const auto lane = m_lanes.find(cluster);
    if (lane == m_lanes.end())
        return nullptr;
    const auto record = lane->second->records.find(id);
    return record == lane->second->records.end() ? nullptr : &record->second;
}

void Propagator::pumpSoon(Lane& lane) {
    if (!lane.turn.isActive())
        lane.turn = m_clock.after(Duration::zero(), [this, &lane] {
            lane.turn.cancel();
            pump(lane);
        });
}

void Propagator::pump(Lane& lane) {
    if (!lane.member->isWritable())
        return;  // keys wait; stateChanged() comes when it may be written to
    bool slot = false;
    int left = kMaxPerTurn;
    for (; left > 0; --left) {
        if (!slot && !(slot = lane.limiter.tryAcquire()))
            return;  // an answer, or the end of a pause, goes on
        const std::optional<TemplateId> id = lane.queue.take();
        if (!id)
            break;
        if (process(lane, *id))
            slot = false;
        else
            lane.queue.done(*id);
    }
    if (slot)
        lane.limiter.release(nullptr);
    if (left == 0)
        pumpSoon(lane);
}

Propagator::Desire Propagator::desireOf(const Member& member, const TemplateId& id) const {
    Desire desire;
    desire.record = m_mirror.findTemplate(id);
    if (member.isLeaving()) {
        desire.mayDelete = member.deletesObjects;
        return desire;
    }
    if (desire.record == nullptr)
        return desire;
    if (!desire.record->isTemplate) {
        desire.optedOut = fed::whyNoTemplate(*desire.record->object);
        return desire;
    }
    desire.maySuspend = true;
    const PlacementRecord* placement = m_mirror.inForce(id);
    const bool durable = desire.record->object->hasFinalizer(fed::kPropagationFinalizer);
    if (desire.record->object->isDeleting()) {
        desire.mayDelete = durable && m_handlers.onDelete(id) == fed::OnDelete::Delete;
        return desire;
    }
    if (placement == nullptr || !durable)
        return desire;  // the decision is not on disk yet
    desire.mayDelete = fed::isOwed(placement->removing, member.name, member.cluster.uid);
    if (const fed::ClusterShare* share = placement->placement.spec.find(member.name)) {
        desire.wanted = true;
        desire.replicas = share->replicas;
    }
    return desire;
}

bool Propagator::process(Lane& lane, const TemplateId& id) {
    Member& member = *lane.member;
    if (!member.store->isSynced(id.kind))
        return false;  // nothing may be concluded from absence; the complete list brings the key back
    const Desire desire = desireOf(member, id);
    const fed::MemberObject* live = member.store->find(id);
    if (!desire.wanted && live == nullptr) {
        lane.records.erase(id);
        m_handlers.changed(member, id);
        m_handlers.idle(id);
        return false;
    }
    SyncRecord& record = lane.records[id];
    if (record.memory.refusedHash != 0 && m_clock.now() >= record.recheckAt)
        record.memory.refusedHash = 0;
    fed::SyncInput input;
    input.manifest = desire.record == nullptr ? nullptr : desire.record->manifest.get();
    input.wanted = desire.wanted;
    input.mayDelete = desire.mayDelete;
    input.replicas = desire.replicas;
    input.live = live;
    input.optedOut = desire.optedOut;
    input.namespaceReady = member.store->hasNamespace(id.key.ns);
    input.namespaceGoing = member.store->isNamespaceGoing(id.key.ns);
    fed::SyncVerdict verdict = fed::sync(input, record.memory);
    if (desire.maySuspend && verdict.action.kind != fed::ActionKind::None &&
        m_handlers.isSuspended(id, member.name))
        verdict = fed::whileSuspended(std::move(verdict));
    const Duration pause = paceRepair(record, input, verdict);
    noteVerdict(lane, id, desire, verdict);
    if (verdict.action.kind == fed::ActionKind::None) {
        lane.queue.forget(id);
        if (pause > Duration{0})
            lane.queue.addAfter(id, pause);
        if (record.memory.refusedHash != 0)
            lane.queue.addAfter(id, std::chrono::ceil<Duration>(record.recheckAt - m_clock.now()));
        return false;
    }
    send(lane, id, std::move(verdict.action));
    return true;
}

Duration Propagator::paceRepair(SyncRecord& record, const fed::SyncInput& input, fed::SyncVerdict& verdict) {
    const fed::ActionKind kind = verdict.action.kind;
    const bool isRemade =
        kind == fed::ActionKind::Create && input.wanted && !record.memory.settledUid.empty();
    const bool isRepair =
        isRemade || (verdict.state == fed::ObjectState::Drifted && kind != fed::ActionKind::None);
    const SteadyTime now = m_clock.now();
    record.isPaused = false;
    if (!isRepair)
        return Duration{0};
    if (fed::isContested(record.pace, now)) {
        verdict.state = fed::ObjectState::Drifted;
        verdict.reason = "Contested";
        verdict.message =
            "something in the cluster changes or removes it again and again; it is repaired ever more "
            "rarely. "
            "Find who writes it (kubectl get --show-managed-fields) and let one of the two go";
    }
    const Duration pause = fed::repairWait(record.pace, now);
    if (pause > Duration{0}) {
        verdict.action = {};
        record.isPaused = true;
    } else if (kind != fed::ActionKind::Migrate && kind != fed::ActionKind::Reclaim) {
        fed::noteRepair(record.pace, now);  // those two only prepare it
    }
    return pause;
}

void Propagator::noteVerdict(Lane& lane, const TemplateId& id, const Desire& desire,
                             const fed::SyncVerdict& verdict) {
    SyncRecord& record = lane.records[id];
    const std::int64_t generation = record.generation;
    if (verdict.state == fed::ObjectState::Synced) {
        if (record.since) {
            const auto took = std::chrono::duration<double>(m_clock.now() - *record.since);
            m_metrics.propagationSeconds.observe(took.count());
            record.since.reset();
        }
        record.generation = desire.record->object->generation();
    } else if (!record.since && verdict.action.kind != fed::ActionKind::None) {
        record.since = m_clock.now();
    }
    const bool same = record.state == verdict.state && record.reason == verdict.reason &&
                      record.message == verdict.message && record.generation == generation;
    record.state = verdict.state;
    record.reason = verdict.reason;
    record.message = verdict.message;
    if (!same)
        m_handlers.changed(*lane.member, id);
}

void Propagator::send(Lane& lane, const TemplateId& id, fed::Action action) {
    ActionRequest request{.action = action, .kind = id.kind, .key = id.key};
    if (lane.busy.empty())
        lane.heard = m_clock.now();
    lane.busy.insert(id);
    action.body.clear();
    lane.member->link->act(
        std::move(request),
        [this, cluster = lane.member->name, id, action = std::move(action)](
            Result<ActionAnswer> answer) mutable { answered(cluster, id, action, std::move(answer)); });
}

void Propagator::answered(const std::string& cluster, const TemplateId& id, const fed::Action& action,
                          Result<ActionAnswer> answer) {
    const auto found = m_lanes.find(cluster);
    if (found == m_lanes.end())
        return;
    Lane& lane = *found->second;
    const Error* error = answer ? nullptr : &answer.error();
    const int code = error == nullptr ? 200 : error->status ? error->status->httpCode : 0;
    ++m_metrics.memberRequests[{cluster, std::to_string(code)}];
    lane.limiter.release(error != nullptr && isRefusedByLoad(*error) ? error : nullptr);
    lane.busy.erase(id);
    lane.heard = m_clock.now();
    const Duration retryAfter = error == nullptr ? Duration{0} : error->retryAfter.value_or(Duration{0});
    const fed::Retry retry = learnAnswer(lane, id, action, answer);
    lane.queue.done(id);
    switch (retry) {
        case fed::Retry::Now:
            lane.queue.add(id);
            break;
        case fed::Retry::Later:
            lane.queue.addRateLimited(id, retryAfter);
            break;
        case fed::Retry::WhenChanged: {
            SyncRecord& record = lane.records[id];
            const Duration delay =
                record.memory.refusedReason == fed::kReasonConflict ? kConflictRecheck : kRefusalRecheck;
            record.recheckAt = m_clock.now() + delay;
            lane.queue.add(id);  // reports it
            break;
        }
    }
    m_handlers.idle(id);
    pump(lane);
}

fed::Retry Propagator::learnAnswer(Lane& lane, const TemplateId& id, const fed::Action& action,
                                   Result<ActionAnswer>& answer) {
    SyncRecord& record = lane.records[id];
    MemberStore& store = *lane.member->store;
    if (action.kind == fed::ActionKind::Inspect) {
        if (!answer && !(answer.error().status && answer.error().status->httpCode == 404))
            return fed::learnFailure(action, answer.error(), record.memory);
        const fed::MemberObject* seen = answer ? &answer->object : nullptr;
        const fed::Retry retry = fed::learnInspection(seen, action.hash, record.memory);
        if (answer)
            store.takeAnswer(id, *answer);
        return retry;
    }
    if (!answer) {
        log::debug("a write to a member failed", {{"cluster", lane.member->name},
                                                  {"object", id.text()},
                                                  {"action", std::string(toString(action.kind))},
                                                  {"why", answer.error().text()}});
        // An answer that came after the watch had told of the object's end would else stand for it for ever.
        if (!action.uid.empty() && answer.error().isReason("NotFound"))
            store.forget(id, action.uid);
        return fed::learnFailure(action, answer.error(), record.memory);
    }
    switch (action.kind) {
        case fed::ActionKind::EnsureNamespace:
            store.markNamespace(id.key.ns);
            break;
        case fed::ActionKind::Delete:
            if (answer->gone)
                store.takeAnswer(id, *answer);
            else
                store.markDeleting(id, action.uid);
            break;
        default: {
            const fed::Retry retry = fed::learn(action, answer->object, record.memory);
            store.takeAnswer(id, *answer);
            return retry;
        }
    }
    return fed::Retry::Now;
}

fed::MemberClusterStatus::Objects Propagator::count(const Member& member) const {
    fed::MemberClusterStatus::Objects objects;
    const auto lane = m_lanes.find(member.name);
    if (lane != m_lanes.end())
        for (const auto& [id, record] : lane->second->records) {
            if (record.state == fed::ObjectState::Left || record.state == fed::ObjectState::Removing)
                continue;
            ++objects.desired;
            objects.synced += record.state == fed::ObjectState::Synced ? 1 : 0;
            objects.failed += record.state == fed::ObjectState::Failed ? 1 : 0;
        }
    member.store->forEach([&](const TemplateId& id, const fed::MemberObject&) {
        const TemplateRecord* record = m_mirror.findTemplate(id);
        const PlacementRecord* placement = m_mirror.inForce(id);
        const bool claimed = record != nullptr && placement != nullptr &&
                             (placement->placement.spec.find(member.name) != nullptr ||
                              fed::isOwed(placement->removing, member.name, member.cluster.uid));
        objects.unclaimed += claimed ? 0 : 1;
    });
    return objects;
}

std::size_t Propagator::queued() const {
    std::size_t sum = 0;
    for (const auto& [cluster, lane] : m_lanes)
        sum += lane->queue.metrics().depth;
    return sum;
}

void Propagator::print(std::string& text) const {
    printHeader(text, "kubefed_queue_depth", "gauge", "Objects that wait to be looked at for a member.");
    for (const auto& [cluster, lane] : m_lanes)
        printSample(text, "kubefed_queue_depth", {{"cluster", cluster}},
                    static_cast<double>(lane->queue.metrics().depth));
    printHeader(text, "kubefed_queue_latency_seconds", "gauge", "The longest wait of them now.");
    for (const auto& [cluster, lane] : m_lanes)
        printSample(text, "kubefed_queue_latency_seconds", {{"cluster", cluster}},
                    std::chrono::duration<double>(lane->queue.metrics().longestWait).count());
    printHeader(text, "kubefed_member_requests_in_flight", "gauge", "Writes under way to a member.");
    for (const auto& [cluster, lane] : m_lanes)
        printSample(text, "kubefed_member_requests_in_flight", {{"cluster", cluster}},
                    static_cast<double>(lane->limiter.inFlight()));
}

}  // namespace kubefed::controller

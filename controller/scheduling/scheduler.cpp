// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/scheduler.h"

#include <algorithm>

#include "kubefed/fed/names.h"
#include "kubefed/fed/policy_match.h"
#include "kubefed/fed/takeover.h"
#include "kubefed/kube/patch.h"

namespace kubefed::controller {
namespace {

constexpr std::size_t kMaxWrites = 64;     // templates whose writes are under way
constexpr int kMaxPerTurn = 100;           // then the event loop has its turn
constexpr Duration kTellOfWaiting{2'000};  // a wait that is longer is worth a Placement that tells of it

bool isOurs(const TemplateRecord& record) {
    return record.object->hasFinalizer(fed::kPropagationFinalizer);
}

}  // namespace

Scheduler::Scheduler(HostApi& host, HostMirror& mirror, Membership& membership, const FollowIndex& follow,
                     PolicySource& policies, Clock& clock, Metrics& metrics, Handlers handlers)
    : m_host(host),
      m_mirror(mirror),
      m_membership(membership),
      m_follow(follow),
      m_policies(policies),
      m_clock(clock),
      m_metrics(metrics),
      m_handlers(std::move(handlers)),
      m_removals(membership, clock),
      m_queue(clock, {}, [](const TemplateId& id) { return id.key.ns; }, [this] { pump(); }) {}

void Scheduler::enqueue(const TemplateId& id) {
    m_queue.add(id);
}

void Scheduler::enqueueAll() {
    m_mirror.forEachTemplate([this](const TemplateId& id, const TemplateRecord&) { enqueue(id); });
}

void Scheduler::enqueueNamespace(const std::string& ns) {
    m_mirror.forEachTemplate([&](const TemplateId& id, const TemplateRecord&) {
        if (id.key.ns == ns)
            enqueue(id);
    });
}

void Scheduler::membersChanged() {
    std::map<std::uint8_t, bool> waits;
    std::erase_if(m_waiting, [&](const auto& waiting) {
        const TemplateId& id = waiting.first;
        const auto [known, isNew] = waits.try_emplace(id.kind, true);
        if (isNew)
            known->second = !m_membership.awaited(id.kind).empty();
        if (!known->second)
            enqueue(id);
        return !known->second;
    });
}

const Outcome* Scheduler::outcome(const TemplateId& id) const {
    const auto it = m_outcomes.find(id);
    return it == m_outcomes.end() ? nullptr : &it->second;
}

bool Scheduler::isSuspended(const TemplateId& id) const {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || !m_mirror.isAnyPolicySuspended())
        return false;
    const PlacementRecord* placement = m_mirror.inForce(id);
    const fed::Policy* policy =
        governance(id, *record, placement == nullptr ? nullptr : &placement->placement.spec).policy;
    return policy != nullptr && policy->suspend;
}

fed::OnDelete Scheduler::onDelete(const TemplateId& id) const {
    const PlacementRecord* placement = m_mirror.inForce(id);
    return placement == nullptr ? fed::OnDelete::Delete : placement->placement.spec.onDelete;
}

void Scheduler::pump() {
    for (int i = 0; i < kMaxPerTurn && m_writes.size() < kMaxWrites; ++i) {
        const std::optional<TemplateId> id = m_queue.take();
        if (!id)
            return;
        if (process(*id))
            m_queue.done(*id);
    }
    if (m_writes.size() < kMaxWrites)
        pumpSoon();
}

void Scheduler::pumpSoon() {
    if (!m_turn.isActive())
        m_turn = m_clock.after(Duration::zero(), [this] {
            m_turn.cancel();
            pump();
        });
}

bool Scheduler::process(const TemplateId& id) {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr) {
        m_outcomes.erase(id);
        m_log.forget(id);
        m_removals.forget(id);
        m_waiting.erase(id);
        return true;
    }
    if (record->object->isDeleting())
        return !isOurs(*record) || finishDeletion(id, *record);
    if (!record->isTemplate)
        return true;
    return decide(id, *record);
}

bool Scheduler::decide(const TemplateId& id, const TemplateRecord& record) {
    const PlacementRecord* placement = m_mirror.findPlacement(id);
    if (placement != nullptr && placement->placement.spec.source.uid != record.object->uid()) {
        // Left behind by an earlier object of this name; it must not speak for this one.
        if (placement->isDeleting)
            return true;  // its end comes back here
        Write& pending = write(id);
        ++pending.open;
        pending.placement = m_host.remove(
            fed::placements(), placement->placement.key, placement->placement.uid,
            answer(id, [this, id](const kube::Object&) { m_queue.addAfter(id, Duration{200}); }));
        return false;
    }
    std::optional<fed::PlacementSpec> found;
    const fed::PlacementSpec* last = placement != nullptr ? &placement->placement.spec : nullptr;
    const fed::Governance governed = governance(id, record, last);
    const bool isFirst = last == nullptr || last->clusters.empty();
    if (isFirst || (!governed.follows && fed::isUndecided(last))) {
        if (const auto members = m_membership.awaited(id.kind); !members.empty())
            return waitForMembers(id, record, members);
        found = fed::withFound(last, fed::TemplateRef::of(*record.object), held(id, placement));
        last = found ? &*found : last;
    }
    DecisionInputs inputs{.fleet = m_membership.fleet(),
                          .object = record.object,
                          .status = placement != nullptr ? placement->placement.status.clusters
                                                         : std::vector<fed::ClusterObjectStatus>{},
                          .last = last != nullptr ? std::optional(*last) : std::nullopt};
    const Duration settling = m_membership.settlesIn();
    const auto look = [&](bool explain) {
        fed::Decision made = decision(id, governed, inputs, explain);
        if (found && governed.policy != nullptr)
            made = fed::takeOver(std::move(made),
                                 {*inputs.fleet, *found, *governed.policy, settling > Duration{0}});
        made.spec.source = fed::TemplateRef::of(*record.object);
        return made;
    };
    // Most looks change nothing, and reasons cost more than deciding: they are made where there are none yet,
    // and when there is something to tell.
    const bool isExplained = known(id, placement) != nullptr;
    fed::Decision decided = look(!isExplained);
    const bool isNew = placement == nullptr || !(decided.spec == placement->placement.spec);
    if (isExplained && (isNew || decided.reason == fed::kReasonNoClusterFits))
        decided = look(true);
    if (decided.reason == fed::kReasonTakingOver && settling > Duration{0})
        m_queue.addAfter(id, settling);
    ++m_metrics.decisions[decided.reason];
    Outcome outcome{.scheduled = decided.scheduled,
                    .reason = decided.reason,
                    .message = decided.message,
                    .explanation = {},
                    .explained = {},
                    .waitsFor = {}};
    outcome.explanation = explanation(id, decided, placement, placement != nullptr ? last : nullptr);
    if (outcome.explanation)
        outcome.explained = decided.spec;
    note(id, std::move(outcome));
    if (!isOurs(record) && !decided.spec.clusters.empty())
        writeFinalizer(id, record, true);
    const OwedRemovals::Owed owed = m_removals.after(id, placement, decided.spec);
    if (owed.lookAgain > Duration{0})
        m_queue.addAfter(id, owed.lookAgain);
    const bool owesOther = placement != nullptr && owed.removals != placement->removing;
    if (isNew || owesOther) {
        if (isNew && governed.policy != nullptr && !decided.keepsLast) {
            inputs.decided = decided.spec;
            inputs.time = m_clock.wallNow();
            inputs.plugins = m_policies.versions(*governed.policy);
            m_log.record(id, *governed.policy, std::move(inputs));
        }
        writePlacement(id, record, placement, decided.spec, owed.removals);
    }
    return !m_writes.contains(id);
}

// What members hold of it is not known yet, and deciding without would move it.
bool Scheduler::waitForMembers(const TemplateId& id, const TemplateRecord& record,
                               const std::vector<std::string>& members) {
    const SteadyTime since = m_waiting.try_emplace(id, m_clock.now()).first->second;
    Outcome outcome;
    outcome.reason = fed::kReasonWaitingForMembers;
    outcome.message = "waits for the first list of ";
    for (const std::string& name : members)
        outcome.message += (name == members.front() ? "" : ", ") + name;
    note(id, std::move(outcome));
    if (m_mirror.findPlacement(id) != nullptr)
        return true;
    const Duration waited = std::chrono::floor<Duration>(m_clock.now() - since);
    if (waited < kTellOfWaiting) {
        m_queue.addAfter(id, kTellOfWaiting - waited);
        return true;
    }
    writePlacement(id, record, nullptr, {}, {});
    return false;
}

// Kept in the Placement: of a new decision, and of every one that finds no place for what stands nowhere, for
// then the reasons of today are all there is. Nothing while the last decision stays in force.
std::optional<fed::CompactExplanation> Scheduler::explanation(const TemplateId& id,
                                                              const fed::Decision& decided,
                                                              const PlacementRecord* placement,
                                                              const fed::PlacementSpec* last) const {
    const bool nothingStands = decided.spec.clusters.empty() && decided.reason == fed::kReasonNoClusterFits;
    if (!decided.explanation || (decided.keepsLast && !nothingStands))
        return std::nullopt;
    const fed::CompactExplanation* known = this->known(id, placement);
    const bool isNew = placement == nullptr || !(decided.spec == placement->placement.spec);
    if (!isNew && known != nullptr && !nothingStands)
        return std::nullopt;
    fed::CompactExplanation made = fed::compact(*decided.explanation, toRfc3339(m_clock.wallNow()),
                                                nothingStands ? "" : fed::becauseOf(last, decided.spec));
    if (!isNew && known != nullptr) {
        made.decidedAt = known->decidedAt;
        made.because = known->because;
        if (made == *known)
            return std::nullopt;
        made.decidedAt = toRfc3339(m_clock.wallNow());
    }
    return made;
}

const fed::CompactExplanation* Scheduler::known(const TemplateId& id,
                                                const PlacementRecord* placement) const {
    if (placement == nullptr)
        return nullptr;
    // The answer to our own write brings the template back before its status is written.
    const Outcome* noted = outcome(id);
    if (noted != nullptr && noted->explanation && noted->explained == placement->placement.spec)
        return &*noted->explanation;
    const auto& stored = placement->placement.status.explanation;
    return stored ? &*stored : nullptr;
}

fed::Governance Scheduler::governance(const TemplateId& id, const TemplateRecord& record,
                                      const fed::PlacementSpec* last) const {
    return fed::govern(id.traits(), *record.object, m_mirror.namespaceLabels(id.key.ns), m_mirror.policies(),
                       last);
}

fed::Decision Scheduler::decision(const TemplateId& id, const fed::Governance& governance,
                                  const DecisionInputs& inputs, bool explain) const {
    const fed::PlacementSpec* last = inputs.last ? &*inputs.last : nullptr;
    if (governance.follows)
        return followed(id, last);
    if (governance.policy == nullptr)
        return fed::withoutPolicy(last, governance);
    fed::ScheduleInput input;
    input.fleet = inputs.fleet;
    input.workload = fed::makeWorkload(id.traits(), *inputs.object, last, inputs.status);
    input.last = last;
    input.policy = governance.policy;
    Result<std::unique_ptr<fed::PolicyRound>> round;
    if (governance.policy->invalid.empty())
        round = m_policies.open(*governance.policy);
    if (round)
        input.round = round->get();
    else
        input.roundError = round.error().text();
    input.explain = explain;
    return fed::schedule(input);
}

Result<Explained> Scheduler::explain(const TemplateId& id) const {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || !record->isTemplate)
        return fail(Code::NotFound, id.text() + " is not in this federation, or is not for its members");
    Explained explained;
    explained.placement = m_mirror.inForce(id);
    if (explained.placement == nullptr) {
        const Outcome* noted = outcome(id);
        return fail(Code::NotFound, "nothing was decided for " + id.text() + " yet" +
                                        (noted == nullptr ? "" : ": " + noted->message));
    }
    const fed::PlacementSpec& spec = explained.placement->placement.spec;
    fed::Governance governed = governance(id, *record, &spec);
    explained.follows = governed.follows;
    const std::optional<DecisionInputs> known = m_log.find(id, spec);
    if (known && !governed.follows && known->plugins == m_policies.versions(*known->policy)) {
        fed::Governance then = governed;
        then.policy = known->policy.get();
        explained.decision = decision(id, then, *known);
        explained.explanation = explained.decision.explanation;
        // Else what decides now is not what decided it, whatever it says of itself.
        const fed::PlacementSpec& said = explained.decision.spec;
        if (!explained.decision.keepsLast && said.clusters == spec.clusters && said.unplaced == spec.unplaced)
            return explained;
    }
    explained.fromPresentInputs = !governed.follows && governed.policy != nullptr;
    explained.decision = decision(id, governed,
                                  {.fleet = m_membership.fleet(),
                                   .object = record->object,
                                   .status = explained.placement->placement.status.clusters,
                                   .last = spec});
    explained.explanation = explained.decision.explanation;
    return explained;
}

fed::Decision Scheduler::followed(const TemplateId& id, const fed::PlacementSpec* last) const {
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

std::vector<fed::ClusterShare> Scheduler::held(const TemplateId& id, const PlacementRecord* placement) const {
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

bool Scheduler::isGoneEverywhere(const TemplateId& id, std::vector<std::string>& unreachable) const {
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

bool Scheduler::finishDeletion(const TemplateId& id, const TemplateRecord& record) {
    Outcome outcome{.scheduled = false,
                    .reason = "Deleting",
                    .message = "the object is being deleted",
                    .explanation = {},
                    .explained = {},
                    .waitsFor = {},
                    .deleting = true};
    if (isSuspended(id)) {
        outcome.message = "the deletion waits: its policy is suspended";
        note(id, std::move(outcome));
        return true;
    }
    if (m_handlers.isBusy(id))
        return true;  // its end comes back here
    const bool kept = !record.isTemplate || onDelete(id) == fed::OnDelete::Orphan;
    if (kept || isGoneEverywhere(id, outcome.waitsFor)) {
        writeFinalizer(id, record, false);
        return false;
    }
    note(id, std::move(outcome));
    return true;
}

void Scheduler::note(const TemplateId& id, Outcome outcome) {
    Outcome& known = m_outcomes[id];
    if (!outcome.explanation) {
        outcome.explanation = std::move(known.explanation);
        outcome.explained = std::move(known.explained);
    }
    const bool same = known.scheduled == outcome.scheduled && known.reason == outcome.reason &&
                      known.message == outcome.message && known.waitsFor == outcome.waitsFor &&
                      known.deleting == outcome.deleting && known.explanation == outcome.explanation;
    known = std::move(outcome);
    if (!same)
        m_handlers.outcomeChanged(id);
}

Scheduler::Write& Scheduler::write(const TemplateId& id) {
    return m_writes[id];
}

Callback<kube::Object> Scheduler::answer(const TemplateId& id, std::function<void(kube::Object)> take) {
    return [this, id, take = std::move(take)](Result<kube::Object> result) {
        Write& pending = m_writes[id];
        if (result) {
            take(std::move(*result));
        } else {
            pending.failed = true;
            pending.retryAfter =
                std::max(pending.retryAfter, result.error().retryAfter.value_or(Duration{0}));
        }
        if (--pending.open > 0)
            return;
        const bool failed = pending.failed;
        const Duration retryAfter = pending.retryAfter;
        m_writes.erase(id);
        m_queue.done(id);
        if (failed)
            m_queue.addRateLimited(id, retryAfter);
        else
            m_queue.forget(id);
        pumpSoon();
    };
}

void Scheduler::writeFinalizer(const TemplateId& id, const TemplateRecord& record, bool present) {
    kube::JsonArray finalizers;
    if (const kube::JsonArray* old = kube::arrayAt(record.object->document(), {"metadata", "finalizers"}))
        for (const kube::Json& finalizer : *old)
            if (!finalizer.is_string() || kube::view(finalizer.get_string()) != fed::kPropagationFinalizer)
                finalizers.push_back(finalizer);
    if (present)
        finalizers.push_back(kube::Json(kube::json::string(fed::kPropagationFinalizer)));
    kube::JsonObject body;
    body["metadata"] = kube::JsonObject{{"resourceVersion", record.object->resourceVersion()},
                                        {"finalizers", std::move(finalizers)}};
    ++m_metrics.hostWrites["finalizer"];
    Write& pending = write(id);
    ++pending.open;
    pending.finalizer = m_host.patch(
        id.traits().gvr(), id.key, kube::printJson(body), {},
        answer(id, [this, id](kube::Object object) { m_mirror.takeTemplate(id, std::move(object)); }));
}

void Scheduler::writePlacement(const TemplateId& id, const TemplateRecord& record,
                               const PlacementRecord* placement, const fed::PlacementSpec& spec,
                               const fed::Removals& removals) {
    ++m_metrics.hostWrites["placement"];
    Write& pending = write(id);
    ++pending.open;
    if (placement == nullptr) {
        const kube::Object object = fed::makePlacement(*record.object, spec);
        pending.placement = m_host.create(fed::placements(), object, answer(id, [this](kube::Object created) {
                                              m_mirror.takePlacement(std::move(created), true);
                                          }));
        return;
    }
    kube::JsonObject body;
    kube::JsonObject& metadata = body["metadata"].emplace_object();
    metadata["resourceVersion"] = placement->placement.resourceVersion;
    kube::JsonObject& annotations = metadata["annotations"].emplace_object();
    if (removals.empty())
        annotations[kRemovingAnnotation] = nullptr;
    else
        annotations[kRemovingAnnotation] = fed::print(removals);
    body["spec"] = kube::makeMergePatch(fed::encode(placement->placement.spec), fed::encode(spec));
    pending.placement = m_host.patch(
        fed::placements(), placement->placement.key, kube::printJson(body), {},
        answer(id, [this](kube::Object changed) { m_mirror.takePlacement(std::move(changed), false); }));
}

}  // namespace kubefed::controller

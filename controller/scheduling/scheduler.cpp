// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/scheduler.h"

#include <algorithm>

#include "kubefed/fed/names.h"
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
                     Planner& planner, Clock& clock, Metrics& metrics, Handlers handlers)
    : m_host(host),
      m_mirror(mirror),
      m_membership(membership),
      m_planner(planner),
      m_clock(clock),
      m_metrics(metrics),
      m_isBusy(std::move(handlers.isBusy)),
      m_view(mirror, membership, follow),
      m_outcomes(clock, std::move(handlers.outcomeChanged)),
      m_explainer(mirror, membership, m_view, m_log, planner, clock,
                  [this](const TemplateId& id) {
                      const Outcome* noted = outcome(id);
                      return noted == nullptr ? std::string() : noted->message;
                  }),
      m_removals(membership, clock),
      m_queue(
          clock, {}, [](const TemplateId& id) { return id.key.ns; }, [this] { pump(); }),
      m_plans(
          planner, clock, [this] { pump(); },
          [this](const TemplateId& id, const PlanQueue::Plan& plan, PlanAnswer answer) {
              planned(id, plan, std::move(answer));
          }),
      m_writes(m_queue, {.isDone = {}, .ended = [this] { pumpSoon(); }}) {}

void Scheduler::enqueue(const TemplateId& id) {
    const bool isPlaceable = m_view.isPlaceable(id);
    if (m_plans.isWaiting(id) && isPlaceable)
        return;  // it will be looked at as it is then
    // An answer that would not be believed is not waited for: what is being deleted needs none.
    const PlanQueue::Plan* plan = m_plans.underWay(id);
    if (m_plans.isWaiting(id) || (plan != nullptr && !m_view.isCurrent(id, *plan->inputs, plan->versions))) {
        m_plans.drop(id);
        m_queue.done(id);
    }
    m_queue.add(id);
}

void Scheduler::enqueueAll() {
    m_mirror.forEachTemplate([this](const TemplateId& id, const TemplateRecord&) { enqueue(id); });
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

fed::OnDelete Scheduler::onDelete(const TemplateId& id) const {
    const PlacementRecord* placement = m_mirror.inForce(id);
    return placement == nullptr ? fed::OnDelete::Delete : placement->placement.spec.onDelete;
}

void Scheduler::pump() {
    for (int i = 0; i < kMaxPerTurn && m_writes.size() < kMaxWrites; ++i) {
        std::optional<TemplateId> id = m_plans.next();
        if (!id)
            id = m_queue.take();
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
        m_outcomes.forget(id);
        m_log.forget(id);
        m_removals.forget(id);
        m_waiting.erase(id);
        return true;
    }
    if (record->object->isDeleting())
        return !isOurs(*record) || finishDeletion(id, *record);
    if (!record->isTemplate)
        return optedOut(id, *record);
    if (!m_plans.isFull())
        return decide(id, *record);
    m_plans.wait(id);
    return false;
}

// It once was a template, or its Placement would not be there: that tells what became of it, and of what was
// still to be removed, where that is done by now.
bool Scheduler::optedOut(const TemplateId& id, const TemplateRecord& record) {
    const PlacementRecord* placement = m_mirror.inForce(id);
    if (placement == nullptr)
        return true;
    Outcome outcome;
    outcome.reason = fed::kReasonNotPropagated;
    outcome.message =
        std::string(fed::whyNoTemplate(*record.object)) + "; what stands in clusters stays as it is";
    m_outcomes.note(id, std::move(outcome));
    enforce(id, record, placement, placement->placement.spec);
    return !m_writes.contains(id);
}

// Left behind by an earlier object of this name; it must not speak for this one.
bool Scheduler::removeLeftover(const TemplateId& id, const PlacementRecord& placement) {
    if (placement.isDeleting)
        return true;  // its end comes back here
    m_writes.begin(
        id, [this, id](const kube::Object&) { m_queue.addAfter(id, Duration{200}); },
        [&](Callback<kube::Object> done) {
            return m_host.remove(fed::placements(), placement.placement.key, placement.placement.uid,
                                 std::move(done));
        });
    return false;
}

bool Scheduler::decide(const TemplateId& id, const TemplateRecord& record) {
    const PlacementRecord* placement = m_mirror.findPlacement(id);
    if (placement != nullptr && placement->placement.spec.source.uid != record.object->uid())
        return removeLeftover(id, *placement);
    const fed::Governance governed =
        m_view.governance(id, record, placement != nullptr ? &placement->placement.spec : nullptr);
    SchedulingView::Basis basis = m_view.basis(id, record, placement, governed.follows);
    if (!basis.awaited.empty())
        return waitForMembers(id, record, basis.awaited);
    PlanInputs inputs{.fleet = {},
                      .object = record.object,
                      .policy = {},
                      .last = std::move(basis.last),
                      .isFound = basis.isFound,
                      .status = placement != nullptr ? placement->placement.status.clusters
                                                     : std::vector<fed::ClusterObjectStatus>{}};
    const fed::PlacementSpec* last = inputs.last ? &*inputs.last : nullptr;
    if (governed.follows)
        return accept(id, record, inputs, {m_view.followed(id, last), {}});
    if (governed.policy == nullptr)
        return accept(id, record, inputs, {fed::withoutPolicy(last, governed), {}});
    inputs.fleet = m_membership.fleet();
    if (governed.policy->suspend || !governed.policy->invalid.empty())
        return accept(id, record, inputs,
                      {fed::schedule({.fleet = inputs.fleet,
                                      .workload = fed::makeWorkload(id.traits(), *record.object, last, {}),
                                      .last = last,
                                      .policy = governed.policy}),
                       {}});
    inputs.policy = m_log.share(*governed.policy);
    // Most looks change nothing, and reasons cost more than deciding: they are made where there are none yet,
    // and when there is something to tell.
    const bool isStored = placement != nullptr && inputs.last == placement->placement.spec;
    const bool isExplained = isStored && m_outcomes.known(id, *placement) != nullptr;
    m_plans.begin(id, {std::make_shared<const PlanInputs>(std::move(inputs)), m_view.versions()},
                  isExplained ? PlanReasons::WhereNew : PlanReasons::Always);
    return false;
}

void Scheduler::planned(const TemplateId& id, const PlanQueue::Plan& plan, PlanAnswer answer) {
    if (!m_view.isCurrent(id, *plan.inputs, plan.versions)) {
        m_queue.done(id);
        m_queue.add(id);
    } else if (accept(id, *m_mirror.findTemplate(id), *plan.inputs, std::move(answer))) {
        m_queue.done(id);
    }
    pumpSoon();
}

// True: nothing had to be written.
bool Scheduler::accept(const TemplateId& id, const TemplateRecord& record, const PlanInputs& inputs,
                       PlanAnswer answer) {
    const PlacementRecord* placement = m_mirror.findPlacement(id);
    const fed::PlacementSpec* last = inputs.last ? &*inputs.last : nullptr;
    const Duration settling = m_membership.settlesIn();
    fed::Decision decided = std::move(answer.decision);
    if (inputs.isFound && inputs.policy)
        decided =
            fed::takeOver(std::move(decided), {*inputs.fleet, *last, *inputs.policy, settling > Duration{0}});
    decided.spec.source = fed::TemplateRef::of(*record.object);
    if (decided.reason == fed::kReasonTakingOver && settling > Duration{0})
        m_queue.addAfter(id, settling);
    const bool isNew = placement == nullptr || !(decided.spec == placement->placement.spec);
    ++m_metrics.decisions[decided.reason];
    Outcome outcome{.scheduled = decided.scheduled,
                    .reason = decided.reason,
                    .message = decided.message,
                    .explanation = {},
                    .explained = {},
                    .waitsFor = {}};
    outcome.explanation = m_outcomes.explain(id, decided, placement, placement != nullptr ? last : nullptr);
    if (outcome.explanation)
        outcome.explained = decided.spec;
    m_outcomes.note(id, std::move(outcome));
    if (!isOurs(record) && !decided.spec.clusters.empty())
        writeFinalizer(id, record, true);
    if (isNew && inputs.policy && !decided.keepsLast)
        m_log.record(id, inputs, std::move(answer.plugins), decided.spec);
    enforce(id, record, placement, decided.spec);
    return !m_writes.contains(id);
}

// Nothing is written where the decision is in force and owes what it is known to owe.
void Scheduler::enforce(const TemplateId& id, const TemplateRecord& record, const PlacementRecord* placement,
                        const fed::PlacementSpec& spec) {
    const OwedRemovals::Owed owed = m_removals.after(id, placement, spec);
    if (owed.lookAgain > Duration{0})
        m_queue.addAfter(id, owed.lookAgain);
    if (placement == nullptr || !(spec == placement->placement.spec) || owed.removals != placement->removing)
        writePlacement(id, record, placement, spec, owed.removals);
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
    m_outcomes.note(id, std::move(outcome));
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

bool Scheduler::finishDeletion(const TemplateId& id, const TemplateRecord& record) {
    Outcome outcome{.scheduled = false,
                    .reason = "Deleting",
                    .message = "the object is being deleted",
                    .explanation = {},
                    .explained = {},
                    .waitsFor = {},
                    .deleting = true};
    if (m_view.isSuspended(id)) {
        outcome.message = "the deletion waits: the policy that places it is suspended";
        m_outcomes.note(id, std::move(outcome));
        return true;
    }
    if (m_isBusy(id))
        return true;  // its end comes back here
    const bool kept = m_view.isLeft(id, record);
    if (const std::vector<TemplateId> unaware = kept ? m_view.unaware(id) : std::vector<TemplateId>();
        !unaware.empty()) {
        // Once it is gone nothing else could tell that what it uses must stay.
        for (const TemplateId& follower : unaware)
            m_queue.add(follower);
        m_outcomes.note(id, std::move(outcome));
        return true;  // their Placements bring it back here
    }
    if (kept || m_view.isGoneEverywhere(id, outcome.waitsFor)) {
        writeFinalizer(id, record, false);
        return false;
    }
    m_outcomes.note(id, std::move(outcome));
    return true;
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
    m_writes.begin(
        id, [this, id](kube::Object object) { m_mirror.takeTemplate(id, std::move(object)); },
        [&](Callback<kube::Object> done) {
            return m_host.patch(id.traits().gvr(), id.key, kube::printJson(body), {}, std::move(done));
        });
}

void Scheduler::writePlacement(const TemplateId& id, const TemplateRecord& record,
                               const PlacementRecord* placement, const fed::PlacementSpec& spec,
                               const fed::Removals& removals) {
    ++m_metrics.hostWrites["placement"];
    if (placement == nullptr) {
        m_writes.begin(
            id, [this](kube::Object created) { m_mirror.takePlacement(std::move(created), true); },
            [&](Callback<kube::Object> done) {
                return m_host.create(fed::placements(), fed::makePlacement(*record.object, spec),
                                     std::move(done));
            });
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
    m_writes.begin(
        id, [this](kube::Object changed) { m_mirror.takePlacement(std::move(changed), false); },
        [&](Callback<kube::Object> done) {
            return m_host.patch(fed::placements(), placement->placement.key, kube::printJson(body), {},
                                std::move(done));
        });
}

}  // namespace kubefed::controller

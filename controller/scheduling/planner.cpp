// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/planner.h"

namespace kubefed::controller {

PlanAnswer makeDecision(PolicySource& policies, const PlanJob& job) {
    const PlanInputs& inputs = *job.inputs;
    const fed::PlacementSpec* last = inputs.last ? &*inputs.last : nullptr;
    const fed::TemplateRef source = fed::TemplateRef::of(*inputs.object);
    PlanAnswer answer;
    const auto look = [&](bool explain) {
        // Asked first: whoever is replaced just now is taken for the older one, which is no longer there.
        if (explain)
            answer.plugins = policies.versions(*inputs.policy);
        Result<std::unique_ptr<fed::PolicyRound>> round;
        if (inputs.policy->invalid.empty())
            round = policies.open(*inputs.policy);
        fed::Decision made = fed::schedule(
            {.fleet = inputs.fleet,
             .workload = fed::makeWorkload(job.id.traits(), *inputs.object, last, inputs.status),
             .last = last,
             .policy = inputs.policy.get(),
             .round = round ? round->get() : nullptr,
             .roundError = round ? std::string() : round.error().text(),
             .explain = explain});
        made.spec.source = source;
        return made;
    };
    // What found no room before will hardly find some now, and its message tells why.
    const bool explains = job.reasons == PlanReasons::Always || (last != nullptr && last->unplaced > 0);
    answer.decision = look(explains);
    const bool isNew = last == nullptr || !(answer.decision.spec == *last);
    if (!explains && (isNew || answer.decision.reason == fed::kReasonNoClusterFits))
        answer.decision = look(true);
    return answer;
}

}  // namespace kubefed::controller

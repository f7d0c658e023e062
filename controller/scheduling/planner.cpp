// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/planner.h"

namespace kubefed::controller {

fed::Decision makeDecision(PolicySource& policies, const PlanJob& job) {
    const PlanInputs& inputs = *job.inputs;
    const fed::PlacementSpec* last = inputs.last ? &*inputs.last : nullptr;
    const fed::TemplateRef source = fed::TemplateRef::of(*inputs.object);
    const auto look = [&](bool explain) {
        const Result<std::unique_ptr<fed::PolicyRound>> round = policies.open(*inputs.policy);
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
    fed::Decision decided = look(job.reasons == PlanReasons::Always);
    const bool isNew = last == nullptr || !(decided.spec == *last);
    if (job.reasons == PlanReasons::WhereNew && (isNew || decided.reason == fed::kReasonNoClusterFits))
        decided = look(true);
    return decided;
}

}  // namespace kubefed::controller

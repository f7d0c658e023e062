// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/explain_values.h"

#include <algorithm>
#include <tuple>

#include "controller/rpc/fleet_values.h"

namespace kubefed::controller {
namespace {

double weightOf(const fed::Policy* policy, std::string_view plugin) {
    if (policy != nullptr)
        for (const fed::PluginUse& use : policy->plugins)
            if (use.name == plugin)
                return use.weight;
    return 1;
}

client::PluginWord wordOf(const fed::Explanation& explanation, const fed::Explanation::Trace& trace,
                          const fed::Explanation::Verdict& verdict, const fed::Policy* policy) {
    client::PluginWord word{.plugin = std::string(explanation.pluginName(trace.plugin)),
                            .stage = std::string(fed::toString(trace.stage)),
                            .out = verdict.out,
                            .reason = explanation.reasons.text(verdict.reason)};
    word.weight = weightOf(policy, word.plugin);
    if (verdict.out)
        return word;
    if (trace.stage == fed::Stage::Score)
        word.score = verdict.score;
    if (trace.stage == fed::Stage::Limit)
        word.min = verdict.first;
    if (trace.stage == fed::Stage::Divide)
        word.replicas = verdict.first;
    word.max = verdict.max;
    return word;
}

void addRound(client::Explanation& to, const fed::Explanation& explanation, const fed::Policy* policy) {
    const auto& clusters = explanation.fleet->clusters();
    to.hasReplicas = explanation.hasReplicas;
    to.verdicts.resize(clusters.size());
    for (std::uint32_t i = 0; i < clusters.size(); ++i) {
        client::Verdict& verdict = to.verdicts[i];
        verdict.cluster = clusters[i].name;
        if (i >= explanation.outcomes.size())
            continue;
        const fed::Explanation::Outcome& outcome = explanation.outcomes[i];
        verdict.chosen = outcome.chosen;
        verdict.text = explanation.verdict(i);
        if (explanation.hasReplicas)
            verdict.replicas = outcome.replicas;
        if (outcome.scored)
            verdict.score = outcome.score;
    }
    for (const fed::Explanation::Trace& trace : explanation.traces) {
        if (!trace.failure.empty())
            to.failures.push_back({std::string(explanation.pluginName(trace.plugin)),
                                   std::string(fed::toString(trace.stage)), trace.failure});
        for (const fed::Explanation::Verdict& verdict : trace.verdicts)
            to.verdicts[verdict.cluster].words.push_back(wordOf(explanation, trace, verdict, policy));
    }
}

// What stands without a round of its own: it follows others, or no policy governs it (any more).
void addStanding(client::Explanation& to, const Controller& controller, const Explained& explained) {
    const fed::PlacementSpec& spec = explained.placement->placement.spec;
    for (const auto& [name, member] : controller.membership().members()) {
        client::Verdict verdict{.cluster = name};
        if (const fed::ClusterShare* share = spec.find(name)) {
            verdict.chosen = true;
            verdict.replicas = share->replicas;
            verdict.text = explained.follows ? "chosen: what uses it is there" : "stays: it is there already";
        } else {
            verdict.text = explained.follows ? "nothing that uses it is there" : "nothing new is placed";
        }
        to.verdicts.push_back(std::move(verdict));
    }
}

void addReady(client::Explanation& to, const fed::PlacementStatus& status) {
    for (client::Verdict& verdict : to.verdicts) {
        const auto known =
            std::ranges::find(status.clusters, verdict.cluster, &fed::ClusterObjectStatus::name);
        if (known != status.clusters.end() && known->replicas)
            verdict.ready = known->replicas->ready;
    }
}

}  // namespace

client::Explanation toClient(const Controller& controller, const client::ObjectId& object,
                             const Explained& explained) {
    const fed::Placement& placement = explained.placement->placement;
    client::Explanation result;
    result.object = object;
    result.policy = placement.spec.policy.text();
    result.unplaced = placement.spec.unplaced;
    result.wanted = placement.spec.replicas.value_or(0);
    result.hasReplicas = placement.spec.replicas.has_value();
    result.fromPresentInputs = explained.fromPresentInputs;
    if (const auto& compact = placement.status.explanation) {
        WallTime decided{};
        if (parseRfc3339(compact->decidedAt, decided))
            result.decided = toTimeMs(decided);
        result.because = compact->because;
    }
    if (const fed::Condition* scheduled =
            fed::findCondition(placement.status.conditions, fed::kScheduledCondition);
        scheduled != nullptr && !scheduled->isTrue() && result.unplaced == 0)
        result.error = scheduled->message;
    const fed::PolicyRef& by = placement.spec.policy;
    const fed::Policy* policy = controller.mirror().findPolicy({by.ns, by.name});
    if (explained.explanation)
        addRound(result, *explained.explanation,
                 policy != nullptr && policy->ref.uid == by.uid ? policy : nullptr);
    else
        addStanding(result, controller, explained);
    addReady(result, placement.status);
    // As `kubefed why` has them: those with most first.
    std::ranges::stable_sort(result.verdicts, {}, [](const client::Verdict& verdict) {
        return std::tuple(!verdict.chosen, -verdict.replicas.value_or(0),
                          verdict.chosen ? 0 : -verdict.score.value_or(-1));
    });
    return result;
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/decision.h"

#include <array>
#include <cmath>

#include "kubefed/cli/format/why.h"

namespace kubefed::cli {
namespace {

using Shares = std::map<std::string, std::int64_t>;

// What the clusters get; of types without replicas 1 each.
Shares sharesOf(const fed::PlacementSpec& spec) {
    Shares shares;
    for (const fed::ClusterShare& share : spec.clusters)
        shares.emplace(share.name, share.replicas.value_or(1));
    return shares;
}

std::string textOf(const Shares& shares) {
    std::string text;
    for (const auto& [name, replicas] : shares)
        text += (text.empty() ? "" : ", ") + name + " " + std::to_string(replicas);
    return text.empty() ? "nothing" : text;
}

std::string scoreText(double score) {
    return fed::formatReason("{}", std::array<fed::ReasonValue, 1>{score});
}

}  // namespace

std::string decisionText(const fed::Decision& decision, const PolicyCase& policyCase, WallTime now,
                         bool wide) {
    fed::Placement placement;
    placement.spec = decision.spec;
    placement.spec.source = {policyCase.workload.gvk, policyCase.workload.key, {}};
    const bool isReplicated = policyCase.workload.form == fed::Form::Replicated;
    for (const fed::CurrentShare& share : policyCase.workload.current)
        placement.status.clusters.push_back(
            {.name = share.cluster,
             .state = fed::ObjectState::Synced,
             .replicas = isReplicated
                             ? std::optional(fed::ClusterObjectStatus::Replicas{share.replicas, share.ready})
                             : std::nullopt});
    if (decision.explanation)
        placement.status.explanation = fed::compact(*decision.explanation, toRfc3339(now), {});
    placement.status.conditions.push_back({.type = std::string(fed::kScheduledCondition),
                                           .status = decision.scheduled ? "True" : "False",
                                           .reason = decision.reason,
                                           .message = decision.message});
    return whyText(placement, now, wide);
}

kube::JsonObject decisionJson(const fed::Decision& decision, const PolicyCase& policyCase) {
    kube::JsonObject result;
    result["case"] = policyCase.name;
    kube::JsonObject& placement = result["placement"].emplace_object();
    for (const auto& [name, replicas] : sharesOf(decision.spec))
        placement[name] = replicas;
    result["unplaced"] = decision.spec.unplaced;
    result["reason"] = decision.reason;
    result["message"] = decision.message;
    fed::Explanation none;
    none.fleet = policyCase.fleet;
    none.hasReplicas = policyCase.workload.form == fed::Form::Replicated;
    none.wanted = policyCase.workload.wanted;
    result["explanation"] = fed::full(decision.explanation ? *decision.explanation : none);
    return result;
}

std::vector<Difference> compare(const Expectation& expect, const fed::Decision& decision,
                                const PolicyCase& policyCase) {
    std::vector<Difference> differences;
    const auto note = [&](std::string what, std::string expected, std::string got) {
        differences.push_back({std::move(what), std::move(expected), std::move(got)});
    };
    if (expect.placement && *expect.placement != sharesOf(decision.spec))
        note("placement", textOf(*expect.placement), textOf(sharesOf(decision.spec)));
    if (expect.unplaced && *expect.unplaced != decision.spec.unplaced)
        note("unplaced", std::to_string(*expect.unplaced), std::to_string(decision.spec.unplaced));
    if (!expect.reason.empty() && expect.reason != decision.reason)
        note("reason", expect.reason, decision.reason + ": " + decision.message);
    if (decision.message.find(expect.message) == std::string::npos)
        note("message", "... " + expect.message + " ...", decision.message);
    const auto indexOf = [&](const std::string& name) { return policyCase.fleet->indexOf(name).value_or(0); };
    for (const auto& [name, part] : expect.verdicts) {
        const std::string got =
            decision.explanation ? decision.explanation->verdict(indexOf(name)) : std::string();
        if (got.find(part) == std::string::npos)
            note("verdict of " + name, part, got.empty() ? "none: " + decision.message : got);
    }
    for (const auto& [name, score] : expect.scores) {
        const bool hasOutcome = decision.explanation && !decision.explanation->outcomes.empty();
        const auto* outcome = hasOutcome ? &decision.explanation->outcomes[indexOf(name)] : nullptr;
        if (outcome == nullptr || !outcome->scored)
            note("score of " + name, scoreText(score), "none");
        else if (std::fabs(outcome->score - score) > 0.0005 + 1e-9)
            note("score of " + name, scoreText(score), scoreText(outcome->score));
    }
    return differences;
}

}  // namespace kubefed::cli

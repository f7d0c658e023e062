// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/schedule.h"

#include <algorithm>
#include <utility>

#include "kubefed/fed/schedule_round.h"

namespace kubefed::fed {

namespace {

constexpr std::string_view kStays = "; what is placed stays";

// The last decision stays in force, but what a policy says of a deletion is said at once.
Decision keep(const ScheduleInput& input, std::string_view reason, const std::string& why) {
    Decision decision = keepLast(input.last, reason, "policy \"" + input.policy->ref.text() + "\"" + why);
    decision.spec.onDelete = input.policy->onDelete;
    return decision;
}

// What the object asks for by now, beside what was decided.
std::string newWish(const ScheduleInput& input) {
    if (input.last == nullptr || !input.last->replicas || input.workload.form != Form::Replicated ||
        *input.last->replicas == input.workload.wanted)
        return {};
    return "; the object asks for " + std::to_string(input.workload.wanted) + " replicas by now, " +
           std::to_string(*input.last->replicas) + " were decided";
}

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

bool isAnyBelow(const PlacementSpec& spec, std::int64_t wanted) {
    return std::ranges::any_of(spec.clusters,
                               [&](const ClusterShare& share) { return share.replicas < wanted; });
}

std::string describe(const Decision& decision, const ScheduleInput& input, const RoundRun& run) {
    const std::string clusters = counted(decision.spec.clusters.size(), "cluster");
    if (input.workload.form == Form::Single)
        return "in cluster \"" + decision.spec.clusters.front().name + "\"";
    if (input.workload.form == Form::Everywhere)
        return "in " + clusters;
    const std::string wanted = counted(static_cast<std::size_t>(input.workload.wanted), "replica");
    if (input.policy->strategy == ReplicaStrategy::Duplicate)
        return (isAnyBelow(decision.spec, input.workload.wanted) ? "up to " : "") + wanted + " in each of " +
               clusters;
    std::string text = wanted + " over " + clusters;
    if (decision.spec.unplaced > 0) {
        text = std::to_string(decision.spec.unplaced) + " of " + wanted + " found no room in " + clusters;
        const std::string limited = run.limited();
        text += (limited.empty() ? "; " : ", " + limited + "; ");
        text += input.policy->rebalance == Rebalance::Never
                    ? "rebalance is Never: they are placed when spec.replicas changes"
                    : "lift the limits or add clusters";
    }
    const std::string below = run.belowMinimum();
    return below.empty() ? text : text + "; " + below;
}

// "cluster oregon dropped out", "clusters osaka, tokyo came in", "5 clusters came in"; empty for none.
std::string clusterSentence(const std::vector<std::string_view>& names, std::string_view verb) {
    constexpr std::size_t kNamed = 3;
    if (names.empty())
        return {};
    std::string text;
    if (names.size() > kNamed) {
        text = counted(names.size(), "cluster");
    } else {
        text = names.size() == 1 ? "cluster" : "clusters";
        std::string_view separator = " ";
        for (const std::string_view name : names)
            text.append(std::exchange(separator, ", ")).append(name);
    }
    return text.append(" ").append(verb);
}

std::string clustersChanged(const PlacementSpec& last, const PlacementSpec& next) {
    std::vector<std::string_view> out;
    std::vector<std::string_view> in;
    for (const ClusterShare& share : last.clusters)
        if (next.find(share.name) == nullptr)
            out.push_back(share.name);
    for (const ClusterShare& share : next.clusters)
        if (last.find(share.name) == nullptr)
            in.push_back(share.name);
    if (out.empty() && in.empty())
        return "what the clusters can take changed";
    const std::string dropped = clusterSentence(out, "dropped out");
    const std::string came = clusterSentence(in, "came in");
    return dropped + (dropped.empty() || came.empty() ? "" : ", ") + came;
}

}  // namespace

Decision keepLast(const PlacementSpec* last, std::string_view reason, std::string message) {
    Decision decision;
    decision.reason = reason;
    decision.message = std::move(message);
    decision.keepsLast = true;
    if (last != nullptr)
        decision.spec = *last;
    if (!decision.spec.clusters.empty())
        decision.message += kStays;
    return decision;
}

Decision schedule(const ScheduleInput& input) {
    if (input.policy == nullptr)
        return withoutPolicy(input.last, {.message = "no policy selects this object"});
    if (input.policy->suspend)
        return keep(input, kReasonSuspended, " is suspended" + newWish(input));
    if (!input.policy->invalid.empty())
        return keep(input, kReasonPolicyError, ": " + input.policy->invalid);
    if (input.round == nullptr)
        return keep(input, kReasonPolicyError, ": " + input.roundError);
    RoundRun run(input);
    if (const auto decided = run.decide(); !decided) {
        auto explanation = run.explanation();
        // Where something stands, the Placement keeps the reasons for that; those of now are only here.
        std::string why = ": " + decided.error().message;
        if (explanation && input.last != nullptr && !input.last->clusters.empty())
            why += verdictsText(*explanation);
        Decision decision = keep(input, decided.error().reason, why);
        decision.explanation = std::move(explanation);
        return decision;
    }
    Decision decision;
    decision.spec.policy = input.policy->ref;
    decision.spec.onDelete = input.policy->onDelete;
    decision.spec.unplaced = run.unplaced();
    const bool hasReplicas = input.workload.form == Form::Replicated;
    if (hasReplicas)
        decision.spec.replicas = input.workload.wanted;
    if (input.last != nullptr)
        decision.spec.source = input.last->source;
    for (const RoundRow& row : run.selected())  // in the order of cluster names
        decision.spec.clusters.push_back({input.fleet->clusters()[row.cluster].name,
                                          hasReplicas ? std::optional(row.replicas) : std::nullopt});
    decision.scheduled = decision.spec.unplaced == 0;
    decision.reason = decision.scheduled ? kReasonScheduled : kReasonUnplaced;
    decision.message = describe(decision, input, run);
    decision.explanation = run.explanation();
    return decision;
}

Workload makeWorkload(const KindTraits& kind, const kube::Object& object, const PlacementSpec* last,
                      std::span<const ClusterObjectStatus> status) {
    Workload workload;
    workload.gvk = object.gvk();
    workload.key = object.key();
    workload.labels = object.labels();
    workload.form = kind.isReplicated() ? Form::Replicated : kind.isPod ? Form::Single : Form::Everywhere;
    workload.wanted = replicasOf(kind, object.document()).value_or(1);
    workload.requests = requestsOf(kind, object.document());
    if (last == nullptr)
        return workload;
    for (const ClusterShare& share : last->clusters) {
        const auto known = std::ranges::find(status, share.name, &ClusterObjectStatus::name);
        const std::int64_t ready = known != status.end() && known->replicas ? known->replicas->ready : 0;
        workload.current.push_back({share.name, share.replicas.value_or(0), ready});
    }
    return workload;
}

Decision withoutPolicy(const PlacementSpec* last, const Governance& governance) {
    Decision decision = keepLast(last, kReasonNoPolicy, governance.message);
    if (governance.frozenAgainst)
        decision.spec.frozenAgainst = governance.frozenAgainst;
    return decision;
}

std::string becauseOf(const PlacementSpec* last, const PlacementSpec& next) {
    if (last == nullptr)
        return "it is new";
    if (last->policy.isEmpty())
        return last->clusters.empty() ? "nothing was placed before" : "no policy had decided it before";
    if (last->replicas && next.replicas && *last->replicas != *next.replicas)
        return "spec.replicas changed from " + std::to_string(*last->replicas) + " to " +
               std::to_string(*next.replicas);
    if (last->policy.uid != next.policy.uid)
        return "policy " + next.policy.text() + " took over from " + last->policy.text();
    if (last->policy.generation != next.policy.generation)
        return "policy " + next.policy.text() + " was edited";
    return clustersChanged(*last, next);
}

}  // namespace kubefed::fed

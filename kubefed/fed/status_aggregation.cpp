// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/status_aggregation.h"

#include <algorithm>

#include "kubefed/fed/reasons.h"

namespace kubefed::fed {
namespace {

using kube::JsonArray;
using kube::JsonObject;

bool isApplied(const ClusterView& view) {
    return view.state == ObjectState::Synced || view.state == ObjectState::Drifted;
}

bool isHealthy(const ClusterView& view, const KindTraits& kind) {
    if (view.live == nullptr || !isApplied(view))
        return false;
    if (kind.isReplicated())
        return view.live->status.readyReplicas >= view.desired.value_or(0);
    return !kind.isPod || view.live->status.ready;
}

// Why pods are not ready, or not even there, as the member says it; empty: it says nothing.
std::string causeOf(const ClusterView& view, const KindTraits& kind) {
    const std::string commonest = commonestReason(view.podReasons);
    if (!commonest.empty() || view.live == nullptr || !kind.hasPods())
        return commonest;
    const StatusSummary& status = view.live->status;
    if (kind.isReplicated() && status.replicas >= view.desired.value_or(0))
        return {};  // the condition is of a time before
    return status.reason + (status.reason.empty() || status.message.empty() ? "" : ": ") + status.message;
}

// Nothing is done there, for a reason that no waiting ends.
bool isHeld(const ClusterView& view) {
    return view.reason == kReasonSuspended || view.reason == kReasonNotPropagated;
}

// "tokyo: ImagePullBackOff ×3", the first of the clusters that have something to say.
std::string firstProblem(std::span<const ClusterView> views, const KindTraits& kind) {
    for (const ClusterView& view : views) {
        if (!view.wanted || isHealthy(view, kind))
            continue;
        std::string why = causeOf(view, kind);
        if (why.empty())
            why = !view.message.empty() ? view.message : view.reason;
        if (why.empty() && kind.isReplicated() && view.live != nullptr)
            why = std::to_string(view.live->status.readyReplicas) + " of " +
                  std::to_string(view.desired.value_or(0)) + " pods are ready";
        if (!why.empty())
            return view.name + ": " + why;
    }
    return {};
}

Condition appliedCondition(std::span<const ClusterView> views, std::int64_t generation) {
    std::size_t wanted = 0;
    std::size_t applied = 0;
    std::size_t reachable = 0;
    const ClusterView* failed = nullptr;
    const ClusterView* away = nullptr;
    const auto held = std::ranges::find_if(views, [](const ClusterView& view) { return isHeld(view); });
    for (const ClusterView& view : views) {
        if (!view.wanted)
            continue;
        ++wanted;
        reachable += view.reachable ? 1 : 0;
        applied += view.reachable && isApplied(view) ? 1 : 0;
        if (view.state == ObjectState::Failed && failed == nullptr)
            failed = &view;
        if (!view.reachable && away == nullptr)
            away = &view;
    }
    Condition condition;
    condition.type = kAppliedCondition;
    condition.status = "False";
    condition.observedGeneration = generation;
    if (wanted == 0 && held == views.end()) {
        condition.reason = "NotPlaced";
        condition.message = "no cluster is to have it";
    } else if (failed != nullptr) {
        condition.reason = failed->reason.empty() ? "Failed" : failed->reason;
        condition.message = failed->name + ": " + failed->message;
    } else if (held != views.end()) {
        condition.reason = held->reason;
        condition.message = held->name + ": " + held->message;
    } else if (applied < reachable) {
        condition.reason = "Applying";
        condition.message = std::to_string(applied) + " of " + std::to_string(wanted) + " clusters have it";
    } else if (away != nullptr) {
        condition.status = reachable == 0 ? "Unknown" : "True";
        condition.reason = "MembersUnreachable";
        condition.message = away->name + " cannot be reached; what was there stays";
    } else {
        condition.status = "True";
        condition.reason = "Applied";
    }
    return condition;
}

Condition healthyCondition(std::span<const ClusterView> views, const KindTraits& kind,
                           std::int64_t generation) {
    Condition condition;
    condition.type = kHealthyCondition;
    condition.status = "True";
    condition.reason = "Healthy";
    condition.observedGeneration = generation;
    bool any = false;
    bool unknown = false;
    bool sick = false;
    for (const ClusterView& view : views) {
        if (!view.wanted)
            continue;
        any = true;
        unknown = unknown || !view.reachable;
        sick = sick || (view.reachable && !isHealthy(view, kind));
    }
    if (!any || sick) {
        condition.status = "False";
        condition.reason = !any ? "NotPlaced" : kind.hasPods() ? "PodsNotReady" : "NotApplied";
        condition.message = firstProblem(views, kind);
    } else if (unknown) {
        condition.status = "Unknown";
        condition.reason = "MembersUnreachable";
        condition.message = firstProblem(views, kind);
    }
    return condition;
}

JsonObject replicatedStatus(const KindTraits&, const kube::Object& source,
                            std::span<const ClusterView> views) {
    std::int64_t replicas = 0;
    std::int64_t ready = 0;
    std::int64_t available = 0;
    std::int64_t labelled = 0;
    bool all = true;
    bool any = false;
    for (const ClusterView& view : views) {
        if (view.live != nullptr) {
            replicas += view.live->status.replicas;
            ready += view.live->status.readyReplicas;
            available += view.live->status.availableReplicas;
            labelled += view.live->status.fullyLabeledReplicas;
        }
        if (!view.wanted || !view.reachable)
            continue;
        any = true;
        const bool seen =
            view.live != nullptr && (view.live->status.observedGeneration == 0 ||
                                     view.live->status.observedGeneration >= view.live->generation);
        all = all && seen && isApplied(view) && view.templateGeneration >= source.generation();
    }
    JsonObject status;
    status["replicas"] = replicas;
    if (labelled > 0)
        status["fullyLabeledReplicas"] = labelled;
    if (ready > 0)
        status["readyReplicas"] = ready;
    if (available > 0)
        status["availableReplicas"] = available;
    const std::int64_t before = kube::intAt(source.document(), {"status", "observedGeneration"}).value_or(0);
    const std::int64_t observed = any && all ? source.generation() : before;
    if (observed > 0)
        status["observedGeneration"] = observed;
    return status;
}

std::optional<JsonObject> copiedStatus(std::span<const ClusterView> views) {
    for (const ClusterView& view : views) {
        if (!view.wanted || view.live == nullptr || view.live->status.text.empty())
            continue;
        const Result<kube::Json> parsed = kube::parseJson(view.live->status.text);
        if (parsed && parsed->is_object())
            return parsed->get_object();
    }
    return std::nullopt;
}

JsonObject serviceStatus(std::span<const ClusterView> views) {
    JsonArray ingress;
    for (const ClusterView& view : views) {
        if (view.live == nullptr || view.live->status.text.empty())
            continue;
        const Result<kube::Json> parsed = kube::parseJson(view.live->status.text);
        if (!parsed || !parsed->is_array())
            continue;
        for (const kube::Json& entry : parsed->get_array())
            if (std::ranges::none_of(ingress,
                                     [&](const kube::Json& known) { return kube::equal(known, entry); }))
                ingress.push_back(entry);
    }
    JsonObject status;
    JsonObject& balancer = status["loadBalancer"].emplace_object();
    if (!ingress.empty())
        balancer["ingress"] = std::move(ingress);
    return status;
}

}  // namespace

std::string commonestReason(const PodReasons& reasons) {
    const auto most = std::ranges::max_element(reasons, {}, [](const auto& entry) { return entry.second; });
    if (most == reasons.end() || most->second <= 0)
        return {};
    return most->first + " ×" + std::to_string(most->second);
}

bool isHeld(std::span<const ClusterView> views) {
    return std::ranges::any_of(views, [](const ClusterView& view) { return isHeld(view); });
}

std::string describeMissing(std::span<const std::string> missing, std::string_view ns) {
    constexpr std::size_t kNamed = 12;
    const std::size_t named = missing.size() > kNamed ? kNamed : missing.size();
    std::string text;
    for (std::size_t i = 0; i < named; ++i)
        text += (i == 0 ? "" : i + 1 == missing.size() ? " and " : ", ") + missing[i];
    if (named < missing.size())
        text += " and " + std::to_string(missing.size() - named) + " more";
    return text + (missing.size() == 1 ? " does" : " do") + " not exist in namespace \"" + std::string(ns) +
           "\"";
}

ClusterObjectStatus clusterStatus(const ClusterView& view, const KindTraits& kind,
                                  const ClusterObjectStatus* previous, std::string_view now) {
    ClusterObjectStatus status;
    status.name = view.name;
    status.state = view.reachable ? view.state : ObjectState::Unreachable;
    status.reason = view.reason;
    status.message = view.message;
    if (status.message.empty() && view.reachable)
        status.message = causeOf(view, kind);
    if (kind.isReplicated()) {
        ClusterObjectStatus::Replicas replicas{.desired = view.desired.value_or(0)};
        if (view.live != nullptr)
            replicas.ready = view.live->status.readyReplicas;
        status.replicas = replicas;
    }
    if (view.live != nullptr)
        status.observedGeneration = view.templateGeneration;
    const bool same =
        previous != nullptr && previous->state == status.state && previous->reason == status.reason;
    status.lastTransitionTime = same ? previous->lastTransitionTime : std::string(now);
    return status;
}

void setObjectConditions(PlacementStatus& status, std::span<const ClusterView> views, const KindTraits& kind,
                         std::int64_t generation, std::string_view now) {
    setCondition(status.conditions, appliedCondition(views, generation), now);
    setCondition(status.conditions, healthyCondition(views, kind, generation), now);
}

void setDeletionCondition(PlacementStatus& status, std::span<const std::string> unreachable,
                          std::int64_t generation, std::string_view now) {
    Condition condition;
    condition.type = kAppliedCondition;
    condition.status = "False";
    condition.reason = "Deleting";
    condition.observedGeneration = generation;
    if (!unreachable.empty()) {
        condition.reason = "WaitingForMembers";
        condition.message = "the deletion waits for ";
        for (std::size_t i = 0; i < unreachable.size(); ++i)
            condition.message += (i == 0 ? "" : ", ") + unreachable[i];
        condition.message +=
            ", which cannot be reached; it goes on when they return, or after kubefed unjoin --force";
    }
    setCondition(status.conditions, std::move(condition), now);
}

std::optional<JsonObject> templateStatus(const KindTraits& kind, const kube::Object& source,
                                         std::span<const ClusterView> views) {
    if (!kind.hasStatus)
        return std::nullopt;
    if (kind.isReplicated())
        return replicatedStatus(kind, source, views);
    if (kind.isPod)
        return copiedStatus(views);
    if (kind.role == Role::Service)
        return serviceStatus(views);
    return std::nullopt;
}

}  // namespace kubefed::fed

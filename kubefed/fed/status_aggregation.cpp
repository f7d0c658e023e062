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

// Nothing: it is not known to be there.
std::optional<std::int64_t> readyReplicas(const ClusterView& view) {
    if (view.live != nullptr)
        return view.live->status.readyReplicas;
    return view.remembered ? std::optional(view.remembered->ready) : std::nullopt;
}

bool isHealthy(const ClusterView& view, const KindTraits& kind) {
    const std::optional<std::int64_t> ready = readyReplicas(view);
    if (!ready || !isApplied(view))
        return false;
    if (kind.isReplicated())
        return *ready >= view.desired.value_or(0);
    return !kind.isPod || (view.live != nullptr ? view.live->status.ready : view.remembered->wasHealthy);
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
        if (const auto ready = readyReplicas(view); why.empty() && kind.isReplicated() && ready)
            why = std::to_string(*ready) + " of " + std::to_string(view.desired.value_or(0)) +
                  " pods are ready";
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

// A sum over the clusters, some of which may only be remembered.
struct Sum {
    std::int64_t least = 0;
    std::int64_t most = 0;

    void add(std::int64_t seen) { add(seen, seen); }
    void add(std::int64_t atLeast, std::int64_t atMost) {
        least += atLeast;
        most += atMost;
    }
    [[nodiscard]] std::int64_t given(const kube::Object& source, std::string_view field) const {
        const std::int64_t stands = kube::intAt(source.document(), {"status", field}).value_or(0);
        return std::clamp(stands, least, most);
    }
};

// `observedGeneration`: every reachable cluster that is to have it has the template's version, and its own
// controllers have seen it.
bool isObserved(const kube::Object& source, std::span<const ClusterView> views) {
    bool any = false;
    for (const ClusterView& view : views) {
        if (!view.wanted || !view.reachable)
            continue;
        any = true;
        const bool seen =
            view.live != nullptr && (view.live->status.observedGeneration == 0 ||
                                     view.live->status.observedGeneration >= view.live->generation);
        if (!seen || !isApplied(view) || view.templateGeneration < source.generation())
            return false;
    }
    return any;
}

JsonObject replicatedStatus(const kube::Object& source, std::span<const ClusterView> views) {
    Sum replicas;
    Sum ready;
    Sum available;
    Sum labelled;
    for (const ClusterView& view : views) {
        if (view.live != nullptr) {
            const StatusSummary& there = view.live->status;
            replicas.add(there.replicas);
            ready.add(there.readyReplicas);
            available.add(there.availableReplicas);
            labelled.add(there.fullyLabeledReplicas);
        } else if (view.remembered) {
            const Remembered& then = *view.remembered;
            replicas.add(then.ready, then.mostReplicas);
            ready.add(then.ready);
            available.add(0, then.ready);
            labelled.add(0, then.mostReplicas);
        }
    }
    JsonObject status;
    status["replicas"] = replicas.given(source, "replicas");
    const auto set = [&](std::string_view field, const Sum& sum) {
        if (const std::int64_t value = sum.given(source, field); value > 0)
            status[field] = value;
    };
    set("fullyLabeledReplicas", labelled);
    set("readyReplicas", ready);
    set("availableReplicas", available);
    const std::int64_t before = kube::intAt(source.document(), {"status", "observedGeneration"}).value_or(0);
    const std::int64_t observed = isObserved(source, views) ? source.generation() : before;
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

JsonObject serviceStatus(const kube::Object& source, std::span<const ClusterView> views) {
    JsonArray ingress;
    // Some of these may be addresses in it: nobody can tell which.
    const bool anyRemembered =
        std::ranges::any_of(views, [](const ClusterView& view) { return view.remembered.has_value(); });
    if (const JsonArray* stands = kube::arrayAt(source.document(), {"status", "loadBalancer", "ingress"});
        stands != nullptr && anyRemembered)
        ingress = *stands;
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

namespace {

// "A, B and 8 more do": the first dozen, and the verb for them; empty for none.
std::string listed(const std::vector<std::string>& names, std::string_view one, std::string_view many) {
    constexpr std::size_t kNamed = 12;
    if (names.empty())
        return {};
    const std::size_t named = std::min(names.size(), kNamed);
    std::string text;
    for (std::size_t i = 0; i < named; ++i)
        text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    if (named < names.size())
        text += " and " + std::to_string(names.size() - named) + " more";
    return text.append(" ").append(names.size() == 1 ? one : many);
}

}  // namespace

bool arePodsReady(const ClusterView& view, const KindTraits& kind) {
    return kind.hasPods() && isHealthy(view, kind);
}

std::string describeMissing(std::span<const MissingDependency> missing, std::string_view ns) {
    std::vector<std::string> absent;
    std::vector<std::string> unsent;
    for (const MissingDependency& dependency : missing)
        if (dependency.why.empty())
            absent.push_back(dependency.name);
        else
            unsent.push_back(dependency.name + " (" + dependency.why + ")");
    std::string text = listed(absent, "does", "do");
    if (!text.empty())
        text.append(" not exist in namespace \"").append(ns).append("\"");
    if (!unsent.empty())
        text += (text.empty() ? "" : "; ") + listed(unsent, "is", "are") + " not propagated";
    return text;
}

void recall(ClusterView& view, const PlacementStatus& written, std::int64_t generation, std::uint64_t sent) {
    const auto entry = std::ranges::find(written.clusters, view.name, &ClusterObjectStatus::name);
    if (entry == written.clusters.end())
        return;
    const auto replicas = entry->replicas.value_or(ClusterObjectStatus::Replicas{});
    view.templateGeneration = entry->observedGeneration;
    if (view.live == nullptr) {
        const Condition* healthy = findCondition(written.conditions, kHealthyCondition);
        const bool wasThere = entry->observedGeneration > 0;
        view.remembered =
            Remembered{.ready = replicas.ready,
                       .mostReplicas = wasThere ? std::max(replicas.desired, replicas.ready) : replicas.ready,
                       .wasHealthy = healthy != nullptr && healthy->status == "True"};
    }
    const bool isDone = entry->state == ObjectState::Synced || entry->state == ObjectState::Drifted;
    const bool isSame =
        entry->observedGeneration == generation && replicas.desired == view.desired.value_or(0);
    const bool isAsked = view.wanted && isSame && (view.live == nullptr || view.live->appliedHash == sent);
    if (!view.reachable || entry->state == ObjectState::Unreachable || (isDone && !isAsked))
        return;
    view.state = entry->state;
    view.reason = entry->reason;
    view.message = entry->message;
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
        replicas.ready = readyReplicas(view).value_or(0);
        status.replicas = replicas;
    }
    if (readyReplicas(view))
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
        return replicatedStatus(source, views);
    if (kind.isPod)
        return copiedStatus(views);
    if (kind.role == Role::Service)
        return serviceStatus(source, views);
    return std::nullopt;
}

}  // namespace kubefed::fed

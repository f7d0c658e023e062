// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/policy_match.h"

#include <algorithm>
#include <tuple>

namespace kubefed::fed {

namespace {

struct Match {
    const Policy* policy = nullptr;
    Specificity specificity = Specificity::ByKind;
};

std::optional<Specificity> matchSelector(const ResourceSelector& selector, const Policy& policy,
                                         const KindTraits& kind, const kube::Object& object,
                                         const kube::JsonObject* namespaceLabels) {
    // What follows its users is governed only by who names its kind.
    if (kind.role != Role::Workload && selector.kind.empty())
        return std::nullopt;
    if (!selector.kind.empty() && selector.kind != kind.kind)
        return std::nullopt;
    if (!selector.apiVersion.empty() && selector.apiVersion != object.apiVersion())
        return std::nullopt;
    if (!selector.name.empty() && selector.name != object.name())
        return std::nullopt;
    if (selector.labels && !selector.labels->matches(object.labels()))
        return std::nullopt;
    if (!policy.isNamespaced() && selector.namespaces && !selector.namespaces->matches(namespaceLabels))
        return std::nullopt;
    if (!selector.name.empty())
        return Specificity::ByName;
    const bool byLabel = selector.isPartial || (selector.labels && !selector.labels->isEmpty());
    return byLabel ? Specificity::ByLabel : Specificity::ByKind;
}

// Whether `a` wins over `b`. The last terms only make the order total.
bool wins(const Match& a, const Match& b) {
    const auto rank = [](const Match& m) {
        return std::tuple(!m.policy->isNamespaced(), -m.policy->priority, -static_cast<int>(m.specificity),
                          std::string_view(m.policy->creationTimestamp), std::string_view(m.policy->ref.name),
                          std::string_view(m.policy->ref.uid));
    };
    return rank(a) < rank(b);
}

bool isSeen(const std::vector<PolicySeen>& seen, const PolicyRef& policy) {
    return std::ranges::any_of(seen, [&](const PolicySeen& entry) {
        return entry.uid == policy.uid && entry.generation >= policy.generation;
    });
}

// What matches at the moment of freezing. A policy of the vanished one's own name was created after it
// went, so it is new in any case.
std::vector<PolicySeen> seenNow(std::span<const Match> matches, const PolicyRef& vanished) {
    std::vector<PolicySeen> seen;
    for (const Match& match : matches) {
        const PolicyRef& ref = match.policy->ref;
        if (ref.kind != vanished.kind || ref.ns != vanished.ns || ref.name != vanished.name)
            seen.push_back({ref.uid, ref.generation});
    }
    std::ranges::sort(seen, {}, &PolicySeen::uid);
    return seen;
}

// The policy that decided is gone, or was edited so that it no longer matches. (If it is unchanged and does
// not match, the object was edited, and that is decided anew.)
bool hasVanished(const PolicyRef& decided, std::span<const Policy* const> policies,
                 std::span<const Match> matches) {
    if (decided.uid.empty() ||
        std::ranges::any_of(matches, [&](const Match& m) { return m.policy->ref.uid == decided.uid; }))
        return false;
    return std::ranges::none_of(policies, [&](const Policy* policy) {
        return policy->ref.uid == decided.uid && !policy->isDeleting &&
               policy->ref.generation == decided.generation;
    });
}

}  // namespace

std::optional<Specificity> match(const Policy& policy, const KindTraits& kind, const kube::Object& object,
                                 const kube::JsonObject* namespaceLabels) {
    if (policy.isDeleting || kind.role == Role::Namespace ||
        (policy.isNamespaced() && policy.ref.ns != object.ns()))
        return std::nullopt;
    std::optional<Specificity> best;
    for (const ResourceSelector& selector : policy.resourceSelectors) {
        const auto found = matchSelector(selector, policy, kind, object, namespaceLabels);
        if (found && (!best || *found > *best))
            best = found;
    }
    return best;
}

std::vector<Condition> conditionsOf(const Policy& policy, std::string_view now) {
    std::vector<Condition> conditions = policy.conditions;
    Condition accepted;
    accepted.type = kAcceptedCondition;
    accepted.status = policy.invalid.empty() ? "True" : "False";
    accepted.reason = policy.invalid.empty() ? "Accepted" : "Invalid";
    accepted.message = policy.invalid;
    accepted.observedGeneration = policy.ref.generation;
    setCondition(conditions, std::move(accepted), now);
    return conditions;
}

Governance govern(const KindTraits& kind, const kube::Object& object, const kube::JsonObject* namespaceLabels,
                  std::span<const Policy* const> policies, const PlacementSpec* last) {
    std::vector<Match> matches;
    for (const Policy* policy : policies)
        if (const auto specificity = match(*policy, kind, object, namespaceLabels))
            matches.push_back({policy, *specificity});

    if (last != nullptr && hasVanished(last->policy, policies, matches)) {
        const auto seen = last->frozenAgainst ? *last->frozenAgainst : seenNow(matches, last->policy);
        if (std::ranges::all_of(matches, [&](const Match& m) { return isSeen(seen, m.policy->ref); }))
            return {
                .frozenAgainst = seen,
                .message =
                    "policy \"" + last->policy.text() +
                    "\", which decided, is gone or no longer selects this object; create or edit a policy "
                    "that selects it"};
    }
    if (matches.empty()) {
        if (kind.role != Role::Workload)
            return {.follows = true};
        return {
            .message =
                "no policy selects this object; create a PlacementPolicy whose resourceSelectors match it"};
    }
    return {.policy = std::ranges::min_element(matches, wins)->policy};
}

}  // namespace kubefed::fed

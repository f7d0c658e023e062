// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/why.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "kubefed/cli/format/table.h"
#include "kubefed/fed/reasons.h"

namespace kubefed::cli {
namespace {

std::string plural(std::int64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::int64_t clustersKnown(const fed::Placement& placement) {
    auto known = static_cast<std::int64_t>(placement.spec.clusters.size());
    if (!placement.status.explanation)
        return known;
    for (const auto& losers : placement.status.explanation->others)
        known += losers.count;
    return known + placement.status.explanation->omitted;
}

// What is divided sums up to it at most; of what is duplicated, a limit may keep one cluster below the
// others.
std::string spreadText(const fed::PlacementSpec& spec) {
    std::int64_t sum = 0;
    bool isSame = true;
    for (const fed::ClusterShare& share : spec.clusters) {
        sum += share.replicas.value_or(0);
        isSame = isSame && share.replicas == spec.replicas;
    }
    const std::string replicas = plural(*spec.replicas, "replica");
    if (sum <= *spec.replicas)
        return replicas + " over ";
    return (isSame ? "" : "up to ") + replicas + " in each of ";
}

const fed::Condition* followedBy(const fed::Placement& placement) {
    const fed::Condition* scheduled =
        fed::findCondition(placement.status.conditions, fed::kScheduledCondition);
    return scheduled != nullptr && scheduled->reason == fed::kReasonFollows ? scheduled : nullptr;
}

std::string headline(const fed::Placement& placement, WallTime now) {
    const fed::PlacementSpec& spec = placement.spec;
    std::string text = spec.source.key.name + " (" + spec.source.gvk.kind;
    if (!spec.source.key.ns.empty())
        text += ", namespace " + spec.source.key.ns;
    text += "): ";
    if (spec.replicas)
        text += spreadText(spec);
    text += std::to_string(spec.clusters.size()) + " of " + plural(clustersKnown(placement), "cluster");
    if (!spec.policy.isEmpty())
        text += ", policy " + spec.policy.text();
    else if (const fed::Condition* followed = followedBy(placement))
        text += ", " + followed->message;
    else if (!spec.clusters.empty())
        text += ", no policy";
    if (placement.status.explanation)
        text += ", decided " + ageSince(placement.status.explanation->decidedAt, now) + " ago";
    return text + "\n";
}

std::string scoreText(const std::optional<double>& score) {
    if (!score)
        return "-";
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", *score);
    return text;
}

const fed::ClusterObjectStatus* statusIn(const fed::Placement& placement, std::string_view cluster) {
    const auto it = std::ranges::find(placement.status.clusters, cluster, &fed::ClusterObjectStatus::name);
    return it == placement.status.clusters.end() ? nullptr : &*it;
}

// What is as it should be may still not run: then its cluster says why.
std::string trouble(const fed::ClusterObjectStatus* status) {
    if (status == nullptr)
        return {};
    std::string text;
    if (status->state != fed::ObjectState::Synced)
        text = std::string(fed::toString(status->state)) +
               (status->reason.empty() ? "" : " (" + status->reason + ")");
    else
        text = status->reason;
    if (!status->message.empty())
        text += (text.empty() ? "" : ": ") + status->message;
    return text.empty() ? text : "; " + text;
}

std::vector<std::string> chosenRow(const fed::Placement& placement, const fed::ClusterShare& share) {
    const fed::ClusterObjectStatus* status = statusIn(placement, share.name);
    std::optional<double> score;
    std::string verdict = followedBy(placement) != nullptr ? "chosen: what uses it is there" : "chosen";
    if (placement.status.explanation)
        for (const auto& winner : placement.status.explanation->clusters)
            if (winner.name == share.name) {
                score = winner.score;
                verdict = winner.verdict;
            }
    return {share.name, share.replicas ? std::to_string(*share.replicas) : "-",
            status != nullptr && status->replicas ? std::to_string(status->replicas->ready) : "-",
            scoreText(score), verdict + trouble(status)};
}

// Clusters of the status that the decision does not name (something is being removed, or stayed).
void addFormer(const fed::Placement& placement, std::set<std::string>& shown, Table& table) {
    for (const fed::ClusterObjectStatus& status : placement.status.clusters)
        if (shown.insert(status.name).second)
            table.rows.push_back({status.name, "0",
                                  status.replicas ? std::to_string(status.replicas->ready) : "-", "-",
                                  "not chosen" + trouble(&status)});
}

void addOthers(const fed::CompactExplanation& explanation, std::set<std::string>& shown, Table& table) {
    for (const auto& losers : explanation.others) {
        std::int64_t named = 0;
        for (const std::string& cluster : losers.clusters) {
            ++named;
            if (shown.insert(cluster).second)
                table.rows.push_back({cluster, "0", "-", "-", losers.verdict});
        }
        if (losers.count > named)
            table.rows.push_back(
                {"(" + std::to_string(losers.count - named) + " more)", "0", "-", "-", losers.verdict});
    }
    if (explanation.omitted > 0)
        table.rows.push_back(
            {"(" + std::to_string(explanation.omitted) + " more)", "0", "-", "-", "not chosen"});
}

std::string conditions(const fed::Placement& placement, bool all) {
    std::string text;
    for (const fed::Condition& condition : placement.status.conditions) {
        if (!all && condition.isTrue())
            continue;
        text += condition.type + "=" + condition.status;
        if (!condition.reason.empty())
            text += " (" + condition.reason + ")";
        text += condition.message.empty() ? "\n" : ": " + condition.message + "\n";
    }
    return text;
}

}  // namespace

std::string whyHint(const fed::Placement& placement, const std::string& command) {
    return placement.status.explanation ? "To see how each plugin judged: " + command + " -o wide" : "";
}

std::string whyText(const fed::Placement& placement, WallTime now, bool wide) {
    std::string text = headline(placement, now);
    if (placement.status.explanation && !placement.status.explanation->because.empty())
        text += "because " + placement.status.explanation->because + "\n";
    Table table;
    table.headers = {"CLUSTER", "REPLICAS", "READY", "SCORE", "VERDICT"};
    std::set<std::string> shown;
    std::vector<fed::ClusterShare> shares = placement.spec.clusters;
    std::ranges::stable_sort(shares, std::greater{},
                             [](const auto& share) { return share.replicas.value_or(0); });
    for (const fed::ClusterShare& share : shares) {
        shown.insert(share.name);
        table.rows.push_back(chosenRow(placement, share));
    }
    if (placement.status.explanation)
        addOthers(*placement.status.explanation, shown, table);
    addFormer(placement, shown, table);
    if (!table.rows.empty())
        text += table.text();
    if (placement.spec.unplaced > 0)
        text += plural(placement.spec.unplaced, "replica") + " found no place\n";
    return text + conditions(placement, wide);
}

}  // namespace kubefed::cli

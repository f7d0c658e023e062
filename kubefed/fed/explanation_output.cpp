// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "kubefed/fed/explanation.h"

namespace kubefed::fed {

namespace {

using kube::JsonArray;
using kube::JsonObject;

constexpr std::size_t kMaxVerdictBytes = 240;
constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kFrameBytes = 160;  // keys and brackets around the entries

std::string shortened(std::string text) {
    if (text.size() <= kMaxVerdictBytes)
        return text;
    std::size_t end = kMaxVerdictBytes - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)  // not within a character
        --end;
    text.resize(end);
    return text + "...";
}

double rounded(double score) {
    return std::round(score * 1000) / 1000;
}

CompactExplanation::Winner winnerOf(const Explanation& explanation, std::uint32_t cluster) {
    const Explanation::Outcome& outcome = explanation.outcomes[cluster];
    CompactExplanation::Winner winner;
    winner.name = explanation.fleet->clusters()[cluster].name;
    if (explanation.hasReplicas)
        winner.replicas = outcome.replicas;
    if (outcome.scored)
        winner.score = rounded(outcome.score);
    winner.verdict = shortened(explanation.verdict(cluster));
    return winner;
}

struct Group {
    std::uint32_t first = 0;   // cluster
    std::uint32_t hidden = 0;  // values that differ within the group
    std::int64_t count = 0;
    std::vector<std::string> names;
};

std::vector<CompactExplanation::Losers> losersOf(const Explanation& explanation) {
    std::map<std::tuple<std::uint32_t, Stage, std::uint32_t, bool>, Group> groups;
    for (std::uint32_t i = 0; i < explanation.outcomes.size(); ++i) {
        const Explanation::Outcome& outcome = explanation.outcomes[i];
        if (outcome.chosen)
            continue;
        Group& group = groups[{outcome.plugin, outcome.stage, explanation.reasons.formatId(outcome.reason),
                               outcome.isDecided}];
        if (group.count++ == 0)
            group.first = i;
        else
            group.hidden |=
                explanation.reasons.differing(explanation.outcomes[group.first].reason, outcome.reason);
        if (group.names.size() < kNamesShown)
            group.names.push_back(explanation.fleet->clusters()[i].name);
    }
    std::vector<CompactExplanation::Losers> losers;
    for (auto& [key, group] : groups)
        losers.push_back({std::string(explanation.pluginName(std::get<0>(key))),
                          shortened(explanation.verdict(group.first, group.hidden)), group.count,
                          std::move(group.names)});
    std::ranges::stable_sort(losers, std::ranges::greater(), &CompactExplanation::Losers::count);
    return losers;
}

// The size of one entry alone, as it will stand in the Placement.
template <class Entry>
std::size_t sizeOf(const Entry& entry) {
    CompactExplanation alone;
    if constexpr (std::is_same_v<Entry, CompactExplanation::Winner>)
        alone.clusters.push_back(entry);
    else
        alone.others.push_back(entry);
    return kube::printJson(encode(alone)).size();  // a little more than the entry itself
}

JsonObject verdictObject(const Explanation& explanation, const Explanation::Trace& trace,
                         const Explanation::Verdict& verdict) {
    JsonObject result;
    result["plugin"] = explanation.pluginName(trace.plugin);
    result["stage"] = toString(trace.stage);
    if (verdict.out)
        result["out"] = true;
    else if (trace.stage == Stage::Score)
        result["score"] = rounded(verdict.score);
    else if (trace.stage == Stage::Divide)
        result["replicas"] = verdict.first;
    else if (trace.stage == Stage::Limit)
        result["min"] = verdict.first;
    if (verdict.max)
        result["max"] = *verdict.max;
    if (verdict.reason != 0)
        result["reason"] = explanation.reasons.text(verdict.reason);
    return result;
}

}  // namespace

CompactExplanation compact(const Explanation& explanation, std::string_view decidedAt,
                           std::string_view because, std::size_t maxBytes) {
    CompactExplanation result;
    result.decidedAt = decidedAt;
    result.because = shortened(std::string(because));
    std::size_t used = kFrameBytes + result.decidedAt.size() + 2 * result.because.size();
    std::vector<CompactExplanation::Losers> losers = losersOf(explanation);
    // The losers are few, being counted; they get what they need up to a third, the winners the rest.
    const std::size_t forLosers = used + (maxBytes > used ? (maxBytes - used) / 3 : 0);
    for (auto& entry : losers) {
        if (const std::size_t size = sizeOf(entry); used + size <= forLosers) {
            used += size;
            result.others.push_back(std::move(entry));
        } else {
            ++result.omitted;
        }
    }
    bool isFull = false;
    for (std::uint32_t i = 0; i < explanation.outcomes.size(); ++i) {
        if (!explanation.outcomes[i].chosen)
            continue;
        if (!isFull) {
            CompactExplanation::Winner winner = winnerOf(explanation, i);
            const std::size_t size = sizeOf(winner);
            isFull = used + size > maxBytes;
            if (!isFull) {
                used += size;
                result.clusters.push_back(std::move(winner));
                continue;
            }
        }
        ++result.omitted;
    }
    return result;
}

bool isOf(const CompactExplanation& explanation, const PlacementSpec& decided) {
    const std::size_t told = explanation.clusters.size();
    if (told > decided.clusters.size() || (told < decided.clusters.size() && explanation.omitted == 0))
        return false;
    return std::ranges::all_of(explanation.clusters, [&](const CompactExplanation::Winner& winner) {
        const ClusterShare* share = decided.find(winner.name);
        return share != nullptr && share->replicas == winner.replicas;
    });
}

std::string verdictsText(const Explanation& explanation) {
    constexpr std::size_t kGroupsShown = 4;
    std::string text;
    std::size_t shown = 0;
    for (const CompactExplanation::Losers& losers : losersOf(explanation)) {
        if (shown++ == kGroupsShown) {
            text += "; ...";
            break;
        }
        text += text.empty() ? "" : "; ";
        for (const std::string& name : losers.clusters)
            text += (name == losers.clusters.front() ? "" : ", ") + name;
        const auto named = static_cast<std::int64_t>(losers.clusters.size());
        if (losers.count > named)
            text += " and " + std::to_string(losers.count - named) + " more";
        text += ": " + losers.verdict;
    }
    return text.empty() ? text : " (" + text + ")";
}

JsonObject full(const Explanation& explanation) {
    std::vector<JsonArray> verdicts(explanation.fleet->clusters().size());
    JsonArray failures;
    for (const Explanation::Trace& trace : explanation.traces) {
        if (!trace.failure.empty())
            failures.push_back({{"plugin", explanation.pluginName(trace.plugin)},
                                {"stage", toString(trace.stage)},
                                {"message", trace.failure}});
        for (const Explanation::Verdict& verdict : trace.verdicts)
            verdicts[verdict.cluster].push_back(verdictObject(explanation, trace, verdict));
    }
    JsonArray clusters;
    for (std::uint32_t i = 0; i < explanation.outcomes.size(); ++i) {
        const Explanation::Outcome& outcome = explanation.outcomes[i];
        JsonObject entry;
        entry["name"] = explanation.fleet->clusters()[i].name;
        entry["chosen"] = outcome.chosen;
        if (explanation.hasReplicas)
            entry["replicas"] = outcome.replicas;
        if (outcome.scored)
            entry["score"] = rounded(outcome.score);
        entry["verdict"] = explanation.verdict(i);
        entry["plugins"] = std::move(verdicts[i]);
        clusters.emplace_back(std::move(entry));
    }
    JsonObject result;
    if (explanation.hasReplicas)
        result["replicas"] = explanation.wanted;
    result["clusters"] = std::move(clusters);
    if (!failures.empty())
        result["failures"] = std::move(failures);
    return result;
}

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/explanation.h"

#include <algorithm>
#include <cstdio>

#include "kubefed/cli/format/table.h"
#include "kubefed/cli/verb.h"

namespace kubefed::cli {
namespace {

std::string number(const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : "-";
}

std::string scoreText(double score) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", score);
    return text;
}

std::string headline(const client::Explanation& explanation, client::TimeMs now) {
    const client::ObjectId& id = explanation.object;
    const auto chosen = std::ranges::count_if(explanation.verdicts, &client::Verdict::chosen);
    std::string text = id.name + " (" + id.kind + (id.ns.empty() ? "" : ", namespace " + id.ns) + "): ";
    if (explanation.hasReplicas)
        text += counted(explanation.wanted, "replica") + " over ";
    text += std::to_string(chosen) + " of " +
            counted(static_cast<std::int64_t>(explanation.verdicts.size()), "cluster");
    if (!explanation.policy.empty())
        text += ", policy " + explanation.policy;
    if (explanation.decided > 0)
        text += ", decided " + age(Duration(now - explanation.decided)) + " ago";
    text += "\n";
    if (!explanation.because.empty())
        text += "because " + explanation.because + "\n";
    if (explanation.fromPresentInputs)
        text +=
            "this is how it would be decided now: what it was decided from is no longer remembered, or its "
            "plugins have changed since\n";
    return text;
}

// "passes", "out: 200 ms away", "0.92 x 3: 12 ms away", "at least 2, at most 10", "6 replicas: ..."
std::string said(const client::PluginWord& word) {
    std::string text;
    if (word.out)
        text = word.stage == "select" ? "not selected" : "out";
    else if (word.score)
        text = scoreText(*word.score) + (word.weight == 1 ? "" : " x " + scoreText(word.weight));
    else if (word.replicas)
        text = counted(*word.replicas, "replica");
    else if (word.stage == "limit" && !word.max && word.min.value_or(0) == 0)
        text = "no limit";
    else if (word.stage == "limit")
        text = (word.min.value_or(0) > 0 ? "at least " + std::to_string(*word.min) : std::string()) +
               (word.min.value_or(0) > 0 && word.max ? ", " : "") +
               (word.max ? "at most " + std::to_string(*word.max) : std::string());
    else
        text = word.stage == "select" ? "selected" : "passes";
    return word.reason.empty() ? text : text + ": " + word.reason;
}

}  // namespace

std::string explanationText(const client::Explanation& explanation, client::TimeMs now) {
    std::string text = headline(explanation, now);
    Table table;
    table.headers = {"CLUSTER", "REPLICAS", "READY", "SCORE", "PLUGIN", "STAGE", "VERDICT"};
    for (const client::Verdict& verdict : explanation.verdicts) {
        table.rows.push_back({verdict.cluster, number(verdict.replicas), number(verdict.ready),
                              verdict.score ? scoreText(*verdict.score) : "-", "", "", verdict.text});
        for (const client::PluginWord& word : verdict.words)
            table.rows.push_back({"", "", "", "", word.plugin, word.stage, said(word)});
    }
    if (!table.rows.empty())
        text += table.text();
    for (const client::PluginFailure& failure : explanation.failures)
        text += "plugin " + failure.plugin + " failed in " + failure.stage + ": " + failure.message + "\n";
    if (explanation.unplaced > 0)
        text += counted(explanation.unplaced, "replica") + " found no place\n";
    if (!explanation.error.empty())
        text += "the last round gave no decision: " + explanation.error + "\n";
    return text;
}

}  // namespace kubefed::cli

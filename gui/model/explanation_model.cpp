// SPDX-License-Identifier: Apache-2.0
#include "gui/model/explanation_model.h"

#include <algorithm>
#include <limits>

#include "gui/model/detail_tables.h"

namespace kubefed::gui {

using namespace client;

namespace {

// The plugins in the order of the round, each once.
std::vector<std::string> pluginsOf(const Explanation& explanation) {
    std::vector<std::string> plugins;
    for (const Verdict& verdict : explanation.verdicts)
        for (const PluginWord& word : verdict.words)
            if (std::ranges::find(plugins, word.plugin) == plugins.end())
                plugins.push_back(word.plugin);
    return plugins;
}

OrderedTable::Shape shapeFor(const std::vector<std::string>& plugins) {
    OrderedTable::Shape shape{.columns = {{"Cluster"},
                                          {.title = "Decision", .texts = {"Chosen", "Not chosen"}},
                                          {"Replicas", true, "Ready, of those decided"},
                                          {"Score", true}},
                              .status = ExplanationModel::Decision,
                              .sort = ExplanationModel::Decision};
    for (const std::string& plugin : plugins)
        shape.columns.push_back({text(plugin)});
    shape.columns.push_back({"Reason"});
    return shape;
}

}  // namespace

ExplanationModel::ExplanationModel(QObject* parent) : OrderedTable(shapeFor({}), parent) {}

const Verdict* ExplanationModel::verdictAt(int row) const {
    const auto it =
        std::ranges::find(m_explanation.verdicts, rowAt(row).key.toStdString(), &Verdict::cluster);
    return it == m_explanation.verdicts.end() ? nullptr : &*it;
}

void ExplanationModel::show(Explanation explanation) {
    m_explanation = std::move(explanation);
    std::vector<std::string> plugins = pluginsOf(m_explanation);
    if (m_explanation.verdicts.empty())
        plugins = m_plugins;  // nothing is known yet: the columns stay
    if (plugins != m_plugins)
        setShape(shapeFor(plugins));
    Batch batch;
    batch.isComplete = true;
    for (std::size_t i = 0; i < m_explanation.verdicts.size(); ++i) {
        const Verdict& verdict = m_explanation.verdicts[i];
        Row row;
        row.key = text(verdict.cluster);
        row.handle = i;
        row.level = verdict.chosen ? Level::Good : Level::Quiet;
        row.text.resize(kFixed + plugins.size() + 1);
        row.rank.assign(row.text.size(), 0);
        row.text[Cluster] = row.key;
        row.text[Decision] = verdict.chosen ? "Chosen" : "Not chosen";
        row.rank[Decision] = static_cast<double>(i);  // as the controller orders them
        // Who is not chosen gets none, and nothing is there to be ready.
        const bool hasReplicas = verdict.chosen && verdict.replicas;
        row.text[Replicas] = hasReplicas ? fraction(verdict.ready, verdict.replicas) : QString("–");
        row.rank[Replicas] =
            hasReplicas ? static_cast<double>(*verdict.replicas) : std::numeric_limits<double>::quiet_NaN();
        row.text[Score] = verdict.score ? scoreText(*verdict.score) : QString("–");
        row.rank[Score] = verdict.score.value_or(std::numeric_limits<double>::quiet_NaN());
        for (const PluginWord& word : verdict.words) {
            const auto at =
                kFixed + static_cast<std::size_t>(std::ranges::find(plugins, word.plugin) - plugins.begin());
            // A plugin may speak at several stages; what throws a cluster out outweighs the rest.
            const QString said = (word.out ? "✕ " : "") + shortWord(word);
            if (row.text[at].isEmpty() || row.text[at] == "passed" || word.out)
                row.text[at] = said;
            else if (said != "passed")
                row.text[at] += "  " + said;
        }
        row.text.back() = row.tip = text(verdict.text);
        row.words = (row.key + ' ' + row.text[Decision] + ' ' + row.text.back()).toLower();
        row.fields = {{"cluster", row.key.toLower()}};
        batch.rows.push_back(std::move(row));
    }
    m_plugins = std::move(plugins);
    apply(std::move(batch));
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/policy_table_model.h"

#include <algorithm>
#include <limits>

namespace kubefed::gui {

using namespace client;

namespace {

Level levelOfPlugin(const PolicyPlugin& plugin) {
    if (plugin.state == "Active")
        return plugin.lastError.empty() && plugin.message.empty() ? Level::Good : Level::Warn;
    return plugin.state == "Disabled" ? Level::Warn : Level::Bad;
}

QString duration(std::optional<double> millis) {
    return millis ? callTime(*millis) : QString("–");
}

}  // namespace

PolicyTableModel::PolicyTableModel(QObject* parent)
    : OrderedTable({.columns = {{"Plugin"},
                                {.title = "State", .texts = {"Active", "Disabled", "Failed"}},
                                {"Version"},
                                {"Source"},
                                {"Stages"},
                                {"Calls", true},
                                {"Failures", true},
                                {"p50", true, "Half of the calls took less"},
                                {"p99", true, "Of a hundred calls one took longer"},
                                {"Message"}},
                    .status = State,
                    .sort = State},
                   parent) {}

const PolicyPlugin* PolicyTableModel::pluginAt(int row) const {
    const auto it = std::ranges::find(m_plugins, rowAt(row).key.toStdString(), &PolicyPlugin::name);
    return it == m_plugins.end() ? nullptr : &*it;
}

void PolicyTableModel::show(std::vector<PolicyPlugin> plugins) {
    m_plugins = std::move(plugins);
    Batch batch;
    batch.isComplete = true;
    for (std::size_t i = 0; i < m_plugins.size(); ++i) {
        const PolicyPlugin& plugin = m_plugins[i];
        Row row;
        row.key = text(plugin.name);
        row.handle = i;
        row.level = levelOfPlugin(plugin);
        row.text.resize(kColumns);
        row.rank.assign(kColumns, 0);
        row.text[Name] = row.key;
        row.text[State] = text(plugin.state);
        row.rank[State] = -static_cast<double>(row.level);
        row.text[Version] = text(plugin.version);
        row.text[Source] = text(plugin.source);
        QStringList stages;
        for (const std::string& stage : plugin.stages)
            stages += text(stage);
        row.text[Stages] = stages.join(", ");
        row.text[Calls] = count(static_cast<std::int64_t>(plugin.calls));
        row.rank[Calls] = static_cast<double>(plugin.calls);
        row.text[Failures] = count(static_cast<std::int64_t>(plugin.failures));
        row.rank[Failures] = static_cast<double>(plugin.failures);
        row.text[P50] = duration(plugin.p50Millis);
        row.rank[P50] = plugin.p50Millis.value_or(std::numeric_limits<double>::quiet_NaN());
        row.text[P99] = duration(plugin.p99Millis);
        row.rank[P99] = plugin.p99Millis.value_or(std::numeric_limits<double>::quiet_NaN());
        row.text[Message] = row.tip = text(plugin.message.empty() ? plugin.lastError : plugin.message);
        row.words =
            (row.key + ' ' + row.text[State] + ' ' + row.text[Source] + ' ' + row.text[Message]).toLower();
        row.fields = {{"name", row.key.toLower()},
                      {"status", row.text[State].toLower()},
                      {"source", row.text[Source].toLower()},
                      {"trouble", row.level == Level::Good ? "no" : "yes"}};
        batch.rows.push_back(std::move(row));
    }
    apply(std::move(batch));
}

}  // namespace kubefed::gui

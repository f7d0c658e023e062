// SPDX-License-Identifier: Apache-2.0
#include "gui/model/detail_tables.h"

#include <limits>

#include "gui/model/state.h"

namespace kubefed::gui {

using namespace client;

ShareTableModel::ShareTableModel(const FleetStore& store, QObject* parent)
    : OrderedTable({.columns = {{"Cluster"},
                                {.title = "State",
                                 .texts = {"Pending", "Applying", "Synced", "Drifted", "Failed", "Removing",
                                           "Unreachable", "Left"}},
                                {"Since", true},
                                {"Ready", true},
                                {"Reason"}},
                    .status = State,
                    .stamp = Since,
                    .sort = State},
                   parent),
      m_store(store) {
    connect(&store, &FleetStore::published, this, &ShareTableModel::follow);
}

void ShareTableModel::restrictTo(ObjectNumber object) {
    m_object = object;
    follow();
}

void ShareTableModel::follow() {
    setTime(m_store.now(), m_store.isStale());
    Batch batch;
    batch.isComplete = true;
    const Object* object = m_store.fleet().object(m_object);
    for (const Share& share : object != nullptr ? object->shares : std::vector<Share>{}) {
        const client::Cluster* cluster = m_store.fleet().cluster(share.cluster);
        if (cluster == nullptr)
            continue;
        Row row;
        row.key = text(cluster->name);
        row.handle = share.cluster;
        row.level = levelOf(share, m_store.fleet());
        row.isOld = isOld(*cluster, m_store.asOf(), m_store.fleet().info()) || row.level == Level::Unknown;
        row.stamp = share.since;
        row.text.resize(kColumns);
        row.rank.assign(kColumns, 0);
        row.text[Cluster] = row.key;
        row.text[State] = text(share.state);
        row.rank[State] = -static_cast<double>(row.level);
        const auto ready = readyOf(share, m_store.fleet());
        row.text[Ready] = share.desired ? fraction(ready, share.desired) : QString("–");
        row.rank[Ready] = ready ? static_cast<double>(*ready) : std::numeric_limits<double>::quiet_NaN();
        row.rank[Since] = -static_cast<double>(share.since);
        const std::string& why = share.message.empty() ? share.reason : share.message;
        row.text[Reason] = row.tip = why == share.state ? QString() : text(why);
        batch.rows.push_back(std::move(row));
    }
    apply(std::move(batch));
}

WordTableModel::WordTableModel(QObject* parent)
    : OrderedTable(
          {.columns = {{"Plugin"}, {"Stage"}, {"Verdict"}, {"Reason"}}, .status = Said, .sort = Stage},
          parent) {}

void WordTableModel::show(const std::vector<PluginWord>& words) {
    Batch batch;
    batch.isComplete = true;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const PluginWord& word = words[i];
        Row row;
        row.key = QString::number(i);
        row.handle = i;
        row.level = word.out ? Level::Bad : Level::Good;
        row.text = {text(word.plugin), text(word.stage), shortWord(word), text(word.reason)};
        row.rank.assign(kColumns, static_cast<double>(i));  // in the order of the round
        row.tip = row.text[Reason];
        batch.rows.push_back(std::move(row));
    }
    apply(std::move(batch));
}

QString scoreText(double value) {
    const bool isWhole = value == static_cast<double>(static_cast<std::int64_t>(value));
    return QString::number(value, 'f', isWhole ? 0 : 2);
}

QString shortWord(const PluginWord& word) {
    if (word.out)
        return "out";
    QStringList parts;
    if (word.score)
        parts += word.weight == 1 ? scoreText(*word.score)
                                  : scoreText(*word.score) + " × " + scoreText(word.weight);
    if (word.min || word.max)
        parts += (word.min ? QString::number(*word.min) : QString("0")) + "…" +
                 (word.max ? QString::number(*word.max) : QString("∞"));
    if (word.replicas)
        parts += QString("→ %1").arg(*word.replicas);
    return parts.isEmpty() ? QString("passed") : parts.join("  ");
}

}  // namespace kubefed::gui

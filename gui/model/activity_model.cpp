// SPDX-License-Identifier: Apache-2.0
#include "gui/model/activity_model.h"

namespace kubefed::gui {

ActivityModel::ActivityModel(const FleetStore& store, QObject* parent)
    : OrderedTable({.columns = {{"Age", true},
                                {.title = "Kind", .texts = {"Info", "Warning", "Error"}},
                                {"Cluster"},
                                {"Object"},
                                {"Reason"},
                                {"Message"}},
                    .status = Kind,
                    .stamp = Age,
                    .sort = Age},
                   parent),
      m_store(store) {
    connect(&store, &FleetStore::published, this, &ActivityModel::follow);
    follow({.isReset = true});
}

void ActivityModel::restrictTo(client::ClusterNumber cluster) {
    if (m_cluster == cluster)
        return;
    m_cluster = cluster;
    follow({.isReset = true});
}

void ActivityModel::follow(const FleetDelta& delta) {
    setTime(m_store.now(), m_store.isStale());
    if (!delta.isReset && delta.activities == 0)
        return;
    Batch batch;
    // At most a thousand, and the oldest fall out: the whole list is the simplest truth.
    batch.isComplete = true;
    for (const client::Activity& activity : m_store.fleet().activities())
        if (m_cluster == 0 || activity.cluster == m_cluster)
            batch.rows.push_back(rowOfActivity(activity));
    apply(std::move(batch));
}

Row ActivityModel::rowOfActivity(const client::Activity& activity) const {
    Row row;
    row.key = QString::number(activity.number);
    row.handle = activity.number;
    row.level = levelOf(activity.severity);
    row.stamp = activity.time;
    row.text.resize(kColumns);
    row.rank.assign(kColumns, 0);
    row.rank[Age] = -static_cast<double>(activity.number);
    row.text[Kind] = nameOf(activity.severity);
    row.rank[Kind] = -static_cast<double>(row.level);
    if (const client::Cluster* cluster = m_store.fleet().cluster(activity.cluster))
        row.text[Cluster] = text(cluster->name);
    if (activity.object)
        row.text[Object] = reference(*activity.object);
    row.text[Reason] = text(activity.reason);
    row.text[Message] = row.tip = text(activity.message);
    row.words = QStringList(row.text.begin(), row.text.end()).join(' ').toLower();
    row.fields = {{"cluster", row.text[Cluster].toLower()},
                  {"object", row.text[Object].toLower()},
                  {"reason", row.text[Reason].toLower()},
                  {"kind", row.text[Kind].toLower()}};
    if (activity.object)
        row.fields.emplace_back("ns", text(activity.object->ns).toLower());
    return row;
}

}  // namespace kubefed::gui

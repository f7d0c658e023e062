// SPDX-License-Identifier: Apache-2.0
#include "gui/model/object_table_model.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "gui/model/state.h"

namespace kubefed::gui {

using namespace client;

ObjectTableModel::ObjectTableModel(const FleetStore& store, QObject* parent)
    : ObjectTableModel(store,
                       {.columns = {{"Name"},
                                    {"Namespace"},
                                    {.title = "Status", .texts = namesOfHealth()},
                                    {"Ready", true, "Replicas that are ready, of all wanted"},
                                    {"Clusters", true},
                                    {"Policy"},
                                    {"Since", true, "How long it has been in this state"},
                                    {"Reason"}},
                        .status = Status,
                        .stamp = Since,
                        .ratio = Ready,
                        .sort = Status},
                       parent) {}

ObjectTableModel::ObjectTableModel(const FleetStore& store, Shape shape, QObject* parent)
    : OrderedTable(std::move(shape), parent), m_store(store) {
    connect(&store, &FleetStore::published, this, &ObjectTableModel::follow);
    follow({.isReset = true});
}

void ObjectTableModel::restrictTo(ClusterNumber cluster) {
    if (m_cluster == cluster)
        return;
    m_cluster = cluster;
    follow({.isReset = true});
}

bool ObjectTableModel::isWanted(const Object& object) const {
    return m_cluster == 0 || Fleet::shareIn(object, m_cluster) != nullptr;
}

void ObjectTableModel::follow(const FleetDelta& delta) {
    setTime(m_store.now(), m_store.isStale());
    const Fleet& fleet = m_store.fleet();
    Batch batch;
    addTurned(batch);
    if (delta.isReset) {
        batch.rows.clear();
        batch.isComplete = true;
        batch.rows.reserve(fleet.objects().size());
        for (const auto& [number, object] : fleet.objects())
            if (isWanted(object))
                batch.rows.push_back(rowOfObject(number, object));
    } else {
        for (const ObjectNumber number : delta.objects) {
            const Object* object = fleet.object(number);
            if (object == nullptr)
                continue;
            if (isWanted(*object))
                batch.rows.push_back(rowOfObject(number, *object));
            else if (find(keyOf(object->id)) != nullptr)
                batch.gone.push_back(keyOf(object->id));
        }
        for (const ObjectId& id : delta.removedObjects)
            if (fleet.numberOf(id) == 0)
                batch.gone.push_back(keyOf(id));
    }
    apply(std::move(batch));
}

// Objects in clusters that were not heard of for too long, or are again: time alone changes what is known.
void ObjectTableModel::addTurned(Batch& batch) {
    const Fleet& fleet = m_store.fleet();
    std::set<ClusterNumber> silent;
    std::set<ClusterNumber> lost;
    for (const auto& [number, cluster] : fleet.clusters()) {
        if (isOld(cluster, m_store.asOf(), fleet.info()))
            silent.insert(number);
        if (isLost(cluster))
            lost.insert(number);
    }
    std::set<ClusterNumber> turned;
    std::ranges::set_symmetric_difference(silent, m_silent, std::inserter(turned, turned.end()));
    std::ranges::set_symmetric_difference(lost, m_lost, std::inserter(turned, turned.end()));
    m_silent = std::move(silent);
    m_lost = std::move(lost);
    if (turned.empty())
        return;
    for (const auto& [number, object] : fleet.objects())
        if (isWanted(object) && std::ranges::any_of(object.shares, [&](const Share& share) {
                return turned.contains(share.cluster);
            }))
            batch.rows.push_back(rowOfObject(number, object));
}

Row ObjectTableModel::rowOfObject(ObjectNumber number, const Object& object) const {
    Row row;
    row.key = keyOf(object.id);
    row.handle = number;
    const State state = stateOf(object, m_store.fleet(), m_store.asOf());
    row.level = state.level;
    row.isOld = state.isOld;
    row.stamp = state.since;
    row.text.resize(kColumns);
    row.rank.assign(kColumns, 0);
    row.text[Name] = reference(object.id);
    row.text[Namespace] = text(object.id.ns);
    row.text[Status] = state.name;
    row.rank[Status] = -static_cast<double>(row.level);
    const bool counts = object.wanted.has_value();
    const auto ready = readyOf(object, m_store.fleet());
    row.text[Ready] = counts ? fraction(ready, object.wanted) : QString("–");
    row.rank[Ready] = std::numeric_limits<double>::quiet_NaN();
    if (counts && ready)
        row.rank[Ready] = row.ratio =
            *object.wanted == 0 ? 1 : static_cast<double>(*ready) / static_cast<double>(*object.wanted);
    row.text[Clusters] = QString::number(object.shares.size());
    row.rank[Clusters] = static_cast<double>(object.shares.size());
    row.text[Policy] = text(object.policy);
    row.rank[Since] =
        state.since == 0 ? std::numeric_limits<double>::quiet_NaN() : -static_cast<double>(state.since);
    row.text[Reason] = row.tip = state.reason;
    row.words = QStringList(row.text.begin(), row.text.end()).join(' ').toLower();
    row.fields = {{"name", text(object.id.name).toLower()},
                  {"kind", text(object.id.kind).toLower()},
                  {"kind", shortType(object.id)},
                  {"ns", row.text[Namespace].toLower()},
                  {"namespace", row.text[Namespace].toLower()},
                  {"policy", row.text[Policy].toLower()},
                  {"status", row.text[Status].toLower()},
                  {"reason", text(object.reason).toLower()}};
    return row;
}

bool ObjectTableModel::hasField(const Row& row, const QString& key, const QString& value) const {
    if (key != "cluster")
        return OrderedTable::hasField(row, key, value);
    const Object* object = m_store.fleet().object(static_cast<ObjectNumber>(row.handle));
    return object != nullptr && std::ranges::any_of(object->shares, [&](const Share& share) {
               const Cluster* cluster = m_store.fleet().cluster(share.cluster);
               return cluster != nullptr && text(cluster->name).startsWith(value, Qt::CaseInsensitive);
           });
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/placement_matrix_model.h"

#include <algorithm>
#include <map>
#include <set>

#include "gui/model/state.h"

namespace kubefed::gui {

using namespace client;

namespace {

// For what has no replicas to count.
QString wordOf(Level level) {
    switch (level) {
        case Level::Good:
            return "✓";
        case Level::Bad:
            return "fail";
        case Level::Busy:
            return "wait";
        default:
            return "?";
    }
}

}  // namespace

PlacementMatrixModel::PlacementMatrixModel(const FleetStore& store, QObject* parent)
    : ObjectTableModel(store, {.columns = std::vector<Column>(kColumns), .status = Status, .sort = Status},
                       parent) {
    connect(&store, &FleetStore::published, this, &PlacementMatrixModel::followClusters);
    m_heads = wantedHeads();
}

int PlacementMatrixModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_heads.size());
}

ClusterNumber PlacementMatrixModel::clusterAt(int column) const {
    return m_heads[static_cast<std::size_t>(column)].number;
}

ObjectNumber PlacementMatrixModel::objectAt(int row) const {
    return static_cast<ObjectNumber>(rowAt(row).handle);
}

QVariant PlacementMatrixModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount())
        return {};
    if (role == KeyRole || role == HandleRole || role == GoneRole)
        return OrderedTable::data(index, role);
    const Object* object = store().fleet().object(objectAt(index.row()));
    const Head& head = m_heads[static_cast<std::size_t>(index.column())];
    const Share* share = object != nullptr ? Fleet::shareIn(*object, head.number) : nullptr;
    if (role == OldRole)
        return isStale() ? 2 : head.isOld || head.level == Level::Bad ? 1 : 0;
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>(Qt::AlignCenter);
    if (share == nullptr)
        return {};
    switch (role) {
        case Qt::DisplayRole:
            if (!share->desired)
                return wordOf(levelOf(*share));
            return readyOf(*share, store().fleet()) == share->desired
                       ? QString::number(*share->desired)
                       : fraction(readyOf(*share, store().fleet()), share->desired);
        case LevelRole:
            return static_cast<int>(levelOf(*share, store().fleet()));
        case RatioRole: {
            const double wanted = static_cast<double>(object->wanted.value_or(0));
            return wanted > 0 ? static_cast<double>(share->desired.value_or(0)) / wanted : 1.0;
        }
        case Qt::ToolTipRole: {
            QString tip = text(head.name) + ": " + text(share->state);
            for (const std::string* more : {&share->reason, &share->message})
                if (!more->empty())
                    tip += '\n' + text(*more);
            return tip;
        }
        default:
            return {};
    }
}

QVariant PlacementMatrixModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical) {
        if (section < 0 || section >= rowCount())
            return {};
        const Row& row = rowAt(section);
        switch (role) {
            case Qt::DisplayRole:
                return row.text[Name];
            case Qt::ToolTipRole:
                return row.text[Namespace] + '/' + row.text[Name] + '\n' + row.text[Status] + ' ' + row.tip;
            case LevelRole:
                return static_cast<int>(row.level);
            case DetailRole:
                return row.text[Namespace];
            case OldRole:
                return isStale() ? 2 : row.isOld ? 1 : 0;
            default:
                return {};
        }
    }
    if (section < 0 || section >= columnCount())
        return {};
    const Head& head = m_heads[static_cast<std::size_t>(section)];
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole:
            return text(head.name);
        case LevelRole:
            return static_cast<int>(head.level);
        case OldRole:
            return isStale() ? 2 : head.isOld ? 1 : 0;
        default:
            return {};
    }
}

std::pair<int, int> PlacementMatrixModel::difference(const Row&, const Row&) const {
    // Shares are not in the rows; the store names only objects that changed.
    return {0, columnCount() - 1};
}

void PlacementMatrixModel::setColumnsHeld(bool isHeld) {
    setHeld(isHeld);
    if (!isHeld)
        become(wantedHeads());
}

std::vector<PlacementMatrixModel::Head> PlacementMatrixModel::wantedHeads() const {
    std::vector<Head> heads;
    const Fleet& fleet = store().fleet();
    for (const auto& [number, cluster] : fleet.clusters())
        heads.push_back({cluster.name, number, levelOf(cluster, store().asOf(), fleet.info()),
                         isOld(cluster, store().asOf(), fleet.info())});
    std::ranges::sort(heads, [](const Head& a, const Head& b) {
        return a.level != b.level ? a.level > b.level : a.name < b.name;
    });
    return heads;
}

void PlacementMatrixModel::followClusters(const FleetDelta&) {
    // Each publication: a cluster may have grown old by the time alone.
    std::vector<Head> heads = wantedHeads();
    if (isHeld()) {
        // Every cluster keeps its place; what is new comes last.
        std::map<std::string, std::size_t> places;
        for (std::size_t i = 0; i < m_heads.size(); ++i)
            places.emplace(m_heads[i].name, i);
        std::ranges::stable_sort(heads, {}, [&](const Head& head) {
            const auto it = places.find(head.name);
            return it == places.end() ? places.size() : it->second;
        });
    }
    become(std::move(heads));
}

void PlacementMatrixModel::become(std::vector<Head> heads) {
    std::set<std::string> wanted;
    for (const Head& head : heads)
        wanted.insert(head.name);
    for (int column = columnCount() - 1; column >= 0; --column)
        if (!wanted.contains(m_heads[static_cast<std::size_t>(column)].name)) {
            beginRemoveColumns({}, column, column);
            m_heads.erase(m_heads.begin() + column);
            endRemoveColumns();
        }
    std::set<std::string> there;
    for (const Head& head : m_heads)
        there.insert(head.name);
    std::vector<Head> coming;
    std::ranges::copy_if(heads, std::back_inserter(coming),
                         [&](const Head& head) { return !there.contains(head.name); });
    if (!coming.empty()) {
        beginInsertColumns({}, columnCount(), columnCount() + static_cast<int>(coming.size()) - 1);
        m_heads.insert(m_heads.end(), coming.begin(), coming.end());
        endInsertColumns();
    }
    reorder(std::move(heads));
}

void PlacementMatrixModel::reorder(std::vector<Head> heads) {
    std::map<std::string, int> places;
    for (std::size_t i = 0; i < heads.size(); ++i)
        places.emplace(heads[i].name, static_cast<int>(i));
    if (!std::ranges::equal(heads, m_heads, {}, &Head::name, &Head::name)) {
        Q_EMIT layoutAboutToBeChanged({}, QAbstractItemModel::HorizontalSortHint);
        const QModelIndexList from = persistentIndexList();
        QModelIndexList to;
        for (const QModelIndex& index : from)
            to.push_back(
                this->index(index.row(), places.at(m_heads[static_cast<std::size_t>(index.column())].name)));
        m_heads = std::move(heads);
        changePersistentIndexList(from, to);
        Q_EMIT layoutChanged({}, QAbstractItemModel::HorizontalSortHint);
        Q_EMIT headerDataChanged(Qt::Horizontal, 0, columnCount() - 1);
        return;
    }
    for (std::size_t i = 0; i < heads.size(); ++i) {
        const bool isSame = heads[i].level == m_heads[i].level && heads[i].isOld == m_heads[i].isOld &&
                            heads[i].number == m_heads[i].number;
        m_heads[i] = std::move(heads[i]);
        if (isSame)
            continue;
        const int column = static_cast<int>(i);
        Q_EMIT headerDataChanged(Qt::Horizontal, column, column);
        if (rowCount() > 0)
            Q_EMIT dataChanged(index(0, column), index(rowCount() - 1, column));
    }
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/model/ordered_table.h"

#include <algorithm>
#include <cmath>

#include <QtCore/QSet>

namespace kubefed::gui {

OrderedTable::OrderedTable(Shape shape, QObject* parent)
    : QAbstractTableModel(parent),
      m_shape(std::move(shape)),
      m_sortColumn(m_shape.sort),
      m_sortOrder(m_shape.order) {}

int OrderedTable::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

int OrderedTable::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_shape.columns.size());
}

QVariant OrderedTable::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const Row& row = rowAt(index.row());
    const int column = index.column();
    switch (role) {
        case Qt::DisplayRole:
            return column == m_shape.stamp ? since(row.stamp, m_now)
                                           : row.text[static_cast<std::size_t>(column)];
        case Qt::ToolTipRole:
            return row.tip.isEmpty() ? QVariant() : row.tip;
        case Qt::TextAlignmentRole: {
            const bool isNumber = m_shape.columns[static_cast<std::size_t>(column)].isNumber;
            return static_cast<int>(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
        }
        case KeyRole:
            return row.key;
        case HandleRole:
            return QVariant::fromValue<quint64>(row.handle);
        case LevelRole:
            return static_cast<int>(row.level);
        case OldRole:
            return m_isStale ? 2 : row.isOld ? 1 : 0;
        case GoneRole:
            return static_cast<bool>(m_gone[m_shown[static_cast<std::size_t>(index.row())]]);
        case StatusRole:
            return column == m_shape.status;
        case RatioRole:
            return column == m_shape.ratio ? row.ratio : -1.0;
        default:
            return {};
    }
}

QVariant OrderedTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const Column& column = m_shape.columns[static_cast<std::size_t>(section)];
    if (role == Qt::DisplayRole)
        return column.title;
    if (role == StatusRole)
        return section == m_shape.status;
    if (role == TextsRole)
        return section == m_shape.stamp ? longestAges() : column.texts;
    if (role == Qt::ToolTipRole && !column.tip.isEmpty())
        return column.tip;
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>(Qt::AlignVCenter | (column.isNumber ? Qt::AlignRight : Qt::AlignLeft));
    return {};
}

void OrderedTable::sort(int column, Qt::SortOrder order) {
    // No column: trouble first again.
    const bool isColumn = column >= 0 && column < static_cast<int>(m_shape.columns.size());
    m_sortColumn = isColumn ? column : m_shape.sort;
    m_sortOrder = isColumn ? order : m_shape.order;
    settle();
}

void OrderedTable::setFilter(const QString& text) {
    Filter filter = Filter::parse(text);
    if (filter == m_filter)
        return;
    m_filter = std::move(filter);
    // The order of all rows stands; only what was held back has to be put into it.
    m_isHeld ? settle() : showOrder();
    Q_EMIT filterChanged();
}

void OrderedTable::setHeld(bool isHeld) {
    m_heldSince = m_now;
    if (m_isHeld == isHeld)
        return;
    m_isHeld = isHeld;
    if (!isHeld)
        settle();
}

int OrderedTable::rowOf(const QString& key) const {
    const auto it = m_slots.find(key);
    return it == m_slots.end() ? -1 : m_rowOf[*it];
}

bool OrderedTable::has(const QString& key) const {
    const auto it = m_slots.find(key);
    return it != m_slots.end() && !m_gone[*it];
}

const Row* OrderedTable::find(const QString& key) const {
    const auto it = m_slots.find(key);
    return it == m_slots.end() ? nullptr : &m_rows[*it];
}

void OrderedTable::apply(Batch batch) {
    std::vector<Changed> changed;
    if (batch.isComplete) {
        QSet<QString> named;
        named.reserve(static_cast<qsizetype>(batch.rows.size()));
        for (const Row& row : batch.rows)
            named.insert(row.key);
        for (auto it = m_slots.begin(); it != m_slots.end(); ++it)
            if (!named.contains(it.key()))
                batch.gone.push_back(it.key());
    }
    if (batch.rows.empty() && batch.gone.empty())
        return;
    for (Row& row : batch.rows)
        put(std::move(row), changed);
    for (const QString& key : batch.gone)
        if (const auto it = m_slots.find(key); it != m_slots.end() && !m_gone[*it]) {
            m_gone[*it] = true;
            changed.push_back({*it, 0, columnCount() - 1});
        }
    if (m_isHeld) {
        // Nothing moves: only what is new is shown, at the end.
        std::vector<Slot> target = m_shown;
        for (const Slot slot : m_slots)
            if (m_rowOf[slot] < 0 && !m_gone[slot] && isShownByFilter(m_rows[slot]))
                target.push_back(slot);
        std::sort(target.begin() + static_cast<std::ptrdiff_t>(m_shown.size()), target.end());
        become(target);
    } else {
        settle();
    }
    tell(std::move(changed));
}

void OrderedTable::put(Row row, std::vector<Changed>& changed) {
    if (const auto it = m_slots.find(row.key); it != m_slots.end()) {
        auto [first, last] = difference(m_rows[*it], row);
        if (m_gone[*it]) {
            m_gone[*it] = false;
            first = 0;
            last = columnCount() - 1;
        }
        m_rows[*it] = std::move(row);
        if (first <= last)
            changed.push_back({*it, first, last});
        return;
    }
    Slot slot = 0;
    if (m_free.empty()) {
        slot = static_cast<Slot>(m_rows.size());
        m_rows.emplace_back();
        m_gone.push_back(false);
        m_rowOf.push_back(-1);
    } else {
        slot = m_free.back();
        m_free.pop_back();
        m_gone[slot] = false;
    }
    m_slots.insert(row.key, slot);
    m_rows[slot] = std::move(row);
}

std::pair<int, int> OrderedTable::difference(const Row& before, const Row& after) const {
    const int columns = columnCount();
    if (before.level != after.level || before.isOld != after.isOld || before.tip != after.tip ||
        before.handle != after.handle)
        return {0, columns - 1};
    int first = columns;
    int last = -1;
    for (int column = 0; column < columns; ++column) {
        const auto i = static_cast<std::size_t>(column);
        const bool isSame = column == m_shape.stamp ? since(before.stamp, m_now) == since(after.stamp, m_now)
                                                    : before.text[i] == after.text[i];
        if (isSame && (column != m_shape.ratio || before.ratio == after.ratio))
            continue;
        first = std::min(first, column);
        last = column;
    }
    return {first, last};
}

bool OrderedTable::hasField(const Row& row, const QString& key, const QString& value) const {
    return std::ranges::any_of(
        row.fields, [&](const auto& field) { return field.first == key && field.second.startsWith(value); });
}

bool OrderedTable::isShownByFilter(const Row& row) const {
    return m_filter.isEmpty() || m_filter.accepts(row.words, [&](const QString& key, const QString& value) {
        // Rows without a state, as events: its name is a word of what happened.
        const bool isWord = key == "status" && std::ranges::none_of(row.fields, [](const auto& field) {
                                return field.first == "status";
                            });
        return isWord ? row.words.contains(value) : hasField(row, key, value);
    });
}

bool OrderedTable::less(Slot a, Slot b) const {
    const Row& left = m_rows[a];
    const Row& right = m_rows[b];
    const auto column = static_cast<std::size_t>(m_sortColumn);
    const bool isUp = m_sortOrder == Qt::AscendingOrder;
    if (!left.rank.empty() && !right.rank.empty() && left.rank[column] != right.rank[column]) {
        const double x = left.rank[column];
        const double y = right.rank[column];
        if (std::isnan(x) != std::isnan(y))
            return std::isnan(y);  // what is not known comes last, whichever way
        if (!std::isnan(x))
            return isUp ? x < y : x > y;
    }
    if (m_sortColumn != m_shape.stamp && m_sortColumn != m_shape.status)
        if (const int order = left.text[column].compare(right.text[column], Qt::CaseInsensitive); order != 0)
            return isUp ? order < 0 : order > 0;
    if (const int order = left.text[0].compare(right.text[0], Qt::CaseInsensitive); order != 0)
        return order < 0;
    return left.key < right.key;
}

void OrderedTable::settle() {
    std::vector<Slot> gone;
    std::vector<bool> isThere(m_rows.size());
    std::erase_if(m_order, [&](Slot slot) {
        if (m_gone[slot])
            gone.push_back(slot);
        isThere[slot] = true;
        return m_gone[slot];
    });
    for (const Slot slot : std::as_const(m_slots))
        if (!isThere[slot])
            (m_gone[slot] ? gone : m_order).push_back(slot);
    const auto before = [this](Slot a, Slot b) { return less(a, b); };
    if (!std::ranges::is_sorted(m_order, before))
        std::ranges::sort(m_order, before);
    showOrder();
    for (const Slot slot : gone) {
        m_slots.remove(m_rows[slot].key);
        m_rows[slot] = {};
        m_free.push_back(slot);
    }
}

void OrderedTable::showOrder() {
    std::vector<Slot> target;
    target.reserve(m_order.size());
    std::ranges::copy_if(m_order, std::back_inserter(target),
                         [this](Slot slot) { return isShownByFilter(m_rows[slot]); });
    become(target);
}

void OrderedTable::become(const std::vector<Slot>& target) {
    std::vector<bool> isWanted(m_rows.size());
    for (const Slot slot : target)
        isWanted[slot] = true;
    std::vector<Slot> staying;
    std::vector<Slot> leaving;
    for (const Slot slot : m_shown)
        (isWanted[slot] ? staying : leaving).push_back(slot);
    if (!leaving.empty()) {
        const int first = static_cast<int>(staying.size());
        std::vector<Slot> order = staying;
        order.insert(order.end(), leaving.begin(), leaving.end());
        reorder(std::move(order));
        beginRemoveRows({}, first, rowCount() - 1);
        m_shown.resize(staying.size());
        for (const Slot slot : leaving)
            m_rowOf[slot] = -1;
        endRemoveRows();
    }
    std::vector<Slot> coming;
    std::ranges::copy_if(target, std::back_inserter(coming), [this](Slot slot) { return m_rowOf[slot] < 0; });
    if (!coming.empty()) {
        beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(coming.size()) - 1);
        m_shown.insert(m_shown.end(), coming.begin(), coming.end());
        renumber();
        endInsertRows();
    }
    reorder(target);
}

void OrderedTable::reorder(std::vector<Slot> order) {
    if (order == m_shown)
        return;
    Q_EMIT layoutAboutToBeChanged({}, QAbstractItemModel::VerticalSortHint);
    const QModelIndexList from = persistentIndexList();
    std::vector<Slot> kept;
    kept.reserve(static_cast<std::size_t>(from.size()));
    for (const QModelIndex& index : from)
        kept.push_back(m_shown[static_cast<std::size_t>(index.row())]);
    m_shown = std::move(order);
    renumber();
    QModelIndexList to;
    to.reserve(from.size());
    for (qsizetype i = 0; i < from.size(); ++i)
        to.push_back(index(m_rowOf[kept[static_cast<std::size_t>(i)]], from[i].column()));
    changePersistentIndexList(from, to);
    Q_EMIT layoutChanged({}, QAbstractItemModel::VerticalSortHint);
}

void OrderedTable::renumber() {
    for (std::size_t row = 0; row < m_shown.size(); ++row)
        m_rowOf[m_shown[row]] = static_cast<int>(row);
}

void OrderedTable::tell(std::vector<Changed> changed) {
    std::erase_if(changed,
                  [this](const Changed& one) { return m_rowOf[one.slot] < 0 || one.first > one.last; });
    std::ranges::sort(changed, {}, [this](const Changed& one) { return m_rowOf[one.slot]; });
    for (std::size_t i = 0; i < changed.size();) {
        const int top = m_rowOf[changed[i].slot];
        int bottom = top;
        const auto [slot, first, last] = changed[i];
        while (++i < changed.size() && m_rowOf[changed[i].slot] == bottom + 1 && changed[i].first == first &&
               changed[i].last == last)
            ++bottom;
        Q_EMIT dataChanged(index(top, first), index(bottom, last));
    }
}

void OrderedTable::setTime(client::TimeMs now, bool isStale) {
    const bool isOther = now / 1000 != m_now / 1000;
    const bool isTurned = isStale != m_isStale;
    m_now = now;
    m_isStale = isStale;
    m_heldSince = std::min(m_heldSince, now);  // a recording goes backwards, too
    if (m_isHeld && now - m_heldSince > kLongestHold) {
        setHeld(false);
        Q_EMIT holdEnded();
    }
    if (m_shown.empty() || columnCount() == 0)
        return;
    if (isTurned)
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    else if (isOther && m_shape.stamp >= 0 && m_shape.stamp < columnCount())
        Q_EMIT dataChanged(index(0, m_shape.stamp), index(rowCount() - 1, m_shape.stamp), {Qt::DisplayRole});
}

void OrderedTable::setShape(Shape shape) {
    beginResetModel();
    m_rows.clear();
    m_gone.clear();
    m_rowOf.clear();
    m_free.clear();
    m_shown.clear();
    m_order.clear();
    m_slots.clear();
    m_shape = std::move(shape);
    m_sortColumn = m_shape.sort;
    m_sortOrder = m_shape.order;
    endResetModel();
}

}  // namespace kubefed::gui

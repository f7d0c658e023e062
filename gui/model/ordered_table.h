// SPDX-License-Identifier: Apache-2.0
//
// A table of rows with stable keys, ordered and filtered. A batch of changes becomes the fewest signals:
// at most one removal, one insertion, one change of layout, and dataChanged for the cells that differ.
// While it is held (the pointer moves over it) no row moves: new ones come at the end, vanished ones stay as
// `gone`, and release puts everything in order. A hold ends by itself kLongestHold after it was last asked
// for: a pointer that was left lying keeps nobody from seeing trouble first. GUI thread.
// Rationale for ordering in the model and not in a proxy: a proxy is told of one row at a time and would sort
// against rows that have changed already.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <QtCore/QAbstractTableModel>
#include <QtCore/QHash>

#include "gui/model/facts.h"
#include "gui/model/filter.h"

namespace kubefed::gui {

enum Role {
    KeyRole = Qt::UserRole,  // QString
    HandleRole,              // quint64: cluster or object number
    LevelRole,               // Level of the row, for its status
    OldRole,                 // int: to be greyed; 1: this row, 2: everything is old
    GoneRole,                // bool
    StatusRole,              // bool: this cell shows the level as shape and colour
    DetailRole,              // QString: said beside, less loud
    RatioRole,               // double 0…1: a share bar under the text
    TextsRole,               // QStringList, of a column: all that it may have to show whole
};

struct Column {
    QString title;
    bool isNumber = false;  // right-aligned
    QString tip = {};
    QStringList texts = {};  // all that it may say, where that is a fixed set
};

struct Row {
    QString key;
    std::uint64_t handle = 0;
    std::vector<QString> text;  // by column
    std::vector<double> rank;   // by column, sorts before the text; NaN: last. Empty: text only
    Level level = Level::Unknown;
    bool isOld = false;
    client::TimeMs stamp = 0;                         // the column `stampColumn` shows its age
    double ratio = -1;                                // in `ratioColumn`
    QString words;                                    // lower case, for the filter
    std::vector<std::pair<QString, QString>> fields;  // lower case
    QString tip;
    bool operator==(const Row&) const = default;
};

class OrderedTable : public QAbstractTableModel {
    Q_OBJECT

public:
    // `status`, `stamp`, `ratio`: columns with that meaning; -1: none.
    struct Shape {
        std::vector<Column> columns;
        int status = -1, stamp = -1, ratio = -1;
        int sort = 0;  // at first
        Qt::SortOrder order = Qt::AscendingOrder;
    };

    static constexpr client::TimeMs kLongestHold = 30'000;  // of the fleet's time

    OrderedTable(Shape shape, QObject* parent);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

    void setFilter(const QString& text);
    void setHeld(bool isHeld);  // true again: from now on
    [[nodiscard]] bool isHeld() const { return m_isHeld; }
    [[nodiscard]] int total() const { return static_cast<int>(m_slots.size()); }  // filtered away ones too
    [[nodiscard]] int rowOf(const QString& key) const;                            // -1: not shown
    [[nodiscard]] bool has(const QString& key) const;  // shown or not, but not one that is gone
    [[nodiscard]] int sortColumn() const { return m_sortColumn; }
    [[nodiscard]] Qt::SortOrder sortOrder() const { return m_sortOrder; }

Q_SIGNALS:
    void filterChanged();
    void holdEnded();  // by itself

protected:
    struct Batch {
        std::vector<Row> rows;      // new or changed
        std::vector<QString> gone;  // keys
        bool isComplete = false;    // what it does not name is gone
    };
    void apply(Batch batch);
    void setTime(client::TimeMs now, bool isStale);
    void setShape(Shape shape);  // with all rows gone
    [[nodiscard]] const Row& rowAt(int row) const { return m_rows[m_shown[static_cast<std::size_t>(row)]]; }
    [[nodiscard]] const Row* find(const QString& key) const;
    [[nodiscard]] client::TimeMs now() const { return m_now; }
    [[nodiscard]] bool isStale() const { return m_isStale; }
    // The first and last column that show something else now; first > last: none.
    [[nodiscard]] virtual std::pair<int, int> difference(const Row& before, const Row& after) const;
    [[nodiscard]] virtual bool hasField(const Row& row, const QString& key, const QString& value) const;

private:
    using Slot = std::uint32_t;
    struct Changed {
        Slot slot;
        int first, last;
    };

    void put(Row row, std::vector<Changed>& changed);
    void settle();     // everything in order again
    void showOrder();  // what the filter lets through
    void become(const std::vector<Slot>& target);
    void reorder(std::vector<Slot> order);
    void renumber();
    void tell(std::vector<Changed> changed);
    [[nodiscard]] bool less(Slot a, Slot b) const;
    [[nodiscard]] bool isShownByFilter(const Row& row) const;

    Shape m_shape;
    std::vector<Row> m_rows;  // by slot
    std::vector<bool> m_gone;
    std::vector<int> m_rowOf;  // by slot; -1: not shown
    std::vector<Slot> m_free;
    std::vector<Slot> m_shown;
    std::vector<Slot> m_order;  // of all rows, shown or not, as of the last settle()
    QHash<QString, Slot> m_slots;
    Filter m_filter;
    int m_sortColumn;
    Qt::SortOrder m_sortOrder;
    bool m_isHeld = false;
    client::TimeMs m_heldSince = 0;  // last asked for
    client::TimeMs m_now = 0;
    bool m_isStale = false;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The small tables of details: the shares of one object over its clusters, and what each plugin said of one
// cluster. Told whole each time; rows keep their keys. GUI thread.
#pragma once

#include "gui/model/fleet_store.h"
#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ShareTableModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Cluster, State, Since, Ready, Reason, kColumns };

    explicit ShareTableModel(const FleetStore& store, QObject* parent = nullptr);
    void restrictTo(ObjectNumber object);

private:
    void follow();

    const FleetStore& m_store;
    ObjectNumber m_object = 0;
};

class WordTableModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Plugin, Stage, Said, Reason, kColumns };

    explicit WordTableModel(QObject* parent = nullptr);
    void show(const std::vector<client::PluginWord>& words);
    using OrderedTable::setTime;
};

// What one plugin said, as short as a cell: "✕ out", "0.50 × 2", "1…4", "→ 3", "passed".
[[nodiscard]] QString shortWord(const client::PluginWord& word);
[[nodiscard]] QString scoreText(double value);

}  // namespace kubefed::gui

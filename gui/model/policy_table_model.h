// SPDX-License-Identifier: Apache-2.0
//
// The policy plugins that the controller has, what failed first. Told by whoever asked for the list, who also
// says whether it is old. GUI thread.
#pragma once

#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class PolicyTableModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Name, State, Version, Source, Stages, Calls, Failures, P50, P99, Message, kColumns };

    explicit PolicyTableModel(QObject* parent = nullptr);
    void show(std::vector<client::PolicyPlugin> plugins);
    using OrderedTable::setTime;
    // nullptr: the row is on its way out.
    [[nodiscard]] const client::PolicyPlugin* pluginAt(int row) const;

private:
    std::vector<client::PolicyPlugin> m_plugins;
};

}  // namespace kubefed::gui

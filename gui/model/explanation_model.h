// SPDX-License-Identifier: Apache-2.0
//
// One explanation: a row for each cluster, winners and losers, a column for each plugin of the round with
// what it said. An answer with the same plugins changes the cells that differ, another one makes it anew.
// Told by whoever asked, who also says whether it is old. GUI thread.
#pragma once

#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ExplanationModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Cluster, Decision, Replicas, Score, kFixed };  // then the plugins, then the reason

    explicit ExplanationModel(QObject* parent = nullptr);
    void show(client::Explanation explanation);
    using OrderedTable::setTime;
    [[nodiscard]] const client::Explanation& explanation() const { return m_explanation; }
    // What was decided about the cluster in that row; nullptr: the row is on its way out.
    [[nodiscard]] const client::Verdict* verdictAt(int row) const;

private:
    client::Explanation m_explanation;
    std::vector<std::string> m_plugins;
};

}  // namespace kubefed::gui

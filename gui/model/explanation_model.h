// SPDX-License-Identifier: Apache-2.0
//
// One explanation: a row for each cluster, winners and losers, a column for each plugin of the round with
// what it said. Made anew for each answer. GUI thread.
#pragma once

#include "gui/model/ordered_table.h"

namespace kubefed::gui {

class ExplanationModel final : public OrderedTable {
    Q_OBJECT

public:
    enum ColumnOf { Cluster, Decision, Replicas, Score, kFixed };  // then the plugins, then the reason

    explicit ExplanationModel(QObject* parent = nullptr);
    void show(client::Explanation explanation);
    [[nodiscard]] const client::Explanation& explanation() const { return m_explanation; }
    // What was decided about the cluster in that row.
    [[nodiscard]] const client::Verdict& verdictAt(int row) const;

private:
    client::Explanation m_explanation;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The states of a cluster over time as steps of different height and colour: the lower, the worse. From the
// oldest that is known, or 24 hours, to now; what is not known any more is grey. GUI thread.
#pragma once

#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

namespace kubefed::gui {

class Timeline final : public QWidget {
    Q_OBJECT

public:
    explicit Timeline(QWidget* parent = nullptr);
    // `known`: the last moment of which anything is known. `isOld`: all of it is to be greyed.
    void show(std::vector<client::PhaseChange> changes, client::TimeMs now, client::TimeMs known, bool isOld);
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override { return {200, 48}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;  // tool tips of single blocks

private:
    [[nodiscard]] client::TimeMs begin() const;
    [[nodiscard]] double placeOf(client::TimeMs time) const;
    [[nodiscard]] double placeOfEnd() const;  // of what is known
    void paintBlock(QPainter& painter, double from, double to, Level level, bool isOld) const;

    std::vector<client::PhaseChange> m_changes;
    client::TimeMs m_now = 0;
    client::TimeMs m_known = 0;
    bool m_isOld = false;
};

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The states of a cluster over time as steps of different height and colour: the lower, the worse. From the
// oldest that is known, or 24 hours, to now. GUI thread.
#pragma once

#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/facts.h"

namespace kubefed::gui {

class Timeline final : public QWidget {
    Q_OBJECT

public:
    explicit Timeline(QWidget* parent = nullptr);
    void show(std::vector<client::PhaseChange> changes, client::TimeMs now, bool isOld);
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override { return {200, 48}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;  // tool tips of single blocks

private:
    [[nodiscard]] client::TimeMs begin() const;
    [[nodiscard]] double placeOf(client::TimeMs time) const;

    std::vector<client::PhaseChange> m_changes;
    client::TimeMs m_now = 0;
    bool m_isOld = false;
};

}  // namespace kubefed::gui

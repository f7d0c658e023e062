// SPDX-License-Identifier: Apache-2.0
//
// Short facts in two columns, what it is and its value; lines appear and go with what is known. GUI thread.
#pragma once

#include <utility>
#include <vector>

#include <QtWidgets/QGridLayout>
#include <QtWidgets/QWidget>

#include "gui/widget/label.h"

namespace kubefed::gui {

struct Fact {
    QString name;
    QString value;     // empty: the line is not shown
    QString tip = {};  // the value in full, where it is shortened
};

class FactsGrid final : public QWidget {
    Q_OBJECT

public:
    explicit FactsGrid(QWidget* parent = nullptr);
    void show(const std::vector<Fact>& facts, bool isOld = false);
    using QWidget::show;

private:
    QGridLayout* m_grid;
    std::vector<std::pair<Label*, Label*>> m_lines;
};

}  // namespace kubefed::gui

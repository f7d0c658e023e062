// SPDX-License-Identifier: Apache-2.0
#include "gui/view/facts_grid.h"

#include "gui/widget/theme.h"

namespace kubefed::gui {

FactsGrid::FactsGrid(QWidget* parent) : QWidget(parent), m_grid(new QGridLayout(this)) {
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(2 * kGrid);
    m_grid->setVerticalSpacing(6);
    m_grid->setColumnMinimumWidth(0, 12 * kGrid);
    m_grid->setColumnStretch(1, 1);
}

void FactsGrid::show(const std::vector<Fact>& facts, bool isOld) {
    while (m_lines.size() < facts.size()) {
        const int line = static_cast<int>(m_lines.size());
        auto* name = new Label(Label::Kind::Dim, {}, this);
        auto* value = new Label(Label::Kind::Body, {}, this);
        m_grid->addWidget(name, line, 0, Qt::AlignTop);
        m_grid->addWidget(value, line, 1);
        m_lines.emplace_back(name, value);
    }
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        const bool isUsed = i < facts.size() && !facts[i].value.isEmpty();
        const auto& [name, value] = m_lines[i];
        name->setVisible(isUsed);
        value->setVisible(isUsed);
        if (!isUsed)
            continue;
        name->setText(facts[i].name);
        value->showWhole(facts[i].value);
        value->setToolTip(facts[i].tip);
        value->setEnabled(!isOld);
    }
}

}  // namespace kubefed::gui

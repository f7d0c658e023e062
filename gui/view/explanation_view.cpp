// SPDX-License-Identifier: Apache-2.0
#include "gui/view/explanation_view.h"

#include <algorithm>

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include "gui/view/table_panel.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

using namespace client;

ExplanationView::ExplanationView(const FleetStore& store, QWidget* parent)
    : QWidget(parent),
      m_store(store),
      m_title(new Label(Label::Kind::Title, {}, this)),
      m_facts(new Label(Label::Kind::Dim, {}, this)),
      m_caution(new Label(Label::Kind::Body, {}, this)),
      m_panel(new TablePanel(m_model, "cluster", "Filter clusters, for example: tokyo", this)),
      m_chosen(new Label(Label::Kind::Strong, {}, this)),
      m_wordTable(new TableView(m_words, this)) {
    auto* back = new QPushButton("←  Back", this);
    auto* again = new QPushButton("Ask again", this);
    auto* copy = new QPushButton("Copy command", this);
    connect(back, &QPushButton::clicked, this, &ExplanationView::backWanted);
    connect(again, &QPushButton::clicked, this, [this] { ask(m_object); });
    connect(copy, &QPushButton::clicked, this, &ExplanationView::copyWanted);
    auto* head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(back);
    head->addWidget(m_title, 1);
    head->addWidget(again);
    head->addWidget(copy);
    m_caution->setWordWrap(true);
    m_facts->setWordWrap(true);
    m_wordTable->setFixedHeight(6 * 32 + 10);
    m_wordTable->setWidths({16, 10, 16});
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGrid);
    column->addLayout(head);
    column->addWidget(m_facts);
    column->addWidget(m_caution);
    column->addWidget(m_panel, 1);
    column->addWidget(m_chosen);
    column->addWidget(m_wordTable);
    connect(&m_panel->table(), &TableView::chosen, this, &ExplanationView::showWords);
    connect(&m_panel->table(), &TableView::opened, this, &ExplanationView::clusterOpened);
    connect(m_panel, &TablePanel::copied, this, &ExplanationView::copied);
    connect(&store, &FleetStore::connectionChanged, this, [this] {
        if (m_store.source() == nullptr)
            m_request.cancel();  // its answer would be about another federation
    });
}

void ExplanationView::ask(const ObjectId& object) {
    m_object = object;
    m_title->setText("Why is " + reference(object) + " where it is?");
    m_facts->setText(object.ns.empty() ? QString(" ") : "namespace " + text(object.ns));
    m_caution->hide();
    m_model.show({});
    m_panel->setNotice(true, {.level = Level::Busy,
                              .title = "Asking the controller",
                              .text = "It answers from the decision that it recorded."});
    showWords();
    if (m_store.source() != nullptr)
        m_request = m_store.source()->explain(
            object, [this](Result<Explanation> result) { answer(std::move(result)); });
}

void ExplanationView::focusTable() {
    m_panel->table().setFocus();
}

void ExplanationView::answer(Result<Explanation> result) {
    if (!result) {
        const Code code = result.error().code;
        const QString why = text(result.error().message);
        m_panel->setNotice(
            true,
            code == Code::NotFound ? Notice::Content{Level::Quiet,
                                                     "Nothing was decided yet",
                                                     "There is no recorded decision for this object. " + why,
                                                     {},
                                                     {}}
            : code == Code::Unimplemented
                ? Notice::Content{Level::Quiet,
                                  "Not in this recording",
                                  "Explanations are kept only where they were asked for while recording.",
                                  {},
                                  {}}
                : Notice::Content{Level::Bad,
                                  "The controller gave no answer",
                                  why + ". Ask again when it is back.",
                                  {},
                                  {}});
        return;
    }
    m_panel->setNotice(false);
    m_model.show(std::move(*result));
    const Explanation& shown = m_model.explanation();
    const auto chosen = std::ranges::count_if(shown.verdicts, &Verdict::chosen);
    QStringList facts;
    if (shown.hasReplicas)
        facts += plural(shown.wanted, "replica", "replicas") +
                 (shown.unplaced > 0 ? ", " + count(shown.unplaced) + " without a place" : QString());
    facts += QString("%1 of %2")
                 .arg(count(chosen),
                      plural(static_cast<std::int64_t>(shown.verdicts.size()), "cluster", "clusters"));
    if (!shown.policy.empty())
        facts += "policy " + text(shown.policy);
    if (shown.decided != 0)
        facts += "decided " + since(shown.decided, m_store.now()) + " ago" +
                 (shown.because.empty() ? QString() : ", because " + text(shown.because));
    m_facts->setText(facts.join("   ·   "));
    QStringList cautions;
    if (!shown.error.empty())
        cautions += "▲ The last round gave no decision; what stands is older: " + text(shown.error);
    if (shown.fromPresentInputs)
        cautions += "▲ Evaluated now, from present inputs: it may differ from what is placed";
    for (const PluginFailure& failure : shown.failures)
        cautions +=
            "▲ " + text(failure.plugin) + " failed in " + text(failure.stage) + ": " + text(failure.message);
    m_caution->setText(cautions.join('\n'));
    m_caution->setVisible(!cautions.isEmpty());
    // Narrow for plugins, wide for the reason.
    std::vector<int> widths{16, 13, 8, 7};
    for (int i = ExplanationModel::kFixed; i + 1 < m_model.columnCount(); ++i)
        widths.push_back(std::max(
            9,
            static_cast<int>(m_model.headerData(i, Qt::Horizontal, Qt::DisplayRole).toString().size() + 1)));
    m_panel->table().setWidths(widths);
    m_panel->table().setCurrentIndex(m_model.index(0, 0));
    showWords();
}

void ExplanationView::showWords() {
    const QModelIndex current = m_panel->table().currentIndex();
    const bool isThere = current.isValid();
    m_chosen->setVisible(isThere);
    m_wordTable->setVisible(isThere);
    if (!isThere)
        return;
    const Verdict& verdict = m_model.verdictAt(current.row());
    m_chosen->setText(text(verdict.cluster) + ": " + text(verdict.text));
    m_words.show(verdict.words);
}

}  // namespace kubefed::gui

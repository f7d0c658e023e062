// SPDX-License-Identifier: Apache-2.0
#include "gui/view/explanation_view.h"

#include <algorithm>

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include "gui/model/state.h"
#include "gui/view/table_panel.h"
#include "gui/widget/card.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

using namespace client;

namespace {

// What a cluster's plugins said lies on a surface of its own, as every table does.
class WordCard final : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override { paintCard(*this); }
};

}  // namespace

ExplanationView::ExplanationView(Session& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_store(session.store()),
      m_title(new Label(Label::Kind::Title, {}, this)),
      m_facts(new Label(Label::Kind::Dim, {}, this)),
      m_caution(new Label(Label::Kind::Body, {}, this)),
      m_panel(new TablePanel(m_model, "cluster", "Filter clusters, for example: tokyo", this)),
      m_wordCard(new WordCard(this)),
      m_chosen(new Label(Label::Kind::Strong, {}, m_wordCard)),
      m_wordTable(new TableView(m_words, m_wordCard)),
      m_asking(m_store) {
    auto* back = new QPushButton("←  Back", this);
    auto* again = new QPushButton("Ask again", this);
    auto* copy = new QPushButton("Copy command", this);
    connect(back, &QPushButton::clicked, this, &ExplanationView::backWanted);
    connect(again, &QPushButton::clicked, this, &ExplanationView::askAgain);
    connect(copy, &QPushButton::clicked, this, &ExplanationView::copyWanted);
    auto* head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(back);
    head->addWidget(m_title, 1);
    head->addWidget(again);
    head->addWidget(copy);
    m_title->setWordWrap(true);
    m_caution->setWordWrap(true);
    m_facts->setWordWrap(true);
    m_chosen->setWordWrap(true);
    m_chosen->setContentsMargins(12, 0, 12, 0);
    m_wordTable->setFixedHeight(6 * 32 + 2);
    m_wordTable->setWidths({16, 10, 16});
    auto* words = new QVBoxLayout(m_wordCard);
    words->setContentsMargins(1, 12, 1, kGrid);
    words->setSpacing(4);
    words->addWidget(m_chosen);
    words->addWidget(m_wordTable);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGrid);
    column->addLayout(head);
    column->addWidget(m_facts);
    column->addWidget(m_caution);
    column->addWidget(m_panel, 1);
    column->addSpacing(4);
    column->addWidget(m_wordCard);
    connect(&m_model, &QAbstractItemModel::modelAboutToBeReset, this, [this] { (void)arrangement(); });
    connect(&m_model, &QAbstractItemModel::modelReset, this, &ExplanationView::setWidths);
    setWidths();
    m_wordTable->setEmptyText(
        "No plugin was asked about this cluster: the sentence above is all there is to say.");
    connect(&m_panel->table(), &TableView::chosen, this, &ExplanationView::showWords);
    connect(&m_panel->table(), &TableView::opened, this, &ExplanationView::clusterOpened);
    connect(m_panel, &TablePanel::copied, this, &ExplanationView::copied);
    connect(&m_store, &FleetStore::connectionChanged, this, [this] {
        if (m_store.source() == nullptr)
            m_asking.forget();  // the answer would be about another federation
    });
    connect(&m_store, &FleetStore::published, this, &ExplanationView::follow);
}

void ExplanationView::ask(const ObjectId& object) {
    if (object != m_object)
        m_panel->filter().clear();  // was about the other one
    m_object = object;
    m_asking.forget();
    m_title->setText("Why is " + reference(object) + " where it is?");
    clear();
    m_panel->setNotice(true, {.level = Level::Busy,
                              .title = "Asking the controller",
                              .text = "It answers from the decision that it recorded."});
    askAgain();
}

void ExplanationView::clear() {
    m_facts->setText(m_object.ns.empty() ? QString(" ") : "namespace " + text(m_object.ns));
    m_caution->hide();
    m_model.show({});
    m_panel->setAge({});
    showWords();
}

void ExplanationView::askAgain() {
    if (m_store.source() != nullptr)
        m_asking.ask(m_store.source()->explain(
            m_object, [this](Result<Explanation> result) { answer(std::move(result)); }));
}

void ExplanationView::focusTable() {
    m_panel->table().setFocus();
}

void ExplanationView::follow() {
    m_asking.follow();
    if (!isVisible())
        return;
    if (m_asking.isDue())
        askAgain();
    m_model.setTime(m_store.now(), m_asking.isOld());
    m_words.setTime(m_store.now(), m_asking.isOld());
    m_panel->setAge(m_asking.age());
    if (m_asking.hasAnswer())
        showFacts();
}

void ExplanationView::answer(Result<Explanation> result) {
    if (!result) {
        showFailure(result.error());
        return;
    }
    m_panel->setNotice(false);
    m_asking.succeeded();
    const QString current = m_panel->table().currentKey();
    for (Verdict& verdict : result->verdicts)
        if (const Cluster* cluster = m_store.fleet().cluster(verdict.cluster);
            cluster != nullptr && isLost(*cluster))
            verdict.ready.reset();  // remembered, not known
    m_model.show(std::move(*result));
    // Other plugins make the table anew; else what is chosen stays, wherever it was scrolled to.
    if (!m_panel->table().selectionModel()->hasSelection())
        m_panel->table().setCurrentIndex(m_model.index(std::max(0, m_model.rowOf(current)), 0));
    showCautions();
    showWords();
    follow();
}

void ExplanationView::showFailure(const Error& error) {
    const bool isGone = error.code == Code::NotFound;
    const bool isForbidden = error.code == Code::PermissionDenied;
    if (m_asking.hasAnswer() && !isGone && !isForbidden) {
        m_asking.failed(text(error.message));  // what is known stays, with its age
        follow();
        return;
    }
    QString why = text(error.message);
    if (!why.isEmpty())
        why[0] = why[0].toUpper();  // begins a sentence here
    Notice::Content notice{.level = Level::Bad,
                           .title = "The controller gave no answer",
                           .text = why + ". It is asked again by itself."};
    if (isForbidden) {
        m_asking.refused();
        clear();
        notice = {.level = Level::Bad,
                  .title = "You may not ask why",
                  .text = why + ". Somebody who may administer the federation can allow it; then ask again:",
                  .command = m_session.commands().allowAsking(m_object.ns)};
    } else if (isGone) {
        notice = {.title = "Nothing was decided yet",
                  .text = "There is no recorded decision for this object. " + why};
    } else if (error.code == Code::Unimplemented) {
        notice = {.title = "Not in this recording",
                  .text = "It was not asked why this object is where it is while this was recorded."};
    }
    m_panel->setNotice(true, notice);
}

void ExplanationView::showFacts() {
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
}

void ExplanationView::showCautions() {
    const Explanation& shown = m_model.explanation();
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
}

// Narrow for plugins, wide for the reason.
void ExplanationView::setWidths() {
    std::vector<int> widths{16, 13, 8, 7};
    for (int i = ExplanationModel::kFixed; i + 1 < m_model.columnCount(); ++i)
        widths.push_back(std::max(
            9,
            static_cast<int>(m_model.headerData(i, Qt::Horizontal, Qt::DisplayRole).toString().size() + 1)));
    m_panel->table().setWidths(widths);
    arrange(m_arrangement);
}

QStringList ExplanationView::titles() const {
    QStringList titles;
    for (int column = 0; column < m_model.columnCount(); ++column)
        titles += m_model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    return titles;
}

QVariantMap ExplanationView::arrangement() {
    if (m_model.columnCount() > ExplanationModel::kFixed + 1)
        m_arrangement = {{"titles", titles()}, {"columns", m_panel->table().horizontalHeader()->saveState()}};
    return m_arrangement;
}

void ExplanationView::arrange(const QVariantMap& arrangement) {
    m_arrangement = arrangement;
    if (arrangement.value("titles").toStringList() == titles())
        m_panel->table().horizontalHeader()->restoreState(arrangement.value("columns").toByteArray());
}

void ExplanationView::showWords() {
    const QModelIndex current = m_panel->table().currentIndex();
    const Verdict* verdict = current.isValid() ? m_model.verdictAt(current.row()) : nullptr;
    m_wordCard->setVisible(verdict != nullptr);
    if (verdict == nullptr)
        return;
    m_chosen->setText(text(verdict->cluster) + ": " + text(verdict->text));
    m_words.show(verdict->words);
}

}  // namespace kubefed::gui

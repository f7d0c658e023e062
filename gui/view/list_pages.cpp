// SPDX-License-Identifier: Apache-2.0
#include "gui/view/list_pages.h"

#include <algorithm>

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include "gui/model/commands.h"
#include "gui/view/facts_grid.h"
#include "gui/view/table_panel.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr qsizetype kDigestShown = 12;  // as `kubefed policy list -o wide` does

QVBoxLayout* columnOf(QWidget* page) {
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGrid);
    return column;
}

}  // namespace

EventsPage::EventsPage(Session& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(session.store()),
      m_panel(new TablePanel(m_model, "event", "Filter events, for example: cluster=oregon error", this)) {
    columnOf(this)->addWidget(m_panel);
    m_panel->setTroubleFilter("kind!=info");
    m_panel->table().setWidths({7, 10, 14, 20, 18});
    connect(&m_panel->table(), &TableView::opened, this, &EventsPage::open);
    connect(&session.store(), &FleetStore::published, this, &EventsPage::refresh);
    refresh({.isReset = true});
}

void EventsPage::refresh(const FleetDelta& delta) {
    if (!delta.isReset)
        return;
    const bool seesAll = m_session.store().fleet().info().seesClusters;
    m_panel->setEmpty(
        {.title = "Nothing has happened yet",
         .text = QString(seesAll ? "State changes of clusters and failures of objects appear"
                                 : "Failures of objects that you may see appear") +
                 " here as they happen, and stay for as long as the controller remembers them."});
}

const Activity* EventsPage::find(const QString& key) const {
    const auto& activities = m_session.store().fleet().activities();
    const auto it = std::ranges::find(activities, key.toULongLong(), &Activity::number);
    return it == activities.end() ? nullptr : &*it;
}

QString EventsPage::command() const {
    const Activity* activity = find(m_panel->table().currentKey());
    if (activity == nullptr)
        return {};
    const Cluster* cluster = m_session.store().fleet().cluster(activity->cluster);
    return m_session.commands().event(*activity, cluster != nullptr ? text(cluster->name) : QString());
}

void EventsPage::open(const QString& key) {
    const Activity* activity = find(key);
    if (activity == nullptr)
        return;
    if (activity->object)
        Q_EMIT objectOpened(keyOf(*activity->object));
    else if (const Cluster* cluster = m_session.store().fleet().cluster(activity->cluster))
        Q_EMIT clusterOpened(text(cluster->name));
    else if (activity->cluster != 0)
        m_panel->say("This cluster is no longer a member");
}

PoliciesPage::PoliciesPage(Session& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_panel(new TablePanel(m_model, "plugin", "Filter plugins", this)),
      m_card(new PluginCard(this)),
      m_asking(session.store()) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(12);
    line->addWidget(m_panel, 5);
    line->addWidget(m_card, 2);
    using Model = PolicyTableModel;
    m_panel->setEmpty({.level = Level::Bad,
                       .title = "No policy plugins",
                       .text = "The controller has loaded none, not even its own. Its log says why."});
    m_panel->setTroubleFilter("trouble=yes");     // active ones may complain, too
    m_panel->table().setAbsent({Model::Stages});  // the card has them
    m_panel->table().setFolding({Model::Source, Model::Version, Model::P50, Model::Calls, Model::P99});
    m_panel->table().setWidths({11, 10, 6, 8, 0, 7, 7, 8, 8});
    connect(&m_panel->table(), &TableView::chosen, this, &PoliciesPage::showCurrent);
    connect(m_card, &PluginCard::copied, this, &PoliciesPage::copied);
    connect(&session.store(), &FleetStore::connectionChanged, this, [this] {
        if (m_session.store().source() != nullptr)
            return;
        m_asking.forget();  // the answer would be about another federation
        m_model.show({});
    });
    connect(&session.store(), &FleetStore::published, this, &PoliciesPage::follow);
    showCurrent();
}

void PoliciesPage::follow() {
    m_asking.follow();
    if (!isVisible())
        return;
    if (m_asking.isDue())
        ask();
    m_model.setTime(m_session.store().now(), m_asking.isOld());
    m_panel->setAge(m_asking.age());
    showCurrent();
}

void PoliciesPage::ask() {
    if (m_session.store().source() == nullptr)
        return;
    if (m_model.total() == 0)
        m_panel->setNotice(true, {.level = Level::Busy, .title = "Asking the controller for its plugins"});
    m_asking.ask(m_session.store().source()->listPolicies(
        [this](Result<std::vector<PolicyPlugin>> result) { answer(std::move(result)); }));
}

void PoliciesPage::answer(Result<std::vector<PolicyPlugin>> result) {
    if (!result) {
        const bool isForbidden = result.error().code == Code::PermissionDenied;
        if (m_asking.hasAnswer() && !isForbidden) {
            m_asking.failed(text(result.error().message));  // what is known stays, with its age
            follow();
            return;
        }
        const bool isReplay = result.error().code == Code::Unimplemented;
        QString why = text(result.error().message);
        if (!why.isEmpty())
            why[0] = why[0].toUpper();  // begins a sentence here
        Notice::Content notice{.level = Level::Bad,
                               .title = "The controller gave no list",
                               .text = why,
                               .command = m_session.commands().policies()};
        if (isReplay)
            notice = {.title = "Not in this recording",
                      .text = "Recordings hold the fleet, not the controller's plugins."};
        else if (isForbidden)  // the command would be refused, too
            notice = {.level = Level::Bad,
                      .title = "You may not list policy plugins",
                      .text = why + ". Somebody who may administer the federation can allow it:",
                      .command = m_session.commands().allowWatching()};
        m_panel->setNotice(true, notice);
        return;
    }
    m_panel->setNotice(false);
    m_asking.succeeded();
    m_model.show(std::move(*result));
    if (!m_panel->table().currentIndex().isValid() && m_model.rowCount() > 0)
        m_panel->table().setCurrentIndex(m_model.index(0, 0));
    follow();
}

void PoliciesPage::showCurrent() {
    const QModelIndex current = m_panel->table().currentIndex();
    m_card->show(current.isValid() ? m_model.pluginAt(current.row()) : nullptr,
                 static_cast<Level>(current.data(LevelRole).toInt()), m_asking.isOld());
}

PluginCard::PluginCard(QWidget* parent)
    : DetailCard(parent), m_facts(new FactsGrid), m_copyDigest(addButton("Copy sha256")) {
    connect(m_copyDigest, &QPushButton::clicked, this, [this] { Q_EMIT copied(m_digest); });
    addSection("Facts", {m_facts});
    addStretch();
    show(nullptr, Level::Quiet, false);
}

void PluginCard::show(const PolicyPlugin* plugin, Level level, bool isOld) {
    if (plugin == nullptr) {
        showNothing("Choose a plugin to see what is known of it.");
        return;
    }
    showHead(text(plugin->name), level, text(plugin->state), "version " + text(plugin->version), isOld,
             text(plugin->description));
    m_digest = text(plugin->sha256);
    m_copyDigest->setVisible(!m_digest.isEmpty());
    QStringList stages;
    for (const std::string& stage : plugin->stages)
        stages += text(stage);
    m_facts->show(
        {{"Message", text(plugin->message)},
         {"Last error", text(plugin->lastError)},
         {"Failures", QString("%1 of %2 calls")
                          .arg(count(static_cast<std::int64_t>(plugin->failures)),
                               count(static_cast<std::int64_t>(plugin->calls)))},
         {"Stages", stages.join(", ")},
         {"Source", text(plugin->source)},
         {"Library", m_digest.isEmpty() ? QString() : "sha256 " + m_digest.left(kDigestShown), m_digest},
         {"ABI", text(plugin->abi)},
         {"Generation", plugin->generation == 0 ? QString() : count(plugin->generation)}},
        isOld);
}

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
#include "gui/view/cluster_detail.h"

#include <algorithm>
#include <array>

#include <QtWidgets/QPushButton>

#include "gui/model/state.h"
#include "gui/view/facts_grid.h"
#include "gui/view/table_view.h"
#include "gui/widget/sparkline.h"
#include "gui/widget/theme.h"
#include "gui/widget/timeline.h"

namespace kubefed::gui {

using namespace client;

namespace {

constexpr int kSmallTable = 5 * 32;

QString labelsText(const Cluster& cluster) {
    QStringList labels;
    for (const auto& [key, value] : cluster.labels)
        labels += text(key).section('/', -1) + '=' + text(value);
    return labels.join("  ");
}

QString taintsText(const Cluster& cluster) {
    QStringList taints;
    for (const ClusterTaint& taint : cluster.taints)
        taints +=
            text(taint.key) + (taint.value.empty() ? "" : '=' + text(taint.value)) + ':' + text(taint.effect);
    return taints.join("  ");
}

// What a lost cluster told last is not told as known.
QString placedText(const Cluster& cluster) {
    if (!cluster.objects)
        return {};
    const ObjectCounts& counts = *cluster.objects;
    const QString all = plural(counts.desired, "object", "objects");
    if (isLost(cluster))
        return all + ", ? in sync";
    return all + ", " + count(counts.synced) + " in sync" +
           (counts.failed > 0 ? ", " + count(counts.failed) + " failed" : QString()) +
           (counts.unclaimed > 0 ? ", " + count(counts.unclaimed) + " not ours" : QString());
}

QString nodesText(const Cluster& cluster) {
    if (!cluster.nodes)
        return {};
    const auto ready = isLost(cluster) ? std::nullopt : std::optional(cluster.nodes->ready);
    return fraction(ready, cluster.nodes->total) + " ready";
}

// What people look for comes first; of the rest, what there is any of.
std::vector<Fact> allocatableFacts(const Cluster& cluster) {
    static constexpr std::array<std::pair<const char*, const char*>, 4> kUsual{{
        {"cpu", "CPU"},
        {"memory", "Memory"},
        {"pods", "Pods"},
        {"ephemeral-storage", "Storage"},
    }};
    std::vector<Fact> facts;
    const auto add = [&](const QString& name, const std::string& resource, const std::string& amount) {
        facts.push_back({name, isLost(cluster) ? QString("?") : amountText(resource, amount)});
    };
    for (const auto& [resource, name] : kUsual)
        if (const auto it = cluster.allocatable.find(resource); it != cluster.allocatable.end())
            add(name, it->first, it->second);
    for (const auto& [resource, amount] : cluster.allocatable)
        if (amount != "0" &&
            std::ranges::none_of(kUsual, [&](const auto& usual) { return resource == usual.first; }))
            add(text(resource), resource, amount);
    return facts;
}

}  // namespace

ClusterDetail::ClusterDetail(Session& session, QWidget* parent)
    : DetailCard(parent),
      m_session(session),
      m_store(session.store()),
      m_objects(m_store),
      m_activities(m_store),
      m_timeline(new Timeline),
      m_probes(new Sparkline),
      m_allocatable(new FactsGrid),
      m_facts(new FactsGrid),
      m_grant(new Label(Label::Kind::Body)),
      m_placed(new TableView(m_objects)),
      m_events(new TableView(m_activities)) {
    auto* copy = addButton("Copy");
    copy->setToolTip("Copy the command that shows this (Ctrl+C)");
    connect(copy, &QPushButton::clicked, this, &ClusterDetail::copyWanted);
    connect(addButton("Placed here"), &QPushButton::clicked, this, [this] { Q_EMIT placedWanted(m_name); });
    auto* events = addButton("Events");
    connect(events, &QPushButton::clicked, this, [this] { Q_EMIT eventsWanted(m_name); });
    m_full = {events, addSection("Health", {m_timeline})};
    m_probes->setFormat([](double value) { return milliseconds(value); });
    m_probes->setFixedHeight(40);
    m_full.push_back(addSection("Probes", {m_probes}));
    for (const int column : {ActivityModel::Kind, ActivityModel::Cluster, ActivityModel::Object})
        m_events->setColumnHidden(column, true);
    m_events->setWidths({6, 0, 0, 0, 12});
    m_events->setStretched(ActivityModel::Message);
    m_events->setEmptyText("None since the controller started.");
    m_events->setFixedHeight(kSmallTable);
    m_full.push_back(addSection("Events, newest first", {m_events}));
    for (const int column : {ObjectTableModel::Namespace, ObjectTableModel::Clusters,
                             ObjectTableModel::Policy, ObjectTableModel::Since, ObjectTableModel::Reason})
        m_placed->setColumnHidden(column, true);
    m_placed->setWidths({12, 0, 11, 5});
    m_placed->setStretched(ObjectTableModel::Name);
    m_placed->setEmptyText("Nothing is placed here.");
    m_placed->setFixedHeight(kSmallTable);
    addSection("Placed here, worst first", {m_placed});
    m_capacity = addSection("Allocatable on its ready nodes", {m_allocatable});
    m_full.push_back(addSection("Facts", {m_facts}));
    auto* copyGrant = new QPushButton("Copy this command");
    connect(copyGrant, &QPushButton::clicked, this,
            [this] { Q_EMIT copied(m_session.commands().allowWatching()); });
    m_limits = addSection("Names and states only", {m_grant, copyGrant});
    addStretch();
    connect(m_placed, &TableView::opened, this, &ClusterDetail::objectOpened);
    connect(&m_store, &FleetStore::published, this, &ClusterDetail::refresh);
    refresh();
}

void ClusterDetail::show(const QString& name) {
    m_name = name;
    refresh();
}

void ClusterDetail::refresh() {
    const Cluster* cluster = m_store.fleet().cluster(m_name.toStdString());
    if (cluster == nullptr) {
        showNothing(m_name.isEmpty() ? QString("Choose a cluster to see what is known of it.")
                                     : m_name + " is no longer a member.");
        return;
    }
    const TimeMs now = m_store.now();
    const FleetInfo& info = m_store.fleet().info();
    const bool isSilent = isOld(*cluster, m_store.asOf(), info);
    const bool isGrey = isSilent || isLost(*cluster) || m_store.isStale();
    for (QWidget* part : m_full)
        part->setVisible(info.seesClusters);
    m_limits->setVisible(!info.seesClusters);
    if (!info.seesClusters)
        m_grant->showWhole(
            "You may not list this federation's clusters: you see what the controller calls "
            "them and their states, not how fresh that is, nor their figures and events. "
            "Somebody who may administer the federation can let you see all of it:\n\n" +
            m_session.commands().allowWatching());
    const State state = stateOf(*cluster, m_store.asOf(), info);
    const Level level = state.level;
    showHead(m_name, level, state.name, "for " + since(state.since, now),
             m_store.isStale() || (isSilent && level != Level::Bad), state.reason);
    m_objects.restrictTo(cluster->number);
    m_activities.restrictTo(cluster->number);
    // A silent cluster's state is known up to its last contact; that it does not answer is known, too.
    const bool isKnown = level == Level::Bad || cluster->lastContact == 0;
    const TimeMs known = isSilent && !isKnown ? cluster->lastContact : m_store.asOf();
    m_timeline->show(cluster->timeline, now, known, m_store.isStale());
    m_probes->show({cluster->latencies.begin(), cluster->latencies.end()}, isGrey);
    m_allocatable->show(allocatableFacts(*cluster), isGrey);
    m_capacity->setVisible(info.seesClusters && !cluster->allocatable.empty());
    QStringList bad;
    for (const ConditionView& condition : cluster->conditions)
        if (condition.status != "True")
            bad += text(condition.type) + ' ' + text(condition.status) + ": " +
                   text(condition.message.empty() ? condition.reason : condition.message);
    m_facts->show({{"Last contact",
                    cluster->lastContact == 0 ? QString("never") : since(cluster->lastContact, now) + " ago"},
                   {"Placed", placedText(*cluster)},
                   {"Conditions", bad.join('\n')},
                   {"Kubernetes", text(cluster->kubernetesVersion)},
                   {"Nodes", nodesText(*cluster)},
                   {"Labels", labelsText(*cluster)},
                   {"Taints", taintsText(*cluster)},
                   {"Scheduling", cluster->unschedulable ? QString("takes no new objects") : QString()},
                   {"Endpoint", text(cluster->apiEndpoint)},
                   {"Member for", since(cluster->created, now)},
                   {"Credentials", cluster->credentialsExpire == 0 ? QString()
                                   : cluster->credentialsExpire < now
                                       ? "expired " + ageText(now - cluster->credentialsExpire) + " ago"
                                       : "expire in " + ageText(cluster->credentialsExpire - now)}},
                  isGrey);
}

}  // namespace kubefed::gui

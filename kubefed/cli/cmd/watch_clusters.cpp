// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/watch_clusters.h"

#include <algorithm>
#include <ostream>

#include "kubefed/cli/format/clusters.h"
#include "kubefed/client/locate.h"

namespace kubefed::cli {
namespace {

constexpr Duration kLookEvery{1'000};

}  // namespace

WatchClusters::WatchClusters(Environment& environment, GetOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void WatchClusters::run() {
    const auto queries = readQueries(m_options.arguments);
    if (!queries)
        return fail(queries.error());
    const bool clusters =
        queries->size() == 1 && (queries->front().type == "clusters" || queries->front().type == "cluster");
    if (!clusters || !m_options.output.empty() || !m_options.labelSelector.empty())
        return fail({.id = "KF1008",
                     .message = "--watch is for the table of all clusters, or of one",
                     .evidence = "given: " + spaced(m_options.arguments) +
                                 (m_options.output.empty() ? "" : " -o " + m_options.output) +
                                 (m_options.labelSelector.empty() ? "" : " -l " + m_options.labelSelector),
                     .remedy = "kubefed get clusters --watch; other types: kubectl get TYPE --watch",
                     .changed = "nothing was changed"});
    m_name = queries->front().name;
    if (!connect())
        return;
    m_request =
        client::locate(client(), federation().identity, [this](Result<client::FederationEndpoint> endpoint) {
            if (!endpoint)
                return fail(controllerError(endpoint.error(), federation(), "watching clusters"));
            m_controller = env().connector.controller(std::move(*endpoint));
            m_controller->start(*this);
        });
}

void WatchClusters::stateChanged(client::ConnectionState state, const Error& error) {
    using client::ConnectionState;
    const bool isLost = state == ConnectionState::Disconnected;
    if (state == ConnectionState::Forbidden || (isLost && !m_hasHeaders))
        return fail(controllerError(error, federation(), "watching clusters"));
    if (isLost && m_isLive)
        env().report.warn("the controller is lost, ages go on; trying again: " + error.message);
    if (state == ConnectionState::Live && !m_isLive && m_hasHeaders)
        env().report.done("the controller is back");
    m_isLive = state == ConnectionState::Live || state == ConnectionState::Stalled;
}

void WatchClusters::reset(const client::FleetInfo& info, client::FleetChanges all) {
    // Another controller gives other numbers: names tell who is still there.
    for (const auto& [number, cluster] : m_fold.clusters())
        if (std::ranges::find(all.clusters, cluster.name, &client::Cluster::name) == all.clusters.end())
            m_left.push_back(cluster);
    m_fold.reset(info, std::move(all));
    if (m_hasHeaders)
        return show();
    if (!m_name.empty() &&
        std::ranges::none_of(m_fold.clusters(), [this](const auto& known) { return isWanted(known.second); }))
        return failNobody();
    if (!info.seesClusters)
        env().report.warn("you may not list memberclusters: only names and phases are shown");
    show();
}

void WatchClusters::failNobody() {
    std::vector<std::string> names;
    for (const auto& [number, cluster] : m_fold.clusters())
        names.push_back(cluster.name);
    std::ranges::sort(names);
    fail(noSuchMember(federationName(), m_name, membersText("its members", names)));
}

void WatchClusters::changed(client::FleetChanges changes) {
    for (const client::ClusterNumber number : changes.removedClusters)
        if (const auto known = m_fold.clusters().find(number); known != m_fold.clusters().end())
            m_left.push_back(known->second);
    m_fold.apply(std::move(changes));
    show();
}

bool WatchClusters::isWanted(const client::Cluster& cluster) const {
    return m_name.empty() || cluster.name == m_name;
}

bool WatchClusters::isOld(const client::Cluster& cluster) const {
    return client::isOverdue(cluster, m_controller->now(), m_fold.info());
}

void WatchClusters::show() {
    m_timer = env().clock.after(kLookEvery, [this] { show(); });
    std::vector<std::vector<std::string>> left;
    for (const client::Cluster& cluster : std::exchange(m_left, {}))
        if (m_shown.erase(cluster.name) > 0)
            left.push_back(leftRow(cluster, m_controller->now()));
    std::vector<const client::Cluster*> rows;
    for (const auto& [number, cluster] : m_fold.clusters()) {
        if (!isWanted(cluster))
            continue;
        std::string state = changeKey(cluster) + (isOld(cluster) ? " old" : "");
        std::string& shown = m_shown[cluster.name];
        if (state == shown)
            continue;
        shown = std::move(state);
        rows.push_back(&cluster);
    }
    Table table = clusterTable(rows, m_controller->now(), m_fold.info());
    table.rows.insert(table.rows.begin(), left.begin(), left.end());
    const bool isFirst = !std::exchange(m_hasHeaders, true);
    if (table.rows.empty() && !isFirst)
        return;
    table.leastWidths = std::move(m_widths);
    env().out << table.text(isFirst) << std::flush;
    m_widths = table.widths(isFirst);
}

}  // namespace kubefed::cli

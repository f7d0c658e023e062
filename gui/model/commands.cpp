// SPDX-License-Identifier: Apache-2.0
#include "gui/model/commands.h"

#include <QtCore/QRegularExpression>

#include "gui/model/facts.h"

namespace kubefed::gui {

QString shellQuoted(const QString& word) {
    static const QRegularExpression plain("^[A-Za-z0-9_@%+=:,./-]+$");
    if (plain.match(word).hasMatch())
        return word;
    return '\'' + QString(word).replace("'", "'\\''") + '\'';
}

QString callerIn(const QString& refusal) {
    static const QRegularExpression refused("^user \"([^\"]+)\" may not ",
                                            QRegularExpression::CaseInsensitiveOption);
    return refused.match(refusal).captured(1);
}

QString Commands::kubefed(const QString& rest) const {
    return m_context.isEmpty() ? "kubefed " + rest
                               : "kubefed " + rest + " --context " + shellQuoted(m_context);
}

QString Commands::kubectl(const QString& rest) const {
    return m_context.isEmpty() ? "kubectl " + rest
                               : "kubectl --context " + shellQuoted(m_context) + ' ' + rest;
}

QString Commands::caller() const {
    return m_caller.isEmpty() ? QString("USER") : shellQuoted(m_caller);
}

QString Commands::clusters() const {
    return kubefed("get clusters");
}

QString Commands::cluster(const QString& name) const {
    return kubefed("describe cluster " + shellQuoted(name));
}

QString Commands::objects() const {
    return kubectl("get placements --all-namespaces");
}

QString Commands::object(const client::ObjectId& id) const {
    const QString ns = id.ns.empty() ? QString() : " -n " + shellQuoted(text(id.ns));
    return kubefed("describe " + shortType(id) + ' ' + shellQuoted(text(id.name)) + ns);
}

QString Commands::why(const client::ObjectId& id) const {
    const QString ns = id.ns.empty() ? QString() : " -n " + shellQuoted(text(id.ns));
    return kubefed("why " + shellQuoted(reference(id)) + ns + " -o wide");
}

QString Commands::policies() const {
    return kubefed("policy list");
}

QString Commands::event(const client::Activity& activity, const QString& cluster) const {
    if (activity.object)
        return why(*activity.object);
    return cluster.isEmpty() ? QString() : this->cluster(cluster);
}

QString Commands::start() const {
    const QString& name = m_federation.isEmpty() ? m_context : m_federation;
    return "kubefed up " + (name.isEmpty() ? QString("NAME") : shellQuoted(name));
}

QString Commands::join() const {
    return kubefed("join NAME --cluster-context CONTEXT");
}

QString Commands::applyExample() const {
    return kubefed("apply -f examples/guestbook");
}

QString Commands::allowWatching() const {
    return kubectl("create clusterrolebinding watchers --clusterrole=kubefed-fleet-viewer --user=" +
                   caller());
}

QString Commands::allowAsking(const std::string& ns) const {
    if (ns.empty())
        return allowWatching();
    return kubectl("create rolebinding viewers --clusterrole=view --user=" + caller() + " -n " +
                   shellQuoted(text(ns)));
}

}  // namespace kubefed::gui

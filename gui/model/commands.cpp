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

QString Commands::kubefed(const QString& rest) const {
    return m_context.isEmpty() ? "kubefed " + rest
                               : "kubefed " + rest + " --context " + shellQuoted(m_context);
}

QString Commands::kubectl(const QString& rest) const {
    return m_context.isEmpty() ? "kubectl " + rest
                               : "kubectl --context " + shellQuoted(m_context) + ' ' + rest;
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

QString Commands::events() const {
    return kubectl("get events --all-namespaces --sort-by=.lastTimestamp");
}

QString Commands::start() const {
    return "kubefed up " + (m_context.isEmpty() ? QString("NAME") : shellQuoted(m_context));
}

QString Commands::join() const {
    return kubefed("join NAME --cluster-context CONTEXT");
}

QString Commands::applyExample() const {
    return kubefed("apply -f examples/guestbook");
}

QString Commands::allowWatching() const {
    return kubectl("create clusterrolebinding watchers --clusterrole=kubefed-fleet-viewer --user=USER");
}

}  // namespace kubefed::gui

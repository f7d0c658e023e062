// SPDX-License-Identifier: Apache-2.0
//
// The `kubefed` or `kubectl` command that an action of the window stands for, to be copied: quoted for a
// POSIX shell, naming the context. What is not known stands in capitals. Pure functions; any thread.
#pragma once

#include <QtCore/QString>

#include "kubefed/client/fleet_types.h"

namespace kubefed::gui {

class Commands {
public:
    // `federation`: its own name, which a context may call otherwise; `caller`: as the federation calls
    // whoever has that context. Empty: not known.
    explicit Commands(QString context, QString federation = {}, QString caller = {})
        : m_context(std::move(context)), m_federation(std::move(federation)), m_caller(std::move(caller)) {}

    [[nodiscard]] QString clusters() const;
    [[nodiscard]] QString cluster(const QString& name) const;
    [[nodiscard]] QString objects() const;
    [[nodiscard]] QString object(const client::ObjectId& id) const;
    [[nodiscard]] QString why(const client::ObjectId& id) const;
    [[nodiscard]] QString policies() const;
    // What shows more of that; empty: nothing does.
    [[nodiscard]] QString event(const client::Activity& activity, const QString& cluster) const;
    [[nodiscard]] QString start() const;
    [[nodiscard]] QString join() const;
    [[nodiscard]] QString applyExample() const;
    [[nodiscard]] QString allowWatching() const;
    // To ask why an object is where it is: by a role in its namespace, where it has one.
    [[nodiscard]] QString allowAsking(const std::string& ns) const;

private:
    [[nodiscard]] QString kubefed(const QString& rest) const;
    [[nodiscard]] QString kubectl(const QString& rest) const;
    [[nodiscard]] QString caller() const;

    QString m_context, m_federation, m_caller;
};

[[nodiscard]] QString shellQuoted(const QString& word);
// Who was refused, as the controller's message says; empty: it does not.
[[nodiscard]] QString callerIn(const QString& refusal);

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The `kubefed` or `kubectl` command that an action of the window stands for, to be copied: quoted for a
// POSIX shell, naming the context. Pure functions; any thread.
#pragma once

#include <QtCore/QString>

#include "kubefed/client/fleet_types.h"

namespace kubefed::gui {

class Commands {
public:
    explicit Commands(QString context) : m_context(std::move(context)) {}

    [[nodiscard]] QString clusters() const;
    [[nodiscard]] QString cluster(const QString& name) const;
    [[nodiscard]] QString objects() const;
    [[nodiscard]] QString object(const client::ObjectId& id) const;
    [[nodiscard]] QString why(const client::ObjectId& id) const;
    [[nodiscard]] QString policies() const;
    [[nodiscard]] QString events() const;
    [[nodiscard]] QString start() const;
    [[nodiscard]] QString join() const;
    [[nodiscard]] QString applyExample() const;
    [[nodiscard]] QString allowWatching() const;

private:
    [[nodiscard]] QString kubefed(const QString& rest) const;
    [[nodiscard]] QString kubectl(const QString& rest) const;

    QString m_context;
};

[[nodiscard]] QString shellQuoted(const QString& word);

}  // namespace kubefed::gui

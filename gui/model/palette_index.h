// SPDX-License-Identifier: Apache-2.0
//
// What Ctrl-K finds: clusters, objects and actions by the letters typed. Ranked: the beginning of a name,
// the beginning of a word in it, anywhere; then what is in trouble; then the name. A pure function over the
// fleet, fast enough for each keystroke with thousands of objects.
#pragma once

#include <vector>

#include <QtCore/QString>
#include <QtCore/QStringList>

#include "gui/model/facts.h"
#include "gui/model/fleet.h"

namespace kubefed::gui {

struct PaletteEntry {
    enum class Kind { Action, Sort, Cluster, Object };
    Kind kind = Kind::Action;
    QString title;
    QString detail;  // what it is: a namespace, a status, a shortcut
    Level level = Level::Quiet;
    int action = -1;  // of Kind::Action: the caller's number; of Kind::Sort: the column, -1: as at first
    QString cluster;  // of Kind::Cluster: its name
    ObjectNumber object = 0;  // of Kind::Object
};

[[nodiscard]] std::vector<PaletteEntry> searchPalette(const Fleet& fleet, client::TimeMs now,
                                                      const std::vector<PaletteEntry>& actions,
                                                      const QString& typed, std::size_t most = 12);

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// The few lines on top of the window: how many are in which state, and what is worst, with its cause and age.
// A pure function of the fleet; any thread.
#pragma once

#include <vector>

#include <QtCore/QString>

#include "gui/model/facts.h"
#include "gui/model/fleet.h"

namespace kubefed::gui {

struct Tally {
    QString name;
    Level level = Level::Good;
    int count = 0;
};

struct Trouble {
    QString subject;  // "oregon", "shop/cart"
    QString cause;
    Level level = Level::Bad;
    client::TimeMs since = 0;
    client::ClusterNumber cluster = 0;  // one of both
    ObjectNumber object = 0;
};

struct Summary {
    static constexpr std::size_t kWorst = 4;

    int clusters = 0, objects = 0;
    std::vector<Tally> clusterTally, objectTally;  // worst first, none with 0
    std::vector<Trouble> worst;                    // at most kWorst
    int troubles = 0;                              // all of them
};

[[nodiscard]] Summary summarize(const Fleet& fleet, client::TimeMs now);

struct TallyLine {
    Tally tally;
    QString filter;  // leaves what is counted: "status=unknown,ready"
};

// `tallies` in at most so many lines (at least one): the worst ones, then the rest as "others", as urgent as
// the worst of them.
[[nodiscard]] std::vector<TallyLine> linesOf(const std::vector<Tally>& tallies, std::size_t most);

}  // namespace kubefed::gui

// SPDX-License-Identifier: Apache-2.0
//
// In which state a cluster or an object is shown: what the controller said of it, as far as that can still be
// known. What nobody confirmed lately is never called good, and figures of a cluster that does not answer are
// not told as known. One truth for tables, tiles, details and the palette. Pure functions; any thread.
#pragma once

#include "gui/model/facts.h"
#include "gui/model/fleet.h"

namespace kubefed::gui {

struct State {
    QString name;  // "Unreachable"; "Silent" and "Unknown" where the last word is too old
    Level level = Level::Unknown;
    client::TimeMs since = 0;
    bool isOld = false;  // to be greyed
    QString reason;      // empty: none
};

// "Silent": all was well when it was last heard of, which is too long ago.
[[nodiscard]] State stateOf(const client::Cluster& cluster, client::TimeMs now,
                            const client::FleetInfo& info);
// At most Unknown as long as one of its clusters was not heard of; Quiet instead of good or busy in clusters
// of which it is not told when they were.
[[nodiscard]] State stateOf(const client::Object& object, const Fleet& fleet, client::TimeMs now);
[[nodiscard]] Level levelOf(const client::Object& object, const Fleet& fleet, client::TimeMs now);
[[nodiscard]] Level levelOf(const client::Share& share, const Fleet& fleet);

// It does not answer, or not to us: its figures are memories.
[[nodiscard]] bool isLost(const client::Cluster& cluster);
// Replicas ready; nothing: not known, of one cluster, or of all because of one.
[[nodiscard]] std::optional<std::int64_t> readyOf(const client::Share& share, const Fleet& fleet);
[[nodiscard]] std::optional<std::int64_t> readyOf(const client::Object& object, const Fleet& fleet);

// What the controller says of an object, or of replicas without a place.
[[nodiscard]] QString reasonOf(const client::Object& object);

}  // namespace kubefed::gui

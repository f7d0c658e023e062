// SPDX-License-Identifier: Apache-2.0
//
// What the window says about single values: how urgent a state is, how old is too old, and the short texts of
// ages, figures and names. Pure functions; any thread.
#pragma once

#include <optional>

#include <QtCore/QString>
#include <QtCore/QStringList>

#include "kubefed/client/fleet_types.h"
#include "kubefed/client/level.h"

namespace kubefed::gui {

// Each level has its own shape, so that colour is never the only sign. What is old is shown grey.
using client::isOld;
using client::Level;
using client::levelOf;

[[nodiscard]] Level levelOf(client::ObjectHealth health);
[[nodiscard]] Level levelOf(const client::Share& share);
[[nodiscard]] Level levelOf(client::Severity severity);
[[nodiscard]] QString nameOf(client::Phase phase);
// What a cluster is shown as that is only remembered to be well.
inline constexpr const char* kSilent = "Silent";
[[nodiscard]] QStringList namesOfPhases();  // with kSilent
[[nodiscard]] QStringList namesOfHealth();
[[nodiscard]] QString nameOf(client::ObjectHealth health);
[[nodiscard]] QString nameOf(client::Severity severity);

// `levelOf` the phase, but Unknown for a phase that is only remembered, and Quiet instead of good or busy for
// who is told no times of contact.
[[nodiscard]] Level levelOf(const client::Cluster& cluster, client::TimeMs now,
                            const client::FleetInfo& info);

// "0 s", "31 s", "5 min", "3 h", "12 d".
[[nodiscard]] QString ageText(client::TimeMs age);
[[nodiscard]] QStringList longestAges();  // of each unit
// ageText() since `time`; "?" if that is not known.
[[nodiscard]] QString since(client::TimeMs time, client::TimeMs now);
// "638/640"; "?" stands for what is not known.
[[nodiscard]] QString fraction(std::optional<std::int64_t> part, std::optional<std::int64_t> whole);
[[nodiscard]] QString milliseconds(double value);     // "41 ms", "1.2 s"
[[nodiscard]] QString callTime(double milliseconds);  // "18 µs", "1.4 ms", "250 ms", as the CLI rounds them
// "41 ms"; "≥ 60.0 s" of a quantile that reached the bound of what is measured; "–": there is none.
[[nodiscard]] QString quantileTime(std::optional<double> seconds, double bound);
[[nodiscard]] QString count(std::int64_t value);  // "9,412"
[[nodiscard]] QString plural(std::int64_t value, const char* one, const char* many);
// Of a resource that nodes can take: "127.1" CPUs, "480 Gi" of memory and storage, "880" of what is counted.
// What is no quantity stays as it is.
[[nodiscard]] QString amountText(const std::string& resource, const std::string& quantity);

// "rc/frontend": the type as kubectl abbreviates it.
[[nodiscard]] QString shortType(const client::ObjectId& id);
[[nodiscard]] QString reference(const client::ObjectId& id);
// Unique among all objects, also over reconnections.
[[nodiscard]] QString keyOf(const client::ObjectId& id);
[[nodiscard]] QString text(const std::string& utf8);

}  // namespace kubefed::gui

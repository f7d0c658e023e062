// SPDX-License-Identifier: Apache-2.0
//
// Between the messages of kubefed.v1 and the values of fleet_types.h, both ways: the one place where the two
// are mapped. What a newer peer adds is dropped; enumerations unknown here become Unknown. Pure; any thread.
// Includes protobuf: only for the .cpp files that speak the protocol.
#pragma once

#include "kubefed/client/fleet_types.h"
#include "kubefed/v1/federation.pb.h"

namespace kubefed::client {

[[nodiscard]] FleetInfo toValue(const v1::SnapshotBegin& message);
[[nodiscard]] ClusterTaint toValue(const v1::Taint& message);
[[nodiscard]] ConditionView toValue(const v1::Condition& message);
[[nodiscard]] PhaseChange toValue(const v1::PhaseChange& message);
[[nodiscard]] Contact toValue(const v1::Contact& message);
[[nodiscard]] Share toValue(const v1::Share& message);
[[nodiscard]] Totals toValue(const v1::Totals& message);
[[nodiscard]] PluginWord toValue(const v1::PluginWord& message);
[[nodiscard]] Verdict toValue(const v1::Verdict& message);
[[nodiscard]] PluginFailure toValue(const v1::PluginFailure& message);
[[nodiscard]] Cluster toValue(const v1::Cluster& message);
[[nodiscard]] Object toValue(const v1::Object& message);
[[nodiscard]] ObjectId toValue(const v1::ObjectId& message);
[[nodiscard]] Activity toValue(const v1::Activity& message);
[[nodiscard]] Explanation toValue(const v1::Explanation& message);
[[nodiscard]] PolicyPlugin toValue(const v1::PolicyPlugin& message);
[[nodiscard]] PolicyInstalled toValue(const v1::InstallPolicyResponse& message);
// Adds what the message tells to what `changes` holds already.
void append(FleetChanges& changes, const v1::FleetChanges& message);

void toMessage(const FleetInfo& value, v1::SnapshotBegin& message);
void toMessage(const ClusterTaint& value, v1::Taint& message);
void toMessage(const ConditionView& value, v1::Condition& message);
void toMessage(const PhaseChange& value, v1::PhaseChange& message);
void toMessage(const Share& value, v1::Share& message);
void toMessage(const PluginWord& value, v1::PluginWord& message);
void toMessage(const Verdict& value, v1::Verdict& message);
void toMessage(const PluginFailure& value, v1::PluginFailure& message);
void toMessage(const Cluster& value, v1::Cluster& message);
void toMessage(const Contact& value, v1::Contact& message);
void toMessage(const Object& value, v1::Object& message);
void toMessage(const ObjectId& value, v1::ObjectId& message);
void toMessage(const Activity& value, v1::Activity& message);
void toMessage(const Totals& value, v1::Totals& message);
void toMessage(const FleetChanges& value, v1::FleetChanges& message);
void toMessage(const Explanation& value, v1::Explanation& message);
void toMessage(const PolicyPlugin& value, v1::PolicyPlugin& message);

}  // namespace kubefed::client

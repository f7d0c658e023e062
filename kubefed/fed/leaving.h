// SPDX-License-Identifier: Apache-2.0
//
// What `kubefed unjoin` orders by annotations of a MemberCluster, and whether the order counts. It counts
// only for the deletion that it was written for: one that never followed (an interrupt, a lost connection)
// must not empty the cluster when somebody deletes the MemberCluster weeks later. Pure; any thread.
#pragma once

#include <string_view>

#include "kubefed/kube/object.h"
#include "kubefed/util/clock.h"

namespace kubefed::fed {

// What becomes of what was propagated there: "keep" or "delete".
inline constexpr std::string_view kUnjoinObjectsAnnotation = "kubefed.io/unjoin-objects";
// "true" lets it go although the member cannot be reached.
inline constexpr std::string_view kUnjoinForceAnnotation = "kubefed.io/unjoin-force";
// When the other two were written, by the federation's clock (RFC 3339), as its deletionTimestamp is.
inline constexpr std::string_view kUnjoinTimeAnnotation = "kubefed.io/unjoin-time";
// So long after the order the deletion may follow: longer than a request takes that still gets an answer.
inline constexpr Duration kUnjoinWithin{60'000};

struct UnjoinOrder {
    bool deletesObjects = false;
    bool force = false;
    bool operator==(const UnjoinOrder&) const = default;
};

// Nothing is ordered for one that is not being deleted, or whose order is older than kUnjoinWithin at its
// deletion, or does not tell its time. A newer order than the deletion counts: it is for one that is leaving.
[[nodiscard]] UnjoinOrder unjoinOrderOf(const kube::Object& memberCluster);
// An order stands there, whether it counts or not.
[[nodiscard]] bool hasUnjoinOrder(const kube::Object& memberCluster);
// Merge patches of metadata.annotations: writes an order whole, or takes one away.
[[nodiscard]] kube::JsonObject unjoinPatch(const UnjoinOrder& order, WallTime now);
[[nodiscard]] kube::JsonObject unjoinUndoPatch();

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
//
// Lists whose items have names (ports, containers, env): an apply adds the items that it sends and leaves
// others' alone, so that an item which somebody in the member has changed into another one (port 80 into 81,
// a container renamed) would stand beside ours for ever, or make the whole refused. Where an item of ours has
// gone, what stands there instead is therefore made ours first; the apply that follows gives it up, and with
// it the member removes it. What stands instead still has something of it (the name or target of a port, the
// image of a container), and is one for each that has gone: what others added beside stays, also where an
// item of ours was only removed. Pure functions; any thread.
#pragma once

#include <string>

#include "kubefed/fed/projection.h"
#include "kubefed/kube/object.h"

namespace kubefed::fed {

// Does a list of `sent` have an item, or is it a list, that our entry no longer knows? True also where no
// more than that can be seen from here: reclaimPatch() looks at the object itself.
[[nodiscard]] bool missesItems(const MemberObject& live, const kube::JsonObject& sent);

// The JSON patch (with a test of resourceVersion) that moves those items' fields from everybody's entry of
// managedFields to ours, and changes nothing else. Empty: there is nothing to be moved, or no entry of ours
// from server-side apply.
[[nodiscard]] std::string reclaimPatch(const kube::Object& live, const kube::JsonObject& sent);

}  // namespace kubefed::fed

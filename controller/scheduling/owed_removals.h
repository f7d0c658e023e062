// SPDX-License-Identifier: Apache-2.0
//
// The shell around fed::removalsAfter(): knows the clusters as they are, and since when an object is known to
// be absent from one that a decision dropped. Core thread; owned by Scheduler.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "controller/host/host_mirror.h"
#include "controller/membership/membership.h"
#include "kubefed/fed/removal.h"

namespace kubefed::controller {

class OwedRemovals {
public:
    OwedRemovals(const Membership& membership, Clock& clock) : m_membership(membership), m_clock(clock) {}

    struct Owed {
        fed::Removals removals;
        Duration lookAgain{0};  // when an absence will be certain; zero: nothing is waited for
    };
    // Once `next` is in force. `placement` is what is in force now; null: nothing yet, then nothing is owed,
    // for what members were merely found to hold is no decision of ours.
    [[nodiscard]] Owed after(const TemplateId& id, const PlacementRecord* placement,
                             const fed::PlacementSpec& next);
    void forget(const TemplateId& id) { m_absent.erase(id); }

private:
    const Membership& m_membership;
    Clock& m_clock;
    std::unordered_map<TemplateId, std::map<std::string, SteadyTime, std::less<>>> m_absent;  // since when
};

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// What the last decisions were made from, so that they can be explained in full when somebody asks. In memory
// and bounded: a few decisions of each object, and as many fleet snapshots (which decisions share) as hold a
// fixed number of clusters in all; what is older is forgotten. Core thread; owned by Scheduler.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "controller/scheduling/planner.h"

namespace kubefed::controller {

class DecisionLog {
public:
    struct Remembered {
        PlanInputsPtr inputs;
        std::string plugins;  // PolicySource::versions() of what decided
    };

    void record(const TemplateId& id, const PlanInputs& inputs, std::string plugins,
                fed::PlacementSpec decided);
    void forget(const TemplateId& id) { m_decisions.erase(id); }
    // It decides nothing any more; decisions that it made keep it.
    void forgetPolicy(const std::string& uid) { m_policies.erase(uid); }
    // Of the decision that says `decided`, the newest; nothing if it is not remembered (any more).
    [[nodiscard]] std::optional<Remembered> find(const TemplateId& id,
                                                 const fed::PlacementSpec& decided) const;
    // The same copy for all that are decided by it.
    [[nodiscard]] std::shared_ptr<const fed::Policy> share(const fed::Policy& policy);

private:
    struct Entry {
        PlanInputs inputs;  // without the fleet
        std::string plugins;
        std::weak_ptr<const fed::Fleet> fleet;  // gone: forgotten
        fed::PlacementSpec decided;
    };
    void keep(const fed::FleetPtr& fleet);

    std::unordered_map<TemplateId, std::deque<Entry>> m_decisions;                 // newest last
    std::deque<fed::FleetPtr> m_fleets;                                            // newest last
    std::size_t m_clusters = 0;                                                    // in all of them
    std::unordered_map<std::string, std::weak_ptr<const fed::Policy>> m_policies;  // by uid
};

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// Where decisions by policies are made. A job says all that its decision depends on, so it may be made on any
// thread; what changed meanwhile is the asker's to see (SchedulingView::isCurrent). Implementations:
// ThreadPlanner, FakePlanner (tests/fakes). Used on the core thread; outlives the handles that it gave.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/ids.h"
#include "kubefed/fed/schedule.h"
#include "kubefed/util/request.h"

namespace kubefed::controller {

// The plugins of a policy, loaded. Implemented over plugins/host, which runs their code in it.
class PolicySource {
public:
    PolicySource() = default;
    PolicySource(const PolicySource&) = delete;
    PolicySource& operator=(const PolicySource&) = delete;
    virtual ~PolicySource() = default;
    // The error says which plugin cannot be had, and the remedy. Called on the planner's thread; a round is
    // destroyed there, before the next one is opened.
    [[nodiscard]] virtual Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) = 0;
    // The policy is gone: what was made for it may go, and what open() still makes of it (to explain what it
    // decided) serves one round. Any thread.
    virtual void forget(const std::string& policyUid) = 0;
    // Another text when the code of one of its plugins is another. Any thread.
    [[nodiscard]] virtual std::string versions(const fed::Policy& policy) const {
        (void)policy;
        return {};
    }
    // Which plugin does not come back; empty: none is known. Any thread.
    [[nodiscard]] virtual std::string trouble() const { return {}; }
};

// Nobody changes any of it any more.
struct PlanInputs {
    fed::FleetPtr fleet;
    kube::ObjectPtr object;
    std::shared_ptr<const fed::Policy> policy;     // null where none governs, or where it follows others
    std::optional<fed::PlacementSpec> last;        // nothing: it is the first decision
    bool isFound = false;                          // `last` is what members were found to hold: fed::takeOver
    std::vector<fed::ClusterObjectStatus> status;  // what was ready where
};
using PlanInputsPtr = std::shared_ptr<const PlanInputs>;

// Reasons cost more than deciding.
enum class PlanReasons {
    WhereNew,  // of a decision that differs from the last one, or that does not place everything
    Always,
};

struct PlanJob {
    TemplateId id;
    PlanInputsPtr inputs;  // with a policy
    PlanReasons reasons = PlanReasons::WhereNew;
};

struct PlanAnswer {
    fed::Decision decision;
    std::string plugins;  // PolicySource::versions() of what decided; only where reasons were asked for
};

class Planner {
public:
    using Done = std::move_only_function<void(PlanAnswer)>;

    Planner() = default;
    Planner(const Planner&) = delete;
    Planner& operator=(const Planner&) = delete;
    virtual ~Planner() = default;

    // `done` comes once, on the core thread, never from inside the call, in the order of the jobs; it does
    // not come while a plugin hangs. Destroying the handle gives the job up: it is not begun any more, and
    // what has begun is answered to nobody. Whoever asks bounds how many jobs he has under way.
    [[nodiscard]] virtual Request plan(PlanJob job, Done done) = 0;
    // As PolicySource::forget().
    virtual void forget(const std::string& policyUid) = 0;
    // As PolicySource::trouble().
    [[nodiscard]] virtual std::string trouble() const = 0;
};

// One job, here and now. Its spec's source is the job's object. An invalid policy's plugins are not opened.
[[nodiscard]] PlanAnswer makeDecision(PolicySource& policies, const PlanJob& job);

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// sync(): from the present state of one object in one cluster to at most one action. Called at the moment
// when that cluster's worker takes the key, so nothing that it decides is stale. Also what is learned from an
// action's answer. Pure; any thread. architecture.md and api.md ("What stands in a member") are its rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/fed/manifest.h"
#include "kubefed/fed/projection.h"
#include "kubefed/fed/types.h"
#include "kubefed/util/error.h"

namespace kubefed::fed {

enum class ActionKind {
    None,
    EnsureNamespace,  // create the namespace; "exists already" is success
    Create,           // POST ?fieldManager=kubefed
    Inspect,          // GET: whose is the object that made a create answer 409?
    Migrate,          // JSON patch: our managedFields entry from Update to Apply
    Reclaim,          // GET, then a JSON patch: what stands for items of ours that have gone becomes ours
    Apply,            // server-side apply, force, with uid
    Delete,           // with uid as precondition, background propagation
};
[[nodiscard]] std::string_view toString(ActionKind kind);

struct Action {
    ActionKind kind = ActionKind::None;
    std::string body;  // Create, Migrate, Apply; Reclaim: what will be applied
    std::string uid;   // Reclaim, Apply, Delete: this object and no other
    bool keepTolerations =
        false;               // Apply of a Pod: live tolerations first, then new ones, with resourceVersion
    std::uint64_t hash = 0;  // what the answer will show as applied (Create, Apply)
    std::uint64_t ownedHash = 0;  // Apply: of the object as it stands; 0: it is absent
};

// The reason of a refusal by an object that stands there and is not ours.
inline constexpr std::string_view kReasonConflict = "Conflict";

// What is remembered of one (object, cluster) between two syncs. Losing it costs at most one request.
struct SyncMemory {
    // The live owned values that the last write returned, and of which object.
    std::string settledUid;
    std::uint64_t settledOwnedHash = 0;
    // A refusal that trying again cannot mend until what we send, or what stands there, changes. (Of what
    // is not ours, kReasonConflict, the latter cannot be seen.)
    std::uint64_t refusedHash = 0;
    std::string refusedUid;  // of what stood there; empty: nothing
    std::uint64_t refusedOwnedHash = 0;
    std::string refusedReason;  // "ImmutableField", "NotApplicable", kReasonConflict, ...
    std::string refusedMessage;
    bool mustInspect = false;  // the last create answered 409
    bool keepsEntry = false;   // the member does not let our entry become Apply: applies go without
    // An apply was refused for an item of a list: what others put there may be why.
    bool reclaimDue = false;
    std::uint64_t reclaimedFor = 0;  // the ownedHash after the last Reclaim; 0: applied since, or none
    // The last failure that will be tried again.
    std::string failedReason;
    std::string failedMessage;
};

struct SyncInput {
    const Manifest* manifest = nullptr;  // null: no template known
    bool wanted = false;                 // the decision in force names this cluster
    bool mayDelete = false;              // a recorded cause: template deleted, dropped by a decision, unjoin
    std::optional<std::int64_t> replicas;  // this cluster's share
    const MemberObject* live = nullptr;    // null: absent (its list is complete)
    bool namespaceReady = true;            // exists in the member and is not going away
    bool namespaceGoing = false;           // being deleted there: creating must wait
    std::string_view optedOut = {};        // why the object is no template although it once was one
};

struct SyncVerdict {
    Action action;
    ObjectState state = ObjectState::Pending;
    std::string reason;
    std::string message;
};

// `memory` changes only where the present state proves something (a restart finds the object as it left it;
// a refusal is void because what we send, or what stands there, has changed).
[[nodiscard]] SyncVerdict sync(const SyncInput& input, SyncMemory& memory);

// While the policy is suspended nothing is written: the verdict without its action, saying so.
[[nodiscard]] SyncVerdict whileSuspended(SyncVerdict verdict);

// What the answer to an action teaches. `seen` is the object in the answer (null: it had none).
// Later: the answer is not what the action asked for, so the next look must not come at once.
enum class Retry { Now, Later, WhenChanged };
[[nodiscard]] Retry learn(const Action& action, const MemberObject& seen, SyncMemory& memory);
[[nodiscard]] Retry learnFailure(const Action& action, const Error& error, SyncMemory& memory);
// The answer to Inspect: an object that is ours is taken over (Now); a foreign one is a conflict.
[[nodiscard]] Retry learnInspection(const MemberObject* seen, std::uint64_t wantedHash, SyncMemory& memory);

}  // namespace kubefed::fed

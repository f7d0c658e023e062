// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/sync.h"

#include <array>

#include "kubefed/fed/reasons.h"
#include "kubefed/fed/reclaim.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::fed {
namespace {

SyncVerdict verdict(ObjectState state, std::string reason = {}, std::string message = {}) {
    return {.action = {}, .state = state, .reason = std::move(reason), .message = std::move(message)};
}

SyncVerdict removal(const SyncInput& input) {
    if (input.live == nullptr)
        return verdict(ObjectState::Removing, "Removed");
    if (!input.mayDelete && !input.optedOut.empty())
        return verdict(ObjectState::Left, std::string(kReasonNotPropagated),
                       "kept as it is: " + std::string(input.optedOut));
    if (!input.mayDelete)
        return verdict(ObjectState::Left, "Unclaimed", "kept: nothing recorded asks for its removal");
    SyncVerdict result = verdict(ObjectState::Removing, input.live->deleting ? "Terminating" : "Deleting");
    if (!input.live->deleting)
        result.action = {.kind = ActionKind::Delete, .body = {}, .uid = input.live->uid};
    return result;
}

// A test of the version, so that an entry is never turned that has moved since we saw it.
std::string migration(const MemberObject& live) {
    const std::string index = std::to_string(live.ownedIndex);
    return R"([{"op":"test","path":"/metadata/resourceVersion","value":")" +
           std::to_string(live.resourceVersion) + R"("},{"op":"replace","path":"/metadata/managedFields/)" +
           index + R"(/operation","value":"Apply"}])";
}

bool isSettled(const SyncInput& input, std::uint64_t hash, SyncMemory& memory) {
    const MemberObject& live = *input.live;
    if (live.appliedHash != hash)
        return false;
    if (memory.settledUid == live.uid)
        return memory.settledOwnedHash == live.ownedHash;
    // We did not write it in this life of the process: doubt only if a field we send is no longer ours.
    if (!covers(live, input.manifest->document(input.replicas)))
        return false;
    memory.settledUid = live.uid;
    memory.settledOwnedHash = live.ownedHash;
    return true;
}

SyncVerdict creation(const SyncInput& input, std::uint64_t hash, const SyncMemory& memory) {
    SyncVerdict result = verdict(memory.failedReason.empty() ? ObjectState::Applying : ObjectState::Failed,
                                 memory.failedReason, memory.failedMessage);
    if (memory.mustInspect) {
        result.action.kind = ActionKind::Inspect;
        result.action.hash = hash;
        return result;
    }
    if (input.namespaceGoing)
        return verdict(ObjectState::Pending, "NamespaceTerminating",
                       "waits until the member has removed the old namespace");
    if (!input.namespaceReady) {
        result.action.kind = ActionKind::EnsureNamespace;
        return result;
    }
    result.action = {.kind = ActionKind::Create, .body = input.manifest->body(input.replicas), .uid = {}};
    result.action.hash = hash;
    return result;
}

bool needsReclaiming(const SyncInput& input, std::uint64_t hash, const SyncMemory& memory) {
    const MemberObject& live = *input.live;
    if (!live.migrated || (memory.reclaimedFor != 0 && memory.reclaimedFor == live.ownedHash))
        return false;
    // What we sent last is what we would send now: then none of its items is a new one.
    return memory.reclaimDue ||
           (live.appliedHash == hash && missesItems(live, input.manifest->document(input.replicas)));
}

SyncVerdict correction(const SyncInput& input, std::uint64_t hash, const SyncMemory& memory) {
    const MemberObject& live = *input.live;
    const bool drifted = live.appliedHash == hash && memory.settledUid == live.uid;
    SyncVerdict result = verdict(drifted ? ObjectState::Drifted : ObjectState::Applying);
    if (!memory.failedReason.empty()) {
        result.state = ObjectState::Failed;
        result.reason = memory.failedReason;
        result.message = memory.failedMessage;
    }
    if (!live.migrated && live.ownedIndex >= 0 && !memory.keepsEntry) {
        result.action = {.kind = ActionKind::Migrate, .body = migration(live), .uid = live.uid};
        return result;
    }
    if (needsReclaiming(input, hash, memory)) {
        result.action = {
            .kind = ActionKind::Reclaim, .body = input.manifest->body(input.replicas), .uid = live.uid};
        return result;
    }
    result.action = {
        .kind = ActionKind::Apply, .body = input.manifest->body(input.replicas, live.uid), .uid = live.uid};
    result.action.keepTolerations = input.manifest->kind().isPod;
    result.action.hash = hash;
    result.action.ownedHash = live.ownedHash;
    return result;
}

void forgetRefusal(SyncMemory& memory) {
    memory.refusedHash = 0;
    memory.refusedReason.clear();
    memory.refusedMessage.clear();
    memory.refusedUid.clear();
    memory.refusedOwnedHash = 0;
}

bool isRefusalVoid(const MemberObject* live, std::uint64_t hash, const SyncMemory& memory) {
    if (memory.refusedHash != hash)
        return true;
    if (memory.refusedReason == kReasonConflict)
        return false;
    return live == nullptr ? !memory.refusedUid.empty()
                           : memory.refusedUid != live->uid || memory.refusedOwnedHash != live->ownedHash;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Two ports of one name, or two of which the first has none: one of them may stand for ours.
bool isOfItems(const Error& error) {
    return contains(error.message, ": Duplicate value") || contains(error.message, "].name: Required value");
}

// A refusal of what we send, in the words under which people find it.
std::string refusalReason(const Action& action, const Error& error) {
    if (action.kind == ActionKind::Apply && kube::tellsMisfit(error.message))
        return "NotApplicable";
    if (error.isReason("Invalid") || (error.status && error.status->httpCode == 422)) {
        static constexpr std::array<std::string_view, 5> kImmutable{
            "field is immutable", "may not change", "pod updates may not", "may not be changed", "immutable"};
        if (action.kind == ActionKind::Apply)
            for (const std::string_view words : kImmutable)
                if (contains(error.message, words))
                    return "ImmutableField";
        return "Invalid";
    }
    if (error.status && (error.status->httpCode == 400 || error.status->httpCode == 413))
        return "Refused";
    return {};
}

}  // namespace

std::string_view toString(ActionKind kind) {
    static constexpr std::array<std::string_view, 8> kNames{"None",    "EnsureNamespace", "Create", "Inspect",
                                                            "Migrate", "Reclaim",         "Apply",  "Delete"};
    return kNames[static_cast<std::size_t>(kind)];
}

SyncVerdict sync(const SyncInput& input, SyncMemory& memory) {
    if (!input.wanted || input.manifest == nullptr)
        return removal(input);
    const std::uint64_t hash = input.manifest->hash(input.replicas);
    if (memory.refusedHash != 0 && isRefusalVoid(input.live, hash, memory))
        forgetRefusal(memory);
    if (input.live != nullptr) {
        memory.mustInspect = false;
        if (input.live->deleting)
            return verdict(ObjectState::Pending, "Terminating",
                           "waits until the member has removed the old object");
        if (isSettled(input, hash, memory)) {
            forgetRefusal(memory);
            memory.failedReason.clear();
            memory.failedMessage.clear();
            return verdict(ObjectState::Synced);
        }
    }
    if (memory.refusedHash == hash)
        return verdict(ObjectState::Failed, memory.refusedReason, memory.refusedMessage);
    return input.live == nullptr ? creation(input, hash, memory) : correction(input, hash, memory);
}

SyncVerdict whileSuspended(SyncVerdict verdict) {
    const ActionKind due = verdict.action.kind;
    if (due == ActionKind::None)
        return verdict;
    verdict.action = {};
    if (verdict.state != ObjectState::Drifted)
        verdict.state = ObjectState::Pending;
    verdict.reason = kReasonSuspended;
    verdict.message =
        due == ActionKind::Delete ? "is to be removed there"
        : due == ActionKind::Create || due == ActionKind::EnsureNamespace || due == ActionKind::Inspect
            ? "is to be created there"
        : verdict.state == ObjectState::Drifted ? "was changed there, and is to be repaired"
                                                : "is to be changed there";
    verdict.message +=
        "; nothing is written while the policy that places it is suspended: set suspend: false";
    return verdict;
}

Retry learn(const Action& action, const MemberObject& seen, SyncMemory& memory) {
    memory.failedReason.clear();
    memory.failedMessage.clear();
    if (action.kind == ActionKind::Reclaim) {
        memory.reclaimDue = false;
        memory.reclaimedFor = seen.ownedHash;
        return Retry::Now;
    }
    memory.keepsEntry = action.kind == ActionKind::Migrate && !seen.migrated;
    if (action.kind != ActionKind::Create && action.kind != ActionKind::Apply)
        return Retry::Now;
    memory.reclaimDue = false;
    memory.reclaimedFor = 0;
    memory.settledUid = seen.uid;
    memory.settledOwnedHash = seen.ownedHash;
    forgetRefusal(memory);
    memory.mustInspect = false;
    if (seen.appliedHash == action.hash)
        return Retry::Now;
    memory.failedReason = "NotAsSent";
    memory.failedMessage = "the cluster took the object, but did not keep what it was sent";
    return Retry::Later;
}

Retry learnFailure(const Action& action, const Error& error, SyncMemory& memory) {
    const int http = error.status ? error.status->httpCode : 0;
    if (action.kind == ActionKind::Create && error.isReason("AlreadyExists")) {
        memory.mustInspect = true;
        return Retry::Now;
    }
    // The state that we acted on was stale: the watch (or the next look) shows the present one.
    if (http == 409 || http == 404) {
        memory.failedReason = http == 409 ? "Conflict409" : "NotFound";
        memory.failedMessage = error.message;
        return Retry::Later;
    }
    if (const std::string reason = refusalReason(action, error); !reason.empty() && action.hash != 0) {
        if (reason == "Invalid" && action.kind == ActionKind::Apply && isOfItems(error) &&
            !memory.reclaimDue && memory.reclaimedFor == 0) {
            memory.reclaimDue = true;
            return Retry::Now;
        }
        memory.reclaimDue = false;
        memory.reclaimedFor = 0;
        memory.refusedHash = action.hash;
        memory.refusedReason = reason;
        memory.refusedMessage = error.message;
        memory.refusedUid = action.uid;
        memory.refusedOwnedHash = action.ownedHash;
        return Retry::WhenChanged;
    }
    memory.failedReason = http == 403   ? "Forbidden"
                          : http == 401 ? "Unauthorized"
                          : http == 429 ? "Throttled"
                                        : "WriteFailed";
    memory.failedMessage = error.message;
    return Retry::Later;
}

Retry learnInspection(const MemberObject* seen, std::uint64_t wantedHash, SyncMemory& memory) {
    memory.mustInspect = false;
    if (seen == nullptr || seen->ours)
        return Retry::Now;
    memory.refusedHash = wantedHash;
    memory.refusedReason = kReasonConflict;
    memory.refusedMessage =
        seen->labelled ? "an object of this name belongs to another federation; it was not touched"
                       : "an object of this name stands there that the federation did not make; it was not "
                         "touched: rename one of the two";
    return Retry::WhenChanged;
}

}  // namespace kubefed::fed

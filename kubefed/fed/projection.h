// SPDX-License-Identifier: Apache-2.0
//
// What the federation keeps of a member's object: a few numbers instead of the document. Computed on the
// shard that decodes the object, from its fields and metadata.managedFields. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kubefed/fed/kinds.h"
#include "kubefed/kube/object.h"

namespace kubefed::fed {

// Text that is equal for most objects of a kind, shared instead of repeated.
using SharedText = std::shared_ptr<const std::string>;

struct StatusSummary {
    std::int64_t specReplicas = 0;  // replicated kinds
    std::int64_t replicas = 0;
    std::int64_t readyReplicas = 0;
    std::int64_t availableReplicas = 0;
    std::int64_t observedGeneration = 0;
    std::int64_t fullyLabeledReplicas = 0;
    bool ready = false;   // a Pod with condition Ready
    std::string text;     // Pod: its status; Service: status.loadBalancer.ingress; as JSON
    std::string reason;   // Pod: why it is not ready: "ImagePullBackOff"; replicated: why pods cannot be made
    std::string message;  // in the member's words, kMaxCauseBytes at most
    bool operator==(const StatusSummary&) const = default;
};

inline constexpr std::size_t kMaxCauseBytes = 256;

struct MemberObject {
    std::string uid;
    std::uint64_t resourceVersion = 0;
    std::int64_t generation = 0;
    std::uint64_t appliedHash = 0;  // kubefed.io/applied; 0: none
    std::uint64_t ownedHash = 0;    // the live values of the fields that our managedFields entry names
    // That entry's fieldsV1, without lists of which every item is others' by now; null: we own nothing.
    SharedText ownedFields;
    int ownedIndex = -1;    // its place in managedFields
    bool migrated = false;  // its operation is Apply
    bool deleting = false;
    bool labelled = false;  // carries a federation's label
    bool ours = false;      // carries our federation's label
    StatusSummary status;
};

// Numbers that only grow, as etcd's and our own servers' are; 0 where it is not a number.
[[nodiscard]] std::uint64_t parseVersion(std::string_view resourceVersion);

[[nodiscard]] MemberObject project(const kube::Object& object, const KindTraits& traits,
                                   std::string_view federationId);

// What an entry owns of an item of a list ("k:" and "v:" in it name items); null: nothing.
[[nodiscard]] const kube::JsonObject* ownedItem(const kube::JsonObject& fields, const kube::Json& item);

// Does our entry still own every field of `sent`? An atomic part counts as one field; empty lists, objects
// and nulls ask for nothing. False also where `ownedFields` cannot be read.
[[nodiscard]] bool covers(const MemberObject& live, const kube::JsonObject& sent);

struct Cause {
    std::string reason;   // in one word; empty: none is known
    std::string message;  // in the member's words, kMaxCauseBytes at most
};
// Why a pod is not ready: a waiting container's reason, else a failed condition's, else the pod's own. None
// of one that is being deleted: it ends because it was told to, however its containers do.
[[nodiscard]] Cause podCause(const kube::JsonObject& pod);
[[nodiscard]] std::string podReason(const kube::JsonObject& pod);
[[nodiscard]] bool isPodReady(const kube::JsonObject& pod);

}  // namespace kubefed::fed

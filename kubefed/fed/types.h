// SPDX-License-Identifier: Apache-2.0
//
// The kinds of kubefed.io as values, read from and written to API objects. Decoding is lenient where the CRD
// schema already refuses (an API server validated), and answers InvalidArgument, naming the field, where
// something would otherwise be misread. Encoding writes only what is set, in one order, so equal values give
// equal documents. Values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/object.h"
#include "kubefed/kube/selector.h"
#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"

namespace kubefed::fed {

// ---- Conditions

struct Condition {
    std::string type;
    std::string status;  // "True", "False", "Unknown"
    std::string reason;
    std::string message;
    std::string lastTransitionTime;  // RFC 3339
    std::int64_t observedGeneration = 0;
    bool operator==(const Condition&) const = default;
    [[nodiscard]] bool isTrue() const { return status == "True"; }
};

[[nodiscard]] const Condition* findCondition(const std::vector<Condition>& conditions, std::string_view type);
// Adds or replaces; lastTransitionTime becomes `now` only if the status changed. True if anything changed.
bool setCondition(std::vector<Condition>& conditions, Condition condition, std::string_view now);
[[nodiscard]] std::vector<Condition> decodeConditions(const kube::JsonObject& status);
[[nodiscard]] kube::JsonArray encodeConditions(const std::vector<Condition>& conditions);

// ---- MemberCluster

enum class TaintEffect { NoSchedule, NoExecute };
[[nodiscard]] std::string_view toString(TaintEffect effect);

struct Taint {
    std::string key;
    std::string value;
    TaintEffect effect = TaintEffect::NoSchedule;
    bool operator==(const Taint&) const = default;
};

enum class Phase { Joining, Ready, Degraded, Unauthorized, Unreachable, Leaving };
[[nodiscard]] std::string_view toString(Phase phase);
[[nodiscard]] std::optional<Phase> parsePhase(std::string_view text);

inline constexpr std::string_view kReadyCondition = "Ready";

// How a member's /readyz is probed; the defaults are the CRD's.
struct HealthCheck {
    Duration period{10'000};
    Duration timeout{3'000};
    int failureThreshold = 3;
    int successThreshold = 1;
    bool operator==(const HealthCheck&) const = default;

    // What was told by the last contact is old after it: the next one is overdue.
    [[nodiscard]] Duration oldAfter() const { return period + timeout; }
};

struct MemberClusterSpec {
    std::string apiEndpoint;
    std::string caBundle;  // base64, as it stands in the object
    std::string credentialsSecret;
    std::string tlsServerName;
    std::vector<Taint> taints;
    bool unschedulable = false;
    HealthCheck healthCheck;
    bool operator==(const MemberClusterSpec&) const = default;
};

struct MemberClusterStatus {
    struct Nodes {
        std::int64_t ready = 0;
        std::int64_t total = 0;
        bool operator==(const Nodes&) const = default;
    };
    struct Objects {
        std::int64_t desired = 0;
        std::int64_t synced = 0;
        std::int64_t failed = 0;
        std::int64_t unclaimed = 0;
        bool operator==(const Objects&) const = default;
    };
    std::int64_t observedGeneration = 0;
    std::optional<Phase> phase;
    std::vector<Condition> conditions;
    std::string clusterUid;
    std::string kubernetesVersion;
    std::optional<Nodes> nodes;                                   // absent: not known, never 0
    std::map<std::string, std::string, std::less<>> allocatable;  // quantities
    std::map<std::string, std::string, std::less<>> requested;    // nothing knows it yet: not in the CRD
    std::vector<std::string> apis;  // "v1/Pod", "apps/v1/Deployment"; empty: not known
    std::string lastContactTime;
    std::optional<std::int64_t> latencyMillis;
    std::string credentialsExpireAt;
    std::optional<Objects> objects;
    bool operator==(const MemberClusterStatus&) const = default;
};

struct MemberCluster {
    std::string name;
    std::string uid;
    std::string resourceVersion;
    std::int64_t generation = 0;
    std::string creationTimestamp;
    bool isDeleting = false;
    std::map<std::string, std::string, std::less<>> labels;
    MemberClusterSpec spec;
    MemberClusterStatus status;

    [[nodiscard]] static Result<MemberCluster> decode(const kube::Object& object);
};

[[nodiscard]] kube::JsonObject encode(const MemberClusterSpec& spec);
[[nodiscard]] kube::JsonObject encode(const MemberClusterStatus& status);

// ---- Policies, both kinds

struct Toleration {
    std::string key;
    bool exists = false;  // operator Exists; else Equal
    std::string value;
    std::optional<TaintEffect> effect;
    bool operator==(const Toleration&) const = default;
};

struct ResourceSelector {
    std::string apiVersion;  // empty terms restrict nothing
    std::string kind;
    std::string name;
    std::optional<kube::LabelSelector> labels;
    std::optional<kube::LabelSelector> namespaces;  // ClusterPlacementPolicy only
    // One of them cannot be understood; left out, so that at least what was meant is selected.
    bool isPartial = false;
};

struct PluginUse {
    std::string name;
    double weight = 1;
    bool optional = false;
    kube::JsonObject config;
};

enum class ReplicaStrategy { Divide, Duplicate };
enum class Rebalance { Never, WhenNeeded, Always };
enum class OnDelete { Delete, Orphan };

struct ReplicaLimits {
    std::int64_t min = 0;
    std::optional<std::int64_t> max;
    bool operator==(const ReplicaLimits&) const = default;
};

struct PolicyRef {
    std::string kind;  // PlacementPolicy or ClusterPlacementPolicy; all empty: none
    std::string ns;
    std::string name;
    std::string uid;
    std::int64_t generation = 0;
    bool operator==(const PolicyRef&) const = default;
    [[nodiscard]] bool isEmpty() const { return name.empty(); }
    [[nodiscard]] std::string text() const { return ns.empty() ? name : ns + "/" + name; }
};

struct Policy {
    PolicyRef ref;
    std::string creationTimestamp;
    bool isDeleting = false;
    std::int64_t priority = 0;
    std::vector<ResourceSelector> resourceSelectors;
    kube::JsonObject clusters;    // config of the plugin affinity, as it stands
    kube::JsonArray tolerations;  // config of the plugin taints, as it stands
    std::vector<PluginUse> plugins;
    ReplicaStrategy strategy = ReplicaStrategy::Divide;
    std::map<std::string, ReplicaLimits, std::less<>> perCluster;
    Rebalance rebalance = Rebalance::WhenNeeded;
    OnDelete onDelete = OnDelete::Delete;
    bool suspend = false;
    // Why it cannot be used, although the schema lets it pass; it still selects its objects, so that no other
    // policy moves them. Empty: it can.
    std::string invalid;
    std::int64_t observedGeneration = 0;  // of its status
    std::vector<Condition> conditions;

    [[nodiscard]] bool isNamespaced() const { return !ref.ns.empty(); }
    // A policy that cannot be used is InvalidArgument.
    [[nodiscard]] static Result<Policy> decode(const kube::Object& object);
    // Everything of either kind is a policy; what is wrong with it stands in `invalid`.
    [[nodiscard]] static Result<Policy> read(const kube::Object& object);
};

inline constexpr std::string_view kAcceptedCondition = "Accepted";

// What its status should say of it.
[[nodiscard]] std::vector<Condition> conditionsOf(const Policy& policy, std::string_view now);

// The ClusterPlacementPolicy `default` as `kubefed init` creates it: lowest priority, every workload.
[[nodiscard]] kube::Object makeDefaultPolicy();

// ---- Placement

struct TemplateRef {
    kube::Gvk gvk;
    kube::ObjectKey key;
    std::string uid;
    bool operator==(const TemplateRef&) const = default;
    [[nodiscard]] static TemplateRef of(const kube::Object& object) {
        return {object.gvk(), object.key(), std::string(object.uid())};
    }
};

struct ClusterShare {
    std::string name;
    std::optional<std::int64_t> replicas;  // nothing for types without replicas
    bool operator==(const ClusterShare&) const = default;
};

struct PolicySeen {
    std::string uid;
    std::int64_t generation = 0;
    bool operator==(const PolicySeen&) const = default;
};

// One that uses the object, and of which no decision speaks any more: what stands of it in these clusters was
// left as it is. Without kind and name: all others than those named beside it, which were too many.
struct LeftBehind {
    kube::Gvk gvk;
    std::string name;                   // in the object's namespace
    std::vector<std::string> clusters;  // sorted
    bool operator==(const LeftBehind&) const = default;
    [[nodiscard]] bool isOthers() const { return name.empty(); }
    // Whatever its UID: it may be made anew, and takes over what stands.
    [[nodiscard]] bool isOf(const TemplateRef& other) const {
        return gvk == other.gvk && name == other.key.name;
    }
};

struct PlacementSpec {
    TemplateRef source;
    PolicyRef policy;
    std::optional<std::vector<PolicySeen>> frozenAgainst;  // present only while frozen; see policy_match.h
    std::optional<std::int64_t> replicas;
    std::int64_t unplaced = 0;
    // As the policy said when it was last there to say it: its own end must not turn Orphan into Delete.
    OnDelete onDelete = OnDelete::Delete;
    std::vector<LeftBehind> leftBehind;  // of what follows its users; sorted by kind and name
    std::vector<ClusterShare> clusters;  // sorted by name
    bool operator==(const PlacementSpec&) const = default;
    [[nodiscard]] const ClusterShare* find(std::string_view cluster) const;
};

enum class ObjectState { Pending, Applying, Synced, Drifted, Failed, Removing, Unreachable, Left };
[[nodiscard]] std::string_view toString(ObjectState state);

struct ClusterObjectStatus {
    struct Replicas {
        std::int64_t desired = 0;
        std::int64_t ready = 0;
        bool operator==(const Replicas&) const = default;
    };
    std::string name;  // of the cluster
    ObjectState state = ObjectState::Pending;
    std::string reason;
    std::string message;
    std::optional<Replicas> replicas;
    std::int64_t observedGeneration = 0;
    std::string lastTransitionTime;
    bool operator==(const ClusterObjectStatus&) const = default;
};

// The explanation as it is kept in a Placement, 4 KiB at most. See explanation.h for the full one.
struct CompactExplanation {
    struct Winner {
        std::string name;
        std::optional<std::int64_t> replicas;
        std::optional<double> score;
        std::string verdict;
        bool operator==(const Winner&) const = default;
    };
    struct Losers {
        std::string plugin;
        std::string verdict;
        std::int64_t count = 0;
        std::vector<std::string> clusters;
        bool operator==(const Losers&) const = default;
    };
    std::string decidedAt;
    std::string because;
    std::vector<Winner> clusters;
    std::vector<Losers> others;
    std::int64_t omitted = 0;
    bool operator==(const CompactExplanation&) const = default;
};

inline constexpr std::string_view kScheduledCondition = "Scheduled";
inline constexpr std::string_view kAppliedCondition = "Applied";
inline constexpr std::string_view kHealthyCondition = "Healthy";

struct PlacementStatus {
    std::int64_t observedGeneration = 0;
    std::vector<Condition> conditions;
    std::vector<ClusterObjectStatus> clusters;  // sorted by name
    std::optional<CompactExplanation> explanation;
    bool operator==(const PlacementStatus&) const = default;
};

struct Placement {
    kube::ObjectKey key;
    std::string uid;
    std::string resourceVersion;
    std::int64_t generation = 0;
    PlacementSpec spec;
    PlacementStatus status;

    [[nodiscard]] static Result<Placement> decode(const kube::Object& object);
};

[[nodiscard]] kube::JsonObject encode(const PlacementSpec& spec);
[[nodiscard]] kube::JsonObject encode(const PlacementStatus& status);
[[nodiscard]] kube::JsonObject encode(const CompactExplanation& explanation);
// A new Placement object for a template: named, owned by it, with the spec.
[[nodiscard]] kube::Object makePlacement(const kube::Object& source, const PlacementSpec& spec);

}  // namespace kubefed::fed

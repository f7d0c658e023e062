// SPDX-License-Identifier: Apache-2.0
//
// The fleet as clients see it: plain values, equal in meaning to kubefed/proto/kubefed/v1/federation.proto,
// which says what each field is. Times are milliseconds since 1970 by the controller's clock, 0: not known;
// ages are made from FleetSource::now(). Values; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kubefed::client {

using TimeMs = std::int64_t;
using ClusterNumber = std::uint32_t;  // stands for a cluster within one FleetSource; 0: none

enum class Phase { Joining, Ready, Degraded, Unauthorized, Unreachable, Leaving, Unknown };
[[nodiscard]] std::string_view toString(Phase phase);
[[nodiscard]] Phase parsePhase(std::string_view text);  // Unknown for anything else

struct PhaseChange {
    TimeMs time = 0;
    Phase phase = Phase::Unknown;
    std::string message;
    bool operator==(const PhaseChange&) const = default;
};

struct ClusterTaint {
    std::string key, value, effect;
    bool operator==(const ClusterTaint&) const = default;
};

struct ConditionView {
    std::string type, status, reason, message;
    TimeMs since = 0;
    bool operator==(const ConditionView&) const = default;
};

struct NodeCounts {
    std::int64_t ready = 0, total = 0;
    bool operator==(const NodeCounts&) const = default;
};

struct ObjectCounts {
    std::int64_t desired = 0, synced = 0, failed = 0, unclaimed = 0;
    bool operator==(const ObjectCounts&) const = default;
};

struct Cluster {
    ClusterNumber number = 0;
    std::string name;
    std::map<std::string, std::string> labels;
    Phase phase = Phase::Unknown;
    TimeMs phaseSince = 0;
    std::string reason, message;  // the worst of it; empty: all is well
    TimeMs lastContact = 0;
    TimeMs oldAfter = 0;                  // since lastContact, by its own probes; 0: as FleetInfo says
    std::optional<std::int64_t> latency;  // milliseconds
    std::string kubernetesVersion;
    std::optional<NodeCounts> nodes;  // absent: not known, never 0
    std::optional<ObjectCounts> objects;
    std::map<std::string, std::string> allocatable, requested;  // quantities
    std::vector<ClusterTaint> taints;
    bool unschedulable = false;
    std::vector<ConditionView> conditions;
    std::string apiEndpoint;
    TimeMs created = 0;
    TimeMs credentialsExpire = 0;
    std::vector<PhaseChange> timeline;    // oldest first, at most 64
    std::vector<std::int32_t> latencies;  // of the last probes, oldest first, at most 120; -1: it failed
    bool operator==(const Cluster&) const = default;
};

struct Contact {
    ClusterNumber cluster = 0;
    TimeMs lastContact = 0;
    std::int32_t latency = 0;  // -1: the probe failed
    bool isProbe = false;      // append it to Cluster::latencies
    bool operator==(const Contact&) const = default;
};

struct ObjectId {
    std::string group, version, kind, ns, name;
    auto operator<=>(const ObjectId&) const = default;
};

struct Share {
    ClusterNumber cluster = 0;
    std::string state;  // Pending, Applying, Synced, Drifted, Failed, Removing, Unreachable, Left
    std::string reason, message;
    std::optional<std::int64_t> desired, ready;
    TimeMs since = 0;
    bool operator==(const Share&) const = default;
};

enum class ObjectHealth { Healthy, Progressing, Failing, Unknown, Unscheduled, Suspended, Deleting };
[[nodiscard]] std::string_view toString(ObjectHealth health);
[[nodiscard]] ObjectHealth parseObjectHealth(std::string_view text);  // Unknown for anything else

struct Object {
    ObjectId id;
    std::string uid;
    std::string policy;  // empty: none, or it follows a workload
    std::optional<std::int64_t> wanted, ready;
    std::int64_t unplaced = 0;
    ObjectHealth health = ObjectHealth::Unknown;
    TimeMs since = 0;  // of `health`
    std::string reason, message;
    TimeMs created = 0;
    std::vector<Share> shares;  // by cluster number
    bool operator==(const Object&) const = default;
};

enum class Severity { Info, Warning, Error };

struct Activity {
    std::uint64_t number = 0;  // rises with time
    TimeMs time = 0;
    Severity severity = Severity::Info;
    ClusterNumber cluster = 0;
    std::optional<ObjectId> object;
    std::string reason, message;
    bool operator==(const Activity&) const = default;
};

struct Totals {
    std::optional<double> propagationP50, propagationP99;  // seconds, over five minutes
    std::int64_t queued = 0;
    double decisionsPerSecond = 0;
    double propagationBound = 0;  // a quantile that reaches it may be any amount larger; 0: not known
    bool operator==(const Totals&) const = default;
};

struct FleetInfo {
    std::string federationId, federation, controllerVersion;
    TimeMs probePeriod = 10'000, probeTimeout = 3'000;  // of clusters that say nothing else
    bool seesClusters = true;                           // else only names and phases of clusters come
    bool seesAllNamespaces = true;
    std::vector<std::string> namespaces;  // without seesAllNamespaces
    bool operator==(const FleetInfo&) const = default;
};

// What was last told of the cluster is no longer confirmed: its next probe is overdue by its timeout.
[[nodiscard]] inline bool isOverdue(const Cluster& cluster, TimeMs now, const FleetInfo& info) {
    const TimeMs oldAfter = cluster.oldAfter > 0 ? cluster.oldAfter : info.probePeriod + info.probeTimeout;
    return cluster.lastContact > 0 && now - cluster.lastContact > oldAfter;
}

struct FleetChanges {
    std::vector<Cluster> clusters;  // new or changed, whole
    std::vector<ClusterNumber> removedClusters;
    std::vector<Contact> contacts;
    std::vector<Object> objects;  // new or changed, whole
    std::vector<ObjectId> removedObjects;
    std::vector<Activity> activities;  // oldest first
    std::optional<Totals> totals;

    [[nodiscard]] bool isEmpty() const {
        return clusters.empty() && removedClusters.empty() && contacts.empty() && objects.empty() &&
               removedObjects.empty() && activities.empty() && !totals;
    }
};

inline constexpr std::size_t kMaxLatencies = 120;    // of Cluster::latencies
inline constexpr std::size_t kMaxTimeline = 64;      // of Cluster::timeline
inline constexpr std::size_t kMaxActivities = 1000;  // that a fleet remembers

// ---- Explanations

struct PluginWord {
    std::string plugin, stage;
    bool out = false;
    std::optional<double> score;  // before the weight
    double weight = 1;
    std::optional<std::int64_t> min, max, replicas;
    std::string reason;
};

struct Verdict {
    std::string cluster;
    bool chosen = false;
    std::optional<std::int64_t> replicas, ready;
    std::optional<double> score;
    std::string text;
    std::vector<PluginWord> words;  // in the order of the round
};

struct PluginFailure {
    std::string plugin, stage, message;
};

struct Explanation {
    ObjectId object;
    std::string policy;
    TimeMs decided = 0;
    std::string because;
    bool fromPresentInputs = false;  // evaluated now: may differ from what is placed
    bool hasReplicas = false;
    std::int64_t wanted = 0, unplaced = 0;
    std::string error;  // why the last round gave no decision
    std::vector<Verdict> verdicts;
    std::vector<PluginFailure> failures;
};

// ---- Policies

struct PolicyPlugin {
    std::string name, version, description, abi, source, sha256, state, message, lastError, configSchema;
    std::uint64_t calls = 0, failures = 0;
    std::optional<double> p50Millis, p99Millis;
    std::vector<std::string> stages;
    std::uint32_t generation = 0;
};

struct PolicyInstalled {
    PolicyPlugin plugin;
    bool isUnchanged = false;  // this very library was active already
    std::string replacedSha256;
};

}  // namespace kubefed::client

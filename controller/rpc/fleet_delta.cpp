// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/fleet_delta.h"

namespace kubefed::controller {
namespace {

template <class... Text>
std::size_t lengthOf(const Text&... texts) {
    return (texts.size() + ...);
}

std::size_t bytesOf(const std::map<std::string, std::string>& texts) {
    std::size_t bytes = 0;
    for (const auto& [key, value] : texts)
        bytes += sizeof key + sizeof value + lengthOf(key, value);
    return bytes;
}

std::size_t bytesOf(const client::ObjectId& id) {
    return sizeof id + lengthOf(id.group, id.version, id.kind, id.ns, id.name);
}

std::size_t bytesOf(const client::Cluster& cluster) {
    std::size_t bytes = sizeof cluster + bytesOf(cluster.labels) + bytesOf(cluster.allocatable) +
                        bytesOf(cluster.requested) + cluster.latencies.size() * sizeof(std::int32_t) +
                        lengthOf(cluster.name, cluster.reason, cluster.message, cluster.apiEndpoint);
    for (const client::ClusterTaint& taint : cluster.taints)
        bytes += sizeof taint + lengthOf(taint.key, taint.value, taint.effect);
    for (const client::ConditionView& condition : cluster.conditions)
        bytes += sizeof condition +
                 lengthOf(condition.type, condition.status, condition.reason, condition.message);
    for (const client::PhaseChange& change : cluster.timeline)
        bytes += sizeof change + change.message.size();
    return bytes;
}

std::size_t bytesOf(const client::Object& object) {
    std::size_t bytes = sizeof object + lengthOf(object.uid, object.policy, object.reason, object.message,
                                                 object.id.ns, object.id.name);
    for (const client::Share& share : object.shares)
        bytes += sizeof share + lengthOf(share.state, share.reason, share.message);
    return bytes;
}

std::size_t bytesOf(const client::Activity& activity) {
    return sizeof activity + lengthOf(activity.reason, activity.message);
}

}  // namespace

std::size_t estimateBytes(const FleetDelta& delta) {
    std::size_t bytes = sizeof delta + delta.removedClusters.size() * sizeof(client::ClusterNumber) +
                        delta.contacts.size() * sizeof(client::Contact);
    for (const auto& cluster : delta.clusters)
        bytes += bytesOf(*cluster);
    for (const auto& object : delta.objects)
        bytes += bytesOf(*object);
    for (const client::ObjectId& id : delta.removedObjects)
        bytes += bytesOf(id);
    for (const client::Activity& activity : delta.activities)
        bytes += bytesOf(activity);
    return bytes;
}

}  // namespace kubefed::controller

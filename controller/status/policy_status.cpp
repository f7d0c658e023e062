// SPDX-License-Identifier: Apache-2.0
#include "controller/status/policy_status.h"

#include "kubefed/fed/names.h"

namespace kubefed::controller {
namespace {

constexpr std::size_t kMaxWrites = 16;

}  // namespace

PolicyStatusWriter::PolicyStatusWriter(HostApi& host, HostMirror& mirror, Clock& clock, Metrics& metrics)
    : m_host(host), m_mirror(mirror), m_clock(clock), m_metrics(metrics), m_queue(clock, {}, {}, [this] {
          pump();
      }) {}

void PolicyStatusWriter::pump() {
    while (m_writes.size() < kMaxWrites) {
        const std::optional<kube::ObjectKey> key = m_queue.take();
        if (!key)
            return;
        if (process(*key))
            m_queue.done(*key);
    }
}

bool PolicyStatusWriter::process(const kube::ObjectKey& key) {
    const fed::Policy* policy = m_mirror.findPolicy(key);
    if (policy == nullptr || policy->isDeleting)
        return true;
    const std::vector<fed::Condition> conditions = fed::conditionsOf(*policy, toRfc3339(m_clock.wallNow()));
    if (conditions == policy->conditions && policy->observedGeneration == policy->ref.generation)
        return true;
    ++m_metrics.hostWrites["policy status"];
    kube::JsonObject body;
    // With the uid, so that a status never lands on another policy of the name.
    body["metadata"] = kube::JsonObject{{"uid", policy->ref.uid}};
    body["status"] = kube::JsonObject{{"observedGeneration", policy->ref.generation},
                                      {"conditions", fed::encodeConditions(conditions)}};
    m_writes[key] =
        m_host.patch(key.ns.empty() ? fed::clusterPlacementPolicies() : fed::placementPolicies(), key,
                     kube::printJson(body), "status",
                     [this, key](Result<kube::Object> result) { answered(key, std::move(result)); });
    return false;
}

void PolicyStatusWriter::answered(const kube::ObjectKey& key, Result<kube::Object> result) {
    const Request mine = std::move(m_writes[key]);
    m_writes.erase(key);
    if (result)
        m_mirror.takePolicy(std::move(*result));
    m_queue.done(key);
    if (result || result.error().code == Code::NotFound)
        m_queue.forget(key);
    else
        m_queue.addRateLimited(key, result.error().retryAfter.value_or(Duration{0}));
    pump();
}

}  // namespace kubefed::controller

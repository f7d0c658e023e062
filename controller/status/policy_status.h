// SPDX-License-Identifier: Apache-2.0
//
// Writes into each policy's status whether it can be used, when that differs from what stands there. Core
// thread; owned by Controller.
#pragma once

#include <map>

#include "controller/host/host_mirror.h"
#include "controller/metrics.h"
#include "kubefed/cache/work_queue.h"

namespace kubefed::controller {

class PolicyStatusWriter {
public:
    PolicyStatusWriter(HostApi& host, HostMirror& mirror, Clock& clock, Metrics& metrics);
    PolicyStatusWriter(const PolicyStatusWriter&) = delete;
    PolicyStatusWriter& operator=(const PolicyStatusWriter&) = delete;

    // Without a namespace: a ClusterPlacementPolicy. Cheap where there is nothing to write.
    void enqueue(const kube::ObjectKey& key) { m_queue.add(key); }

private:
    void pump();
    bool process(const kube::ObjectKey& key);
    void answered(const kube::ObjectKey& key, Result<kube::Object> result);

    HostApi& m_host;
    HostMirror& m_mirror;
    Clock& m_clock;
    Metrics& m_metrics;
    cache::WorkQueue<kube::ObjectKey> m_queue;
    std::map<kube::ObjectKey, Request> m_writes;  // last: ends first
};

}  // namespace kubefed::controller

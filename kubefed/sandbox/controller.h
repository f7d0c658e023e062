// SPDX-License-Identifier: Apache-2.0
//
// What the simulated controllers of a member share: its API, its clock, and a way to look at things a moment
// after something changed. Level-triggered: a controller remembers what to look at, never what to do.
#pragma once

#include <functional>
#include <string>

#include "kubefed/sandbox/local_api.h"
#include "kubefed/util/clock.h"

namespace kubefed::sandbox {

inline const kube::Gvr kPods{"", "v1", "pods"};
inline const kube::Gvr kNodes{"", "v1", "nodes"};
inline const kube::Gvr kServices{"", "v1", "services"};
inline const kube::Gvr kEndpoints{"", "v1", "endpoints"};
inline const kube::Gvr kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices"};
inline const kube::Gvr kReplicationControllers{"", "v1", "replicationcontrollers"};
inline const kube::Gvr kLeases{"coordination.k8s.io", "v1", "leases"};

// Runs `work` once, soon, however often it is poked before.
class Soon {
public:
    Soon(Clock& clock, std::function<void()> work) : m_clock(clock), m_work(std::move(work)) {}
    void poke(Duration delay = Duration{0}) {
        if (!m_timer.isActive())
            m_timer = m_clock.after(delay, [this] {
                m_timer = {};
                m_work();
            });
    }

private:
    Clock& m_clock;
    std::function<void()> m_work;
    Request m_timer;
};

[[nodiscard]] inline bool isTerminal(const kube::Object& pod) {
    const std::string_view phase = kube::stringAt(pod.document(), {"status", "phase"});
    return phase == "Succeeded" || phase == "Failed";
}
[[nodiscard]] bool isPodReady(const kube::Object& pod);
[[nodiscard]] kube::JsonObject ownerReference(const kube::Object& owner);
[[nodiscard]] std::string_view controllerUid(const kube::Object& object);

}  // namespace kubefed::sandbox

// SPDX-License-Identifier: Apache-2.0
//
// Plays the kubelets of all nodes of a simulated member: a placed pod becomes Ready after the pod delay; an
// image whose name contains "does-not-exist" cannot be pulled; a changed image restarts its container; a
// deleted pod goes after the pod delay, at most its grace period.
#pragma once

#include <map>
#include <set>

#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class Kubelet {
public:
    Kubelet(LocalApi& api, Clock& clock, Duration podDelay);
    void onPod(const kube::Object& pod, bool deleted);

private:
    void work();
    void report(const kube::Object& pod);
    [[nodiscard]] kube::JsonObject statusOf(const kube::Object& pod);
    [[nodiscard]] kube::JsonObject containerStatus(const kube::JsonObject& container,
                                                   const kube::Object& pod) const;
    [[nodiscard]] std::string addressOf(const kube::Object& pod);

    LocalApi& m_api;
    Clock& m_clock;
    const Duration m_podDelay;
    // Pods to look at, by when; a pod stands here once.
    std::multimap<SteadyTime, kube::ObjectKey> m_due;
    std::set<kube::ObjectKey> m_planned;
    std::map<std::string, std::string> m_addresses;  // by pod UID
    std::uint32_t m_nextAddress = 2;
    Request m_timer;
};

}  // namespace kubefed::sandbox

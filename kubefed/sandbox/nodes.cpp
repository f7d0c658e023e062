// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/nodes.h"

namespace kubefed::sandbox {

namespace {

constexpr std::string_view kLeaseNamespace = "kube-node-lease";
constexpr Duration kRenewEvery{60'000};  // rare: a thousand members share the machine
constexpr std::int64_t kLeaseSeconds = 200;

}  // namespace

Nodes::Nodes(LocalApi& api, Clock& clock, std::string cluster, std::string region, int count)
    : m_api(api), m_clock(clock), m_cluster(std::move(cluster)), m_region(std::move(region)) {
    for (int i = 0; i < count; ++i)
        m_names.push_back(m_cluster + "-node-" + std::to_string(i));
}

kube::JsonObject Nodes::node(const std::string& name, int index) const {
    kube::JsonObject labels{
        {"kubernetes.io/hostname", name}, {"kubernetes.io/os", "linux"}, {"kubernetes.io/arch", "amd64"}};
    if (!m_region.empty())
        labels["topology.kubernetes.io/region"] = m_region;
    const kube::JsonObject capacity{{"cpu", "4"}, {"memory", "16Gi"}, {"pods", "110"}};
    const std::string now = toRfc3339(m_clock.wallNow());
    const kube::JsonObject ready{{"type", "Ready"},          {"status", "True"},
                                 {"reason", "KubeletReady"}, {"message", "the simulated kubelet is ready"},
                                 {"lastHeartbeatTime", now}, {"lastTransitionTime", now}};
    const std::string address =
        "192.168." + std::to_string(index / 250) + "." + std::to_string(2 + index % 250);
    const kube::JsonArray addresses{kube::JsonObject{{"type", "InternalIP"}, {"address", address}},
                                    kube::JsonObject{{"type", "Hostname"}, {"address", name}}};
    const kube::JsonObject info{{"kubeletVersion", "v1.34.4"}, {"containerRuntimeVersion", "kubefed-sandbox"},
                                {"operatingSystem", "linux"},  {"architecture", "amd64"},
                                {"osImage", "simulated"},      {"kernelVersion", "simulated"}};
    return {{"apiVersion", "v1"},
            {"kind", "Node"},
            {"metadata", kube::JsonObject{{"name", name}, {"labels", std::move(labels)}}},
            {"spec", kube::JsonObject{}},
            {"status", kube::JsonObject{{"capacity", capacity},
                                        {"allocatable", capacity},
                                        {"addresses", addresses},
                                        {"conditions", kube::JsonArray{ready}},
                                        {"nodeInfo", info}}}};
}

kube::JsonObject Nodes::lease(const std::string& name) const {
    return {{"apiVersion", "coordination.k8s.io/v1"},
            {"kind", "Lease"},
            {"metadata", kube::JsonObject{{"name", name}, {"namespace", kLeaseNamespace}}},
            {"spec", kube::JsonObject{{"holderIdentity", name},
                                      {"leaseDurationSeconds", kLeaseSeconds},
                                      {"renewTime", toRfc3339Micro(m_clock.wallNow())}}}};
}

void Nodes::start() {
    int index = 0;
    for (const std::string& name : m_names) {
        m_api.create(kNodes, {}, node(name, index++));
        m_api.mergePatch(kNodes, {"", name}, {},
                         {{"spec", kube::JsonObject{{"taints", nullptr}}}});  // seen to be ready
        m_api.create(kLeases, kLeaseNamespace, lease(name));
    }
    m_timer = m_clock.after(kRenewEvery, [this] { renew(); });
}

void Nodes::renew() {
    for (const std::string& name : m_names)
        m_api.mergePatch(kLeases, {std::string(kLeaseNamespace), name}, {},
                         {{"spec", kube::JsonObject{{"renewTime", toRfc3339Micro(m_clock.wallNow())}}}});
    m_timer = m_clock.after(kRenewEvery, [this] { renew(); });
}

}  // namespace kubefed::sandbox

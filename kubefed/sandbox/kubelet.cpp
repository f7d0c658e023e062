// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/kubelet.h"

#include <algorithm>

namespace kubefed::sandbox {

namespace {

constexpr std::uint32_t kPodNetwork = (10U << 24U) | (244U << 16U);

bool cannotBePulled(std::string_view image) {
    return image.find("does-not-exist") != std::string_view::npos;
}

const kube::JsonObject* previousStatus(const kube::Object& pod, std::string_view container) {
    const kube::JsonArray* statuses = kube::arrayAt(pod.document(), {"status", "containerStatuses"});
    if (statuses != nullptr)
        for (const kube::Json& status : *statuses)
            if (status.is_object() && kube::stringAt(status.get_object(), {"name"}) == container)
                return &status.get_object();
    return nullptr;
}

const kube::JsonArray& containersOf(const kube::Object& pod) {
    static const kube::JsonArray kNone;
    const kube::JsonArray* containers = kube::arrayAt(pod.document(), {"spec", "containers"});
    return containers == nullptr ? kNone : *containers;
}

// Nothing left to report: every container has a status of its present image.
bool isReported(const kube::Object& pod) {
    return std::ranges::all_of(containersOf(pod), [&](const kube::Json& container) {
        const kube::JsonObject* status =
            previousStatus(pod, kube::stringAt(container.get_object(), {"name"}));
        return status != nullptr &&
               kube::stringAt(*status, {"image"}) == kube::stringAt(container.get_object(), {"image"});
    });
}

std::string since(const kube::Object& pod, std::string_view type, std::string_view value,
                  const std::string& now) {
    if (const kube::JsonArray* conditions = kube::arrayAt(pod.document(), {"status", "conditions"}))
        for (const kube::Json& condition : *conditions)
            if (kube::stringAt(condition.get_object(), {"type"}) == type &&
                kube::stringAt(condition.get_object(), {"status"}) == value)
                return std::string(kube::stringAt(condition.get_object(), {"lastTransitionTime"}));
    return now;
}

kube::JsonArray conditionsOf(const kube::Object& pod, const std::vector<std::string>& unready,
                             const std::string& now) {
    std::string names;
    for (const std::string& name : unready)
        names += (names.empty() ? "" : " ") + name;
    kube::JsonArray conditions;
    for (const std::string_view type :
         {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
        const bool aboutContainers = type == "Ready" || type == "ContainersReady";
        const std::string_view value = aboutContainers && !unready.empty() ? "False" : "True";
        kube::JsonObject condition{{"type", type},
                                   {"status", value},
                                   {"lastProbeTime", nullptr},
                                   {"lastTransitionTime", since(pod, type, value, now)},
                                   {"observedGeneration", pod.generation()}};
        if (value == "False") {
            condition["reason"] = "ContainersNotReady";
            condition["message"] = "containers with unready status: [" + names + "]";
        }
        conditions.push_back(std::move(condition));
    }
    return conditions;
}

}  // namespace

Kubelet::Kubelet(LocalApi& api, Clock& clock, Duration podDelay)
    : m_api(api), m_clock(clock), m_podDelay(podDelay) {}

void Kubelet::onPod(const kube::Object& pod, bool deleted) {
    if (deleted) {
        m_addresses.erase(std::string(pod.uid()));
        return;
    }
    if (kube::stringAt(pod.document(), {"spec", "nodeName"}).empty() || isTerminal(pod) ||
        (!pod.isDeleting() && isReported(pod)))
        return;
    if (!m_planned.insert(pod.key()).second)
        return;
    Duration delay = m_podDelay;
    if (pod.isDeleting())
        delay = std::min(
            delay,
            Duration{1000 *
                     kube::intAt(pod.document(), {"metadata", "deletionGracePeriodSeconds"}).value_or(0)});
    m_due.emplace(m_clock.now() + delay, pod.key());
    m_timer = m_clock.after(
        std::max(Duration{0}, std::chrono::ceil<Duration>(m_due.begin()->first - m_clock.now())),
        [this] { work(); });
}

void Kubelet::work() {
    m_timer = {};
    const SteadyTime now = m_clock.now();
    std::vector<kube::ObjectKey> ripe;
    while (!m_due.empty() && m_due.begin()->first <= now) {
        ripe.push_back(m_due.begin()->second);
        m_planned.erase(ripe.back());
        m_due.erase(m_due.begin());
    }
    for (const kube::ObjectKey& key : ripe)
        if (const kube::ObjectPtr pod = m_api.objects().get(kPods, key)) {
            if (pod->isDeleting())
                m_api.remove(kPods, key, 0);
            else if (!isReported(*pod))
                report(*pod);
        }
    if (!m_due.empty() && !m_timer.isActive())
        m_timer = m_clock.after(
            std::max(Duration{0}, std::chrono::ceil<Duration>(m_due.begin()->first - m_clock.now())),
            [this] { work(); });
}

void Kubelet::report(const kube::Object& pod) {
    m_api.mergePatch(kPods, pod.key(), "status", {{"status", statusOf(pod)}});
}

std::string Kubelet::addressOf(const kube::Object& pod) {
    std::string& address = m_addresses[std::string(pod.uid())];
    if (address.empty()) {
        const std::uint32_t number = kPodNetwork | m_nextAddress;
        m_nextAddress = m_nextAddress >= 0xfffd ? 2 : m_nextAddress + 1;
        for (int shift = 24; shift >= 0; shift -= 8)
            address += (address.empty() ? "" : ".") +
                       std::to_string((number >> static_cast<unsigned>(shift)) & 0xffU);
    }
    return address;
}

kube::JsonObject Kubelet::containerStatus(const kube::JsonObject& container, const kube::Object& pod) const {
    const std::string name(kube::stringAt(container, {"name"}));
    const std::string image(kube::stringAt(container, {"image"}));
    const kube::JsonObject* before = previousStatus(pod, name);
    std::int64_t restarts = before == nullptr ? 0 : kube::intAt(*before, {"restartCount"}).value_or(0);
    if (before != nullptr && kube::stringAt(*before, {"image"}) != image)
        ++restarts;
    const bool failed = cannotBePulled(image);
    kube::JsonObject status{{"name", name},
                            {"image", image},
                            {"imageID", ""},
                            {"ready", !failed},
                            {"started", !failed},
                            {"restartCount", restarts},
                            {"lastState", kube::JsonObject{}}};
    if (failed)
        status["state"] = kube::JsonObject{
            {"waiting", kube::JsonObject{{"reason", "ImagePullBackOff"},
                                         {"message", "Back-off pulling image \"" + image + "\""}}}};
    else
        status["state"] =
            kube::JsonObject{{"running", kube::JsonObject{{"startedAt", toRfc3339(m_clock.wallNow())}}}};
    return status;
}

kube::JsonObject Kubelet::statusOf(const kube::Object& pod) {
    const std::string now = toRfc3339(m_clock.wallNow());
    std::vector<std::string> unready;
    kube::JsonArray statuses;
    bool anyRuns = false;
    for (const kube::Json& container : containersOf(pod)) {
        kube::JsonObject status = containerStatus(container.get_object(), pod);
        if (kube::boolAt(status, {"ready"}, false))
            anyRuns = true;
        else
            unready.emplace_back(kube::stringAt(status, {"name"}));
        statuses.push_back(std::move(status));
    }
    const kube::ObjectPtr node =
        m_api.objects().get(kNodes, {"", std::string(kube::stringAt(pod.document(), {"spec", "nodeName"}))});
    const kube::JsonArray* addresses =
        node == nullptr ? nullptr : kube::arrayAt(node->document(), {"status", "addresses"});
    const std::string host(addresses == nullptr || addresses->empty()
                               ? ""
                               : kube::stringAt(addresses->front().get_object(), {"address"}));
    const std::string address = addressOf(pod);
    const std::string_view started = kube::stringAt(pod.document(), {"status", "startTime"});
    kube::JsonObject status{{"phase", anyRuns ? "Running" : "Pending"},
                            {"conditions", conditionsOf(pod, unready, now)},
                            {"containerStatuses", std::move(statuses)},
                            {"startTime", started.empty() ? std::string_view(now) : started},
                            {"podIP", address},
                            {"podIPs", kube::JsonArray{kube::JsonObject{{"ip", address}}}},
                            {"observedGeneration", pod.generation()}};
    if (!host.empty()) {
        status["hostIP"] = host;
        status["hostIPs"] = kube::JsonArray{kube::JsonObject{{"ip", host}}};
    }
    return status;
}

}  // namespace kubefed::sandbox

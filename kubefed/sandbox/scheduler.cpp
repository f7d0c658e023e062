// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/scheduler.h"

#include <algorithm>

namespace kubefed::sandbox {

namespace {

kube::Quantity quantityAt(const kube::JsonObject& object, std::initializer_list<std::string_view> path) {
    const Result<kube::Quantity> quantity = kube::Quantity::parse(kube::stringAt(object, path));
    return quantity ? *quantity : kube::Quantity();
}

bool isWaiting(const kube::Object& pod) {
    const kube::JsonArray* gates = kube::arrayAt(pod.document(), {"spec", "schedulingGates"});
    return kube::stringAt(pod.document(), {"spec", "nodeName"}).empty() && !pod.isDeleting() &&
           !isTerminal(pod) && (gates == nullptr || gates->empty()) &&
           kube::stringAt(pod.document(), {"spec", "schedulerName"}) == "default-scheduler";
}

// Does it say already, as it is now, that it fits nowhere?
bool isRefused(const kube::Object& pod) {
    const kube::JsonArray* conditions = kube::arrayAt(pod.document(), {"status", "conditions"});
    return conditions != nullptr &&
           std::any_of(conditions->begin(), conditions->end(), [&](const kube::Json& condition) {
               return condition.is_object() &&
                      kube::stringAt(condition.get_object(), {"reason"}) == "Unschedulable" &&
                      kube::intAt(condition.get_object(), {"observedGeneration"}) == pod.generation();
           });
}

bool tolerates(const kube::Object& pod, const kube::JsonObject& taint) {
    const kube::JsonArray* tolerations = kube::arrayAt(pod.document(), {"spec", "tolerations"});
    if (tolerations == nullptr)
        return false;
    const auto same = [](std::string_view wanted, std::string_view given) {
        return wanted.empty() || wanted == given;
    };
    return std::any_of(tolerations->begin(), tolerations->end(), [&](const kube::Json& json) {
        const kube::JsonObject& toleration = json.get_object();
        return same(kube::stringAt(toleration, {"key"}), kube::stringAt(taint, {"key"})) &&
               same(kube::stringAt(toleration, {"effect"}), kube::stringAt(taint, {"effect"})) &&
               (kube::stringAt(toleration, {"operator"}) == "Exists" ||
                kube::stringAt(toleration, {"value"}) == kube::stringAt(taint, {"value"}));
    });
}

bool repels(const kube::Object& node, const kube::Object& pod) {
    const kube::JsonArray* taints = kube::arrayAt(node.document(), {"spec", "taints"});
    return taints != nullptr && std::any_of(taints->begin(), taints->end(), [&](const kube::Json& taint) {
               return kube::stringAt(taint.get_object(), {"effect"}) != "PreferNoSchedule" &&
                      !tolerates(pod, taint.get_object());
           });
}

bool isSelected(const kube::Object& node, const kube::Object& pod) {
    const kube::JsonObject* selector = kube::objectAt(pod.document(), {"spec", "nodeSelector"});
    return selector == nullptr || std::all_of(selector->begin(), selector->end(), [&](const auto& pair) {
               return pair.value().is_string() && node.label({pair.key().data(), pair.key().size()}) ==
                                                      kube::view(pair.value().get_string());
           });
}

}  // namespace

Scheduler::Scheduler(LocalApi& api, Clock& clock)
    : m_api(api), m_clock(clock), m_soon(clock, [this] { sync(); }) {}

void Scheduler::onPod(const kube::Object& pod, bool deleted) {
    if (deleted || (isWaiting(pod) && !isRefused(pod)))
        m_soon.poke();
}

Scheduler::Wish Scheduler::wishOf(const kube::Object& pod) {
    Wish wish;
    if (const kube::JsonArray* containers = kube::arrayAt(pod.document(), {"spec", "containers"}))
        for (const kube::Json& container : *containers) {
            wish.cpuMilli += quantityAt(container.get_object(), {"resources", "requests", "cpu"}).milli();
            wish.memory += quantityAt(container.get_object(), {"resources", "requests", "memory"}).units();
        }
    return wish;
}

std::map<std::string, Scheduler::Node> Scheduler::freeCapacity() const {
    std::map<std::string, Node> nodes;
    m_api.objects().forEach(kNodes, {}, [&](const kube::Object& object) {
        Node& node = nodes[std::string(object.name())];
        node.object = std::make_shared<const kube::Object>(object);
        node.cpuMilli = node.cpuTotal =
            quantityAt(object.document(), {"status", "allocatable", "cpu"}).milli();
        node.memory = node.memoryTotal =
            quantityAt(object.document(), {"status", "allocatable", "memory"}).units();
        node.pods = quantityAt(object.document(), {"status", "allocatable", "pods"}).units();
    });
    m_api.objects().forEach(kPods, {}, [&](const kube::Object& pod) {
        const auto node = nodes.find(std::string(kube::stringAt(pod.document(), {"spec", "nodeName"})));
        if (node == nodes.end() || isTerminal(pod))
            return;
        const Wish used = wishOf(pod);
        node->second.cpuMilli -= used.cpuMilli;
        node->second.memory -= used.memory;
        --node->second.pods;
    });
    return nodes;
}

std::string Scheduler::obstacle(const kube::Object& pod, const Wish& wish, const Node& node) {
    if (kube::boolAt(node.object->document(), {"spec", "unschedulable"}, false))
        return "node(s) were unschedulable";
    if (repels(*node.object, pod))
        return "node(s) had untolerated taint(s)";
    if (!isSelected(*node.object, pod))
        return "node(s) didn't match Pod's node affinity/selector";
    if (node.pods < 1)
        return "Too many pods";
    if (wish.cpuMilli > node.cpuMilli)
        return "Insufficient cpu";
    return wish.memory > node.memory ? "Insufficient memory" : "";
}

void Scheduler::sync() {
    std::vector<kube::ObjectPtr> waiting;
    m_api.objects().forEach(kPods, {}, [&](const kube::Object& pod) {
        if (isWaiting(pod))
            waiting.push_back(std::make_shared<const kube::Object>(pod));
    });
    if (waiting.empty())
        return;
    std::map<std::string, Node> nodes = freeCapacity();
    for (const kube::ObjectPtr& pod : waiting)
        place(*pod, nodes);
}

void Scheduler::place(const kube::Object& pod, std::map<std::string, Node>& nodes) {
    const Wish wish = wishOf(pod);
    std::map<std::string, int> reasons;
    Node* best = nullptr;
    double bestShare = -1;
    for (auto& [name, node] : nodes) {
        if (const std::string why = obstacle(pod, wish, node); !why.empty()) {
            ++reasons[why];
            continue;
        }
        const auto share = [](std::int64_t free, std::int64_t total) {
            return static_cast<double>(free) / static_cast<double>(std::max<std::int64_t>(total, 1));
        };
        const double score = share(node.cpuMilli, node.cpuTotal) + share(node.memory, node.memoryTotal) +
                             static_cast<double>(node.pods) / 1000.0;
        if (score > bestShare) {
            bestShare = score;
            best = &node;
        }
    }
    if (best == nullptr) {
        refuse(pod, nodes.size(), reasons);
        return;
    }
    best->cpuMilli -= wish.cpuMilli;
    best->memory -= wish.memory;
    --best->pods;
    const kube::JsonObject binding{
        {"apiVersion", "v1"},
        {"kind", "Binding"},
        {"metadata", kube::JsonObject{{"name", pod.name()}, {"namespace", pod.ns()}}},
        {"target", kube::JsonObject{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", best->object->name()}}}};
    m_api.create(kPods, pod.ns(), binding, pod.name(), "binding");
}

void Scheduler::refuse(const kube::Object& pod, std::size_t nodes,
                       const std::map<std::string, int>& reasons) {
    const std::string head = "0/" + std::to_string(nodes) + " nodes are available";
    std::string message = head + ":";
    for (const auto& [reason, count] : reasons)
        message += (message.ends_with(':') ? " " : ", ") + std::to_string(count) + " " + reason;
    message += nodes == 0 ? " no nodes available to schedule pods." : ".";
    const kube::JsonArray* conditions = kube::arrayAt(pod.document(), {"status", "conditions"});
    if (conditions != nullptr && !conditions->empty() &&
        kube::stringAt(conditions->front().get_object(), {"message"}) == message)
        return;
    const kube::JsonObject condition{{"type", "PodScheduled"},
                                     {"status", "False"},
                                     {"reason", "Unschedulable"},
                                     {"message", message},
                                     {"lastProbeTime", nullptr},
                                     {"lastTransitionTime", toRfc3339(m_clock.wallNow())},
                                     {"observedGeneration", pod.generation()}};
    m_api.mergePatch(kPods, pod.key(), "status",
                     {{"status", kube::JsonObject{{"conditions", kube::JsonArray{condition}}}}});
}

}  // namespace kubefed::sandbox

// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of a simulated member: gives each waiting pod the fitting node with the largest share of free
// capacity; where none fits, the pod says so (PodScheduled=False, Unschedulable) and is tried again when it
// changes, a pod goes or a node changes. Pods with scheduling gates are left alone.
#pragma once

#include <map>

#include "kubefed/kube/quantity.h"
#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class Scheduler {
public:
    Scheduler(LocalApi& api, Clock& clock);
    void onPod(const kube::Object& pod, bool deleted);
    void onNode() { m_soon.poke(); }

private:
    struct Node {
        kube::ObjectPtr object;
        std::int64_t cpuMilli = 0, memory = 0, pods = 0;  // free
        std::int64_t cpuTotal = 1, memoryTotal = 1;
    };
    struct Wish {
        std::int64_t cpuMilli = 0, memory = 0;
    };
    void sync();
    [[nodiscard]] std::map<std::string, Node> freeCapacity() const;
    void place(const kube::Object& pod, std::map<std::string, Node>& nodes);
    void refuse(const kube::Object& pod, std::size_t nodes, const std::map<std::string, int>& reasons);
    [[nodiscard]] static Wish wishOf(const kube::Object& pod);
    [[nodiscard]] static std::string obstacle(const kube::Object& pod, const Wish& wish, const Node& node);

    LocalApi& m_api;
    Clock& m_clock;
    Soon m_soon;
};

}  // namespace kubefed::sandbox

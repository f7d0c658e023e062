// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

// What one pod's row is computed from, in the steps of kubectl's printer: init containers first, then (once
// they are done) the containers.
struct Row {
    std::string reason;
    std::string lastRestart;
    std::int64_t restarts = 0;
    int ready = 0;
    int total = 0;

    void noteRestart(const kube::JsonObject& container) {
        const std::string_view finished =
            kube::stringAt(container, {"lastState", "terminated", "finishedAt"});
        if (finished > lastRestart)  // RFC 3339 in UTC: text order is time order
            lastRestart = finished;
    }
};

std::string terminatedReason(const kube::JsonObject& terminated) {
    if (const std::string_view reason = textOf(terminated, "reason"); !reason.empty())
        return std::string(reason);
    if (const std::int64_t signal = numberOf(terminated, "signal", 0); signal != 0)
        return "Signal:" + std::to_string(signal);
    return "ExitCode:" + std::to_string(numberOf(terminated, "exitCode", 0));
}

bool hasCondition(const kube::JsonObject& status, std::string_view type) {
    bool found = false;
    forEachObject(status, "conditions", [&](const kube::JsonObject& condition, std::size_t) {
        found = found || (textOf(condition, "type") == type && textOf(condition, "status") == "True");
    });
    return found;
}

// True while the pod is held up by an init container.
bool readInitContainers(const kube::JsonObject& spec, const kube::JsonObject& status, Row& row,
                        Row& sidecars) {
    std::set<std::string, std::less<>> restartable;
    std::size_t count = 0;
    forEachObject(spec, "initContainers", [&](const kube::JsonObject& container, std::size_t) {
        ++count;
        if (textOf(container, "restartPolicy") == "Always") {
            restartable.emplace(textOf(container, "name"));
            ++row.total;
        }
    });
    bool held = false;
    forEachObject(status, "initContainerStatuses", [&](const kube::JsonObject& container, std::size_t i) {
        if (held)
            return;
        const bool sidecar = restartable.contains(textOf(container, "name"));
        row.restarts += numberOf(container, "restartCount", 0);
        row.noteRestart(container);
        if (sidecar) {
            sidecars.restarts += numberOf(container, "restartCount", 0);
            sidecars.noteRestart(container);
        }
        const kube::JsonObject* terminated = kube::objectAt(container, {"state", "terminated"});
        const std::string_view waiting = kube::stringAt(container, {"state", "waiting", "reason"});
        if (terminated != nullptr && numberOf(*terminated, "exitCode", 0) == 0)
            return;
        if (sidecar && truthOf(container, "started")) {
            row.ready += truthOf(container, "ready") ? 1 : 0;
            return;
        }
        held = true;
        if (terminated != nullptr)
            row.reason = "Init:" + terminatedReason(*terminated);
        else if (!waiting.empty() && waiting != "PodInitializing")
            row.reason = "Init:" + std::string(waiting);
        else
            row.reason = "Init:" + std::to_string(i) + "/" + std::to_string(count);
    });
    return held;
}

void readContainers(const kube::JsonObject& status, Row& row) {
    bool running = false;
    const kube::JsonArray* containers = arrayOf(status, "containerStatuses");
    for (std::size_t n = containers == nullptr ? 0 : containers->size(); n-- > 0;) {
        const kube::JsonObject* container = (*containers)[n].if_object();
        if (container == nullptr)
            continue;
        row.restarts += numberOf(*container, "restartCount", 0);
        row.noteRestart(*container);
        const std::string_view waiting = kube::stringAt(*container, {"state", "waiting", "reason"});
        if (!waiting.empty()) {
            row.reason = waiting;
        } else if (const kube::JsonObject* terminated = kube::objectAt(*container, {"state", "terminated"})) {
            row.reason = terminatedReason(*terminated);
        } else if (truthOf(*container, "ready") &&
                   kube::objectAt(*container, {"state", "running"}) != nullptr) {
            running = true;
            ++row.ready;
        }
    }
    if (row.reason == "Completed" && running)
        row.reason = hasCondition(status, "Ready") ? "Running" : "NotReady";
}

std::string readinessGates(const kube::JsonObject& spec, const kube::JsonObject& status) {
    int gates = 0, open = 0;
    forEachObject(spec, "readinessGates", [&](const kube::JsonObject& gate, std::size_t) {
        ++gates;
        open += hasCondition(status, textOf(gate, "conditionType")) ? 1 : 0;
    });
    return gates == 0 ? "<none>" : std::to_string(open) + "/" + std::to_string(gates);
}

Row rowOf(const kube::JsonObject& pod, const kube::JsonObject& spec, const kube::JsonObject& status) {
    Row row, sidecars;
    const std::string_view phase = textOf(status, "phase");
    row.reason = textOf(status, "reason").empty() ? phase : textOf(status, "reason");
    forEachObject(status, "conditions", [&](const kube::JsonObject& condition, std::size_t) {
        if (textOf(condition, "type") == "PodScheduled" && textOf(condition, "reason") == "SchedulingGated")
            row.reason = "SchedulingGated";
    });
    if (const kube::JsonArray* containers = arrayOf(spec, "containers"))
        row.total = static_cast<int>(containers->size());
    const bool held = readInitContainers(spec, status, row, sidecars);
    if (!held || hasCondition(status, "Initialized")) {
        row.restarts = sidecars.restarts;
        row.lastRestart = sidecars.lastRestart;
        readContainers(status, row);
    }
    if (!kube::stringAt(pod, {"metadata", "deletionTimestamp"}).empty()) {
        if (textOf(status, "reason") == "NodeLost")
            row.reason = "Unknown";
        else if (phase != "Succeeded" && phase != "Failed")
            row.reason = "Terminating";
    }
    return row;
}

}  // namespace

void podCells(const kube::JsonObject& pod, WallTime now, kube::JsonArray& out) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* specPart = objectOf(pod, "spec");
    const kube::JsonObject* statusPart = objectOf(pod, "status");
    const kube::JsonObject& spec = specPart == nullptr ? kNone : *specPart;
    const kube::JsonObject& status = statusPart == nullptr ? kNone : *statusPart;
    const Row row = rowOf(pod, spec, status);
    std::string restarts = std::to_string(row.restarts);
    if (row.restarts != 0 && !row.lastRestart.empty())
        restarts += " (" + ageOf(row.lastRestart, now) + " ago)";
    std::string_view ip;
    forEachObject(status, "podIPs", [&](const kube::JsonObject& address, std::size_t i) {
        if (i == 0)
            ip = textOf(address, "ip");
    });
    out.emplace_back(nameOf(pod));
    out.emplace_back(std::to_string(row.ready) + "/" + std::to_string(row.total));
    out.emplace_back(row.reason);
    out.emplace_back(restarts);
    out.emplace_back(ageOf(pod, now));
    out.emplace_back(orNone(ip));
    out.emplace_back(orNone(textOf(spec, "nodeName")));
    out.emplace_back(orNone(textOf(status, "nominatedNodeName")));
    out.emplace_back(readinessGates(spec, status));
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/pod.h"

#include <array>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

const kube::JsonObject& specOf(const kube::JsonObject& pod) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* spec = objectOf(pod, "spec");
    return spec == nullptr ? kNone : *spec;
}

// A kubelet that does not know observedGeneration leaves it out: what was known stays.
void keepObservedGenerations(kube::JsonObject& next, const kube::JsonObject& previous) {
    if (numberOf(next, "observedGeneration", 0) == 0 && previous.contains("observedGeneration"))
        next["observedGeneration"] = previous.at("observedGeneration");
    forEachObject(next, "conditions", [&](kube::JsonObject& condition, std::size_t) {
        if (numberOf(condition, "observedGeneration", 0) != 0)
            return;
        forEachObject(previous, "conditions", [&](const kube::JsonObject& old, std::size_t) {
            if (textOf(old, "type") == textOf(condition, "type") && old.contains("observedGeneration"))
                condition["observedGeneration"] = old.at("observedGeneration");
        });
    });
}

// What is no pointer in Go is written even where it says nothing.
void defaultContainerStatus(kube::JsonObject& container) {
    for (const std::string_view key : {"state", "lastState"}) {
        kube::JsonObject& state = kube::ensureObject(container, {key});
        if (kube::JsonObject* running = objectOf(state, "running"))
            writeAbsent(*running, {"startedAt"});
        if (kube::JsonObject* terminated = objectOf(state, "terminated"))
            writeAbsent(*terminated, {"startedAt", "finishedAt"});
    }
    for (const std::string_view key : {"image", "imageID"})
        if (!container.contains(key))
            container[key] = "";
    if (!container.contains("ready"))
        container["ready"] = false;
    if (!container.contains("restartCount"))
        container["restartCount"] = 0;
}

bool isGated(const kube::JsonObject& spec) {
    const kube::JsonArray* gates = arrayOf(spec, "schedulingGates");
    return gates != nullptr && !gates->empty();
}

// Addresses that a status tells, one of each family at most.
void checkStatusAddresses(Checker& checker, const kube::JsonObject& status, std::string_view key) {
    const Path path = Path("status").child(key);
    std::array<int, 2> families{};
    std::size_t count = 0;
    kube::JsonArray shown;
    forEachObject(status, key, [&](const kube::JsonObject& entry, std::size_t i) {
        const std::string_view ip = textOf(entry, "ip");
        const std::optional<IpAddress> address = parseIp(ip);
        if (!address)
            checker.invalid(path.index(i), kube::Json(ip),
                            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        else
            ++families.at(address->v6 ? 1 : 0);
        shown.emplace_back(kube::JsonObject{{"IP", ip}});
        ++count;
    });
    if (count > 1 && (families[0] > 1 || families[1] > 1))
        checker.invalid(path, shown, "may specify no more than one IP for each IP family");
}

class PodStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        defaultPodSpec(spec);
        defaultPod(spec);
        if (kube::JsonObject* status = objectOf(object, "status")) {
            // The older name of the first address; it counts where the two differ.
            const kube::JsonArray* ips = arrayOf(*status, "podIPs");
            const std::string ip(textOf(*status, "podIP"));
            if (!ip.empty() && (ips == nullptr || ips->empty() || !ips->front().is_object() ||
                                textOf(ips->front().get_object(), "ip") != ip))
                (*status)["podIPs"] = kube::JsonArray{kube::JsonObject{{"ip", ip}}};
            for (const std::string_view list :
                 {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"})
                forEachObject(*status, list, [](kube::JsonObject& container, std::size_t) {
                    defaultContainerStatus(container);
                });
            writeConditionTimes(*status, {"lastProbeTime", "lastTransitionTime"});
        }
    }

    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext& context) const override {
        KUBEFED_TRY(admitPod(object, context.objects));
        kube::JsonObject status{{"phase", "Pending"}, {"qosClass", qosClass(specOf(object))}};
        if (isGated(specOf(object)))
            status["conditions"] = kube::JsonArray{
                kube::JsonObject{{"type", "PodScheduled"},
                                 {"status", "False"},
                                 {"reason", "SchedulingGated"},
                                 {"message", "Scheduling is blocked due to non-empty scheduling gates"},
                                 {"lastProbeTime", nullptr},
                                 {"lastTransitionTime", toRfc3339(context.now)}}};
        object["status"] = std::move(status);
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "binding")  // made by the server itself: nodeName and PodScheduled
            return;
        if (context.subresource != "status") {
            carryOver(next, previous, "status");
            addDefaultTolerations(kube::ensureObject(next, {"spec"}));
            return;
        }
        keepOnlyStatus(next, previous);
        static const kube::JsonObject kNone;
        const kube::JsonObject* before = objectOf(previous, "status");
        kube::JsonObject& status = kube::ensureObject(next, {"status"});
        if (textOf(status, "qosClass").empty() && before != nullptr)
            carryOver(status, *before, "qosClass");
        keepObservedGenerations(status, before == nullptr ? kNone : *before);
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        checkPodSpec(checker, specOf(object), Path("spec"), true);
        if (const kube::JsonArray* late = arrayOf(specOf(object), "ephemeralContainers");
            late != nullptr && !late->empty())
            checker.forbidden(Path("spec.ephemeralContainers"), "cannot be set on create");
        if (isGated(specOf(object)) && !textOf(specOf(object), "nodeName").empty())
            checker.forbidden(Path("spec.nodeName"),
                              "cannot be set until all schedulingGates have been cleared");
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        Checker checker;
        if (context.subresource == "status") {
            checker.immutable(Path("status.qosClass"), next.at("status").get_object().if_contains("qosClass"),
                              kube::find(previous, {"status", "qosClass"}));
            for (const std::string_view key : {"podIPs", "hostIPs"})
                checkStatusAddresses(checker, next.at("status").get_object(), key);
            return checker.take();
        }
        if (context.subresource == "binding")
            return {};
        checkPodSpec(checker, specOf(next), Path("spec"), true);
        // What was stored before a default was known has it all the same.
        kube::JsonObject before = previous;
        applyDefaults(before);
        checkPodSpecUpdate(checker, specOf(next), specOf(before));
        return checker.take();
    }

    [[nodiscard]] std::vector<std::string> warnings(const kube::JsonObject& object,
                                                    const kube::JsonObject* previous) const override {
        // People seldom change pods themselves.
        return previous != nullptr ? std::vector<std::string>() : podWarnings(specOf(object), "spec");
    }
    [[nodiscard]] bool hasGeneration() const override { return true; }

    // A pod that no node runs, or that has ended, goes at once.
    [[nodiscard]] std::optional<std::int64_t> gracePeriod(const kube::JsonObject& object) const override {
        const std::string_view phase = kube::stringAt(object, {"status", "phase"});
        if (textOf(specOf(object), "nodeName").empty() || phase == "Succeeded" || phase == "Failed")
            return 0;
        const std::int64_t seconds = numberOf(specOf(object), "terminationGracePeriodSeconds", 0);
        return seconds < 0 ? 1 : seconds;
    }

    [[nodiscard]] std::vector<std::string> selectableFields() const override {
        return {"spec.nodeName",    "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "spec.hostNetwork", "status.phase",       "status.podIP",       "status.nominatedNodeName"};
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(),
                column("Ready"),
                column("Status"),
                column("Restarts"),
                column("Age"),
                column("IP", 1),
                column("Node", 1),
                column("Nominated Node", 1),
                column("Readiness Gates", 1)};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        podCells(object, now, out);
    }
};

}  // namespace

StrategyPtr makePodStrategy() {
    return std::make_shared<PodStrategy>();
}

}  // namespace kubefed::apiserver

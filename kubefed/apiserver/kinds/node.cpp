// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/quantities.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";

std::string addressOf(const kube::JsonObject& status, std::string_view type) {
    std::string found;
    forEachObject(status, "addresses", [&](const kube::JsonObject& address, std::size_t) {
        if (found.empty() && textOf(address, "type") == type)
            found = textOf(address, "address");
    });
    return orNone(found);
}

std::string rolesOf(const kube::JsonObject& object) {
    std::set<std::string> roles;
    if (const kube::JsonObject* labels = kube::objectAt(object, {"metadata", "labels"}))
        for (const auto& [key, value] : *labels) {
            const std::string_view name(key.data(), key.size());
            if (name.starts_with(kRolePrefix) && name.size() > kRolePrefix.size())
                roles.emplace(name.substr(kRolePrefix.size()));
            else if (name == "kubernetes.io/role" && value.is_string() && !value.get_string().empty())
                roles.emplace(kube::view(value.get_string()));
        }
    return orNone(joined({roles.begin(), roles.end()}, ","));
}

std::string statusOf(const kube::JsonObject& object, const kube::JsonObject& status) {
    std::string text = "Unknown";
    forEachObject(status, "conditions", [&](const kube::JsonObject& condition, std::size_t) {
        if (textOf(condition, "type") == "Ready")
            text = textOf(condition, "status") == "True" ? "Ready" : "NotReady";
    });
    return kube::boolAt(object, {"spec", "unschedulable"}, false) ? text + ",SchedulingDisabled" : text;
}

class NodeStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        dropZero(spec, {"unschedulable", "podCIDR", "providerID"});
        pairCidrs(spec);
        kube::JsonObject& status = kube::ensureObject(object, {"status"});
        canonicalQuantities(objectOf(status, "capacity"));
        if (!status.contains("allocatable") && status.contains("capacity"))
            status["allocatable"] = kube::Json(status.at("capacity"));
        canonicalQuantities(objectOf(status, "allocatable"));
        kube::JsonObject& endpoint = kube::ensureObject(status, {"daemonEndpoints", "kubeletEndpoint"});
        if (!endpoint.contains("Port"))
            endpoint["Port"] = 0;
        writeConditionTimes(status, {"lastHeartbeatTime", "lastTransitionTime"});
        kube::JsonObject& info = kube::ensureObject(status, {"nodeInfo"});
        for (const std::string_view key :
             {"machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion",
              "kubeletVersion", "kubeProxyVersion", "operatingSystem", "architecture"})
            if (!info.contains(key))
                info[key] = "";
    }

    // A new node takes no pods until something has seen that it is ready.
    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext&) const override {
        kube::Json& value = kube::ensureObject(object, {"spec"})["taints"];
        kube::JsonArray& taints = value.is_array() ? value.get_array() : value.emplace_array();
        const kube::JsonObject notReady{{"effect", "NoSchedule"}, {"key", "node.kubernetes.io/not-ready"}};
        if (std::ranges::none_of(taints,
                                 [&](const kube::Json& taint) { return kube::equal(taint, notReady); }))
            taints.push_back(notReady);
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status")
            keepOnlyStatus(next, previous);
        else
            carryOver(next, previous, "status");
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        checkTaints(checker, object);
        checkCidrs(checker, cidrsOf(object));
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        if (context.subresource == "status")
            return {};  // the spec is the one that was stored
        Checker checker;
        checkTaints(checker, next);
        const std::string_view provider = kube::stringAt(previous, {"spec", "providerID"});
        if (!provider.empty() && provider != kube::stringAt(next, {"spec", "providerID"}))
            checker.forbidden(Path("spec.providerID"),
                              "node updates may not change providerID except from \"\" to valid");
        checkCidrUpdate(checker, cidrsOf(next), cidrsOf(previous));
        return checker.take();
    }

    [[nodiscard]] std::vector<std::string> selectableFields() const override {
        return {"spec.unschedulable"};
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(),
                column("Status"),
                column("Roles"),
                column("Age"),
                column("Version"),
                column("Internal-IP", 1),
                column("External-IP", 1),
                column("OS-Image", 1),
                column("Kernel-Version", 1),
                column("Container-Runtime", 1)};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        static const kube::JsonObject kNone;
        const kube::JsonObject* present = objectOf(object, "status");
        const kube::JsonObject& status = present == nullptr ? kNone : *present;
        const auto info = [&](std::string_view key) {
            const std::string_view text = kube::stringAt(status, {"nodeInfo", key});
            return text.empty() ? std::string_view("<unknown>") : text;
        };
        out.emplace_back(nameOf(object));
        out.emplace_back(statusOf(object, status));
        out.emplace_back(rolesOf(object));
        out.emplace_back(ageOf(object, now));
        out.emplace_back(kube::stringAt(status, {"nodeInfo", "kubeletVersion"}));
        out.emplace_back(addressOf(status, "InternalIP"));
        out.emplace_back(addressOf(status, "ExternalIP"));
        for (const std::string_view key : {"osImage", "kernelVersion", "containerRuntimeVersion"})
            out.emplace_back(info(key));
    }

private:
    // The older name of the first one; it counts where the two differ.
    static void pairCidrs(kube::JsonObject& spec) {
        const kube::JsonArray* all = arrayOf(spec, "podCIDRs");
        const std::string first(textOf(spec, "podCIDR"));
        const bool none = all == nullptr || all->empty();
        if (first.empty() && !none)
            spec["podCIDR"] = all->front();
        else if (!first.empty() && (none || all->front() != kube::Json(first)))
            spec["podCIDRs"] = kube::JsonArray{kube::Json(first)};
    }
    // As pairCidrs() leaves them, whoever stored them.
    static kube::JsonArray cidrsOf(const kube::JsonObject& object) {
        const kube::JsonObject* present = objectOf(object, "spec");
        if (present == nullptr)
            return {};
        kube::JsonObject spec = *present;
        pairCidrs(spec);
        const kube::JsonArray* all = arrayOf(spec, "podCIDRs");
        return all == nullptr ? kube::JsonArray() : *all;
    }
    static void checkCidrs(Checker& checker, const kube::JsonArray& all) {
        const Path path("spec.podCIDRs");
        std::array<int, 2> families{};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string_view cidr =
                all[i].is_string() ? kube::view(all[i].get_string()) : std::string_view();
            if (!isCidr(cidr))
                checker.invalid(path.index(i), cidr,
                                {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"});
            ++families[cidr.find(':') == std::string_view::npos ? 0 : 1];
        }
        if (families[0] > 1 || families[1] > 1)
            checker.invalid(path, kube::Json(all), "may specify no more than one CIDR for each IP family");
    }
    static void checkCidrUpdate(Checker& checker, const kube::JsonArray& next,
                                const kube::JsonArray& previous) {
        std::size_t changed = next.size() == previous.size() ? 0 : 1;
        for (std::size_t i = 0; next.size() == previous.size() && i < next.size(); ++i)
            changed += previous[i] == next[i] ? 0 : 1;
        if (changed == 0)
            return;
        checkCidrs(checker, next);
        Checker former;
        checkCidrs(former, previous);
        // What an older server stored and none would take today may be mended.
        if (previous.empty() || former.count() > 0)
            return;
        for (; changed > 0; --changed)
            checker.forbidden(Path("spec.podCIDRs"),
                              "node updates may not change podCIDR except from \"\" to valid");
    }
    static void checkTaints(Checker& checker, const kube::JsonObject& object) {
        std::set<std::pair<std::string, std::string>> seen;
        const kube::JsonObject* spec = objectOf(object, "spec");
        if (spec == nullptr)
            return;
        forEachObject(*spec, "taints", [&](const kube::JsonObject& taint, std::size_t i) {
            const Path path = Path("metadata.taints").index(i);  // sic: the path that the real server reports
            const std::string_view key = textOf(taint, "key");
            const std::string_view value = textOf(taint, "value");
            const std::string_view effect = textOf(taint, "effect");
            checker.invalid(path.child("key"), key, qualifiedNameProblems(key));
            if (const Problems problems = labelValueProblems(value); !problems.empty())
                checker.invalid(path.child("value"), value, {joined(problems, ";")});
            checker.oneOf(path.child("effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"},
                          true);
            if (!seen.emplace(key, effect).second)
                checker.duplicate(path, taint);
        });
    }
};

class EventStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        kube::ensureObject(object, {"source"});
        writeAbsent(object, {"eventTime", "firstTimestamp", "lastTimestamp"});
        for (const std::string_view key : {"reportingComponent", "reportingInstance"})
            if (!object.contains(key))
                object[key] = "";
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        const std::string_view ns = kube::stringAt(object, {"metadata", "namespace"});
        const std::string_view involved = kube::stringAt(object, {"involvedObject", "namespace"});
        const Path path("involvedObject.namespace");
        const bool modern = !textOf(object, "eventTime").empty();
        const bool homeless =
            involved.empty() && (ns == "default" || ns.empty() || (modern && ns == "kube-system"));
        if (!homeless && involved != ns && (!modern || involved.empty()))
            checker.invalid(path, kube::Json(involved), "does not match event.namespace");
        if (modern) {
            const std::string_view reporter = textOf(object, "reportingComponent");
            if (reporter.empty())
                checker.required(Path("reportingComponent"));
            checker.invalid(Path("reportingComponent"), reporter, qualifiedNameProblems(reporter));
            if (textOf(object, "reportingInstance").empty())
                checker.required(Path("reportingInstance"));
            if (textOf(object, "action").empty())
                checker.required(Path("action"));
            if (textOf(object, "reason").empty())
                checker.required(Path("reason"));
        }
        return checker.take();
    }

    [[nodiscard]] std::vector<std::string> selectableFields() const override {
        return {"involvedObject.kind",       "involvedObject.namespace",
                "involvedObject.name",       "involvedObject.uid",
                "involvedObject.apiVersion", "involvedObject.resourceVersion",
                "involvedObject.fieldPath",  "reason",
                "reportingComponent",        "type"};
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        TableColumn name = nameColumn();
        name.priority = 1;
        return {column("Last Seen"),    column("Type"),
                column("Reason"),       column("Object"),
                column("Subobject", 1), column("Source", 1),
                column("Message"),      column("First Seen", 1),
                column("Count", 1),     name};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        const auto firstOf = [&](std::string_view a, std::string_view b) { return a.empty() ? b : a; };
        const std::string first =
            ageOf(firstOf(textOf(object, "firstTimestamp"), textOf(object, "eventTime")), now);
        const std::string_view lastTime =
            firstOf(kube::stringAt(object, {"series", "lastObservedTime"}), textOf(object, "lastTimestamp"));
        std::string target(kube::stringAt(object, {"involvedObject", "kind"}));
        std::ranges::transform(target, target.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (const std::string_view name = kube::stringAt(object, {"involvedObject", "name"}); !name.empty())
            target.append("/").append(name);
        std::string source(
            firstOf(kube::stringAt(object, {"source", "component"}), textOf(object, "reportingComponent")));
        const std::string_view host =
            firstOf(kube::stringAt(object, {"source", "host"}), textOf(object, "reportingInstance"));
        if (!host.empty())
            source.append(", ").append(host);
        const std::int64_t count =
            kube::intAt(object, {"series", "count"}).value_or(numberOf(object, "count", 0));
        std::string message(textOf(object, "message"));
        message.erase(0, std::min(message.find_first_not_of(" \n\t\r"), message.size()));
        message.erase(message.find_last_not_of(" \n\t\r") + 1);
        out.emplace_back(lastTime.empty() ? first : ageOf(lastTime, now));
        out.emplace_back(textOf(object, "type"));
        out.emplace_back(textOf(object, "reason"));
        out.emplace_back(target);
        out.emplace_back(kube::stringAt(object, {"involvedObject", "fieldPath"}));
        out.emplace_back(source);
        out.emplace_back(message);
        out.emplace_back(first);
        out.emplace_back(count == 0 ? 1 : count);
        out.emplace_back(nameOf(object));
    }
};

}  // namespace

StrategyPtr makeNodeStrategy() {
    return std::make_shared<NodeStrategy>();
}
StrategyPtr makeEventStrategy() {
    return std::make_shared<EventStrategy>();
}

}  // namespace kubefed::apiserver

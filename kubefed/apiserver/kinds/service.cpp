// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/service.h"

#include <set>

#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::apiserver {

namespace {

const kube::JsonObject& partOf(const kube::JsonObject& object, std::string_view key) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* part = objectOf(object, key);
    return part == nullptr ? kNone : *part;
}

void defaultAffinity(kube::JsonObject& spec) {
    setDefault(spec, "sessionAffinity", "None");
    if (textOf(spec, "sessionAffinity") == "None")
        spec.erase("sessionAffinityConfig");
    if (textOf(spec, "sessionAffinity") == "ClientIP" &&
        !kube::intAt(spec, {"sessionAffinityConfig", "clientIP", "timeoutSeconds"}))
        kube::ensureObject(spec, {"sessionAffinityConfig", "clientIP"})["timeoutSeconds"] = 10800;
}

std::string externalCell(const kube::JsonObject& spec, const kube::JsonObject& status) {
    const std::string_view type = textOf(spec, "type");
    std::vector<std::string> external;
    if (const kube::JsonArray* ips = arrayOf(spec, "externalIPs"))
        for (const kube::Json& ip : *ips)
            external.emplace_back(ip.is_string() ? kube::view(ip.get_string()) : std::string_view());
    if (type == "ExternalName")
        return std::string(textOf(spec, "externalName"));
    if (type != "LoadBalancer")
        return orNone(joined(external, ","));
    std::set<std::string> ingress;
    forEachObject(partOf(status, "loadBalancer"), "ingress", [&](const kube::JsonObject& entry, std::size_t) {
        const std::string_view ip = textOf(entry, "ip");
        if (const std::string_view shown = ip.empty() ? textOf(entry, "hostname") : ip; !shown.empty())
            ingress.emplace(shown);
    });
    std::vector<std::string> all(ingress.begin(), ingress.end());
    all.insert(all.end(), external.begin(), external.end());
    return all.empty() ? "<pending>" : joined(all, ",");
}

std::string portsCell(const kube::JsonObject& spec) {
    std::vector<std::string> pieces;
    forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t) {
        std::string piece = std::to_string(numberOf(port, "port", 0));
        if (const std::int64_t nodePort = numberOf(port, "nodePort", 0); nodePort > 0)
            piece += ":" + std::to_string(nodePort);
        pieces.push_back(piece.append("/").append(textOf(port, "protocol")));
    });
    return orNone(joined(pieces, ","));
}

class ServiceStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        setDefault(spec, "type", "ClusterIP");
        defaultAffinity(spec);
        dropZero(spec, {"clusterIP", "externalName", "loadBalancerIP", "externalTrafficPolicy",
                        "healthCheckNodePort", "publishNotReadyAddresses"});
        forEachObject(spec, "ports", [](kube::JsonObject& port, std::size_t) {
            setDefault(port, "protocol", "TCP");
            dropZero(port, {"name", "nodePort", "targetPort"});
            if (member(port, "targetPort") == nullptr)
                port["targetPort"] = numberOf(port, "port", 0);
        });
        if (externallyAccessible(spec))
            setDefault(spec, "externalTrafficPolicy", "Cluster");
        if (needsClusterIp(spec))
            setDefault(spec, "internalTrafficPolicy", "Cluster");
        if (textOf(spec, "type") == "LoadBalancer" &&
            member(spec, "allocateLoadBalancerNodePorts") == nullptr)
            spec["allocateLoadBalancerNodePorts"] = true;
        kube::JsonObject& balancer = kube::ensureObject(object, {"status", "loadBalancer"});
        forEachObject(balancer, "ingress", [](kube::JsonObject& entry, std::size_t) {
            if (!textOf(entry, "ip").empty())
                setDefault(entry, "ipMode", "VIP");
        });
    }

    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext& context) const override {
        object["status"] = kube::JsonObject{{"loadBalancer", kube::JsonObject{}}};
        Causes causes = allocateForService(object, nullptr, context.objects);
        if (!causes.empty())
            return fail(kube::invalid({"", "v1", "Service"}, nameOf(object), std::move(causes)));
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status") {
            keepOnlyStatus(next, previous);
            return;
        }
        carryOver(next, previous, "status");
        patchAllocated(next, previous);
        (void)allocateForService(next, &previous,
                                 context.objects);  // what is refused, validateUpdate says again
        if (kube::stringAt(next, {"spec", "type"}) != "LoadBalancer")
            kube::ensureObject(next, {"status"})["loadBalancer"] = kube::JsonObject{};
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        checkService(checker, partOf(object, "spec"));
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        Checker checker;
        if (context.subresource == "status") {
            checkServiceStatus(checker, partOf(next, "status"), partOf(next, "spec"));
            return checker.take();
        }
        checkServiceUpdate(checker, partOf(next, "spec"), partOf(previous, "spec"));
        checkService(checker, partOf(next, "spec"));
        if (!checker.clean())
            return checker.take();
        kube::JsonObject copy = next;
        return allocateForService(copy, &previous, context.objects);
    }

    [[nodiscard]] std::string_view nameRule() const override { return "dns-1035-label"; }
    [[nodiscard]] std::vector<std::string> selectableFields() const override {
        return {"spec.clusterIP", "spec.type"};
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(),      column("Type"), column("Cluster-IP"), column("External-IP"),
                column("Port(s)"), column("Age"),  column("Selector", 1)};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        const kube::JsonObject& spec = partOf(object, "spec");
        out.emplace_back(nameOf(object));
        out.emplace_back(textOf(spec, "type"));
        out.emplace_back(orNone(textOf(spec, "clusterIP")));
        out.emplace_back(externalCell(spec, partOf(object, "status")));
        out.emplace_back(portsCell(spec));
        out.emplace_back(ageOf(object, now));
        out.emplace_back(labelsCell(objectOf(spec, "selector")));
    }
};

bool sameMember(const kube::JsonObject& a, const kube::JsonObject& b, std::string_view key) {
    return sameValue(a.if_contains(key), b.if_contains(key));
}

void patchNodePorts(kube::JsonObject& spec, const kube::JsonObject& old) {
    std::set<std::int64_t> kept;
    forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t) {
        kept.insert(numberOf(port, "nodePort", 0));
    });
    forEachObject(spec, "ports", [&](kube::JsonObject& port, std::size_t) {
        if (numberOf(port, "nodePort", 0) != 0)
            return;
        forEachObject(old, "ports", [&](const kube::JsonObject& before, std::size_t) {
            const std::int64_t number = numberOf(before, "nodePort", 0);
            if (number != 0 && textOf(before, "name") == textOf(port, "name") && kept.insert(number).second)
                port["nodePort"] = number;
        });
    });
}

bool sameNodePorts(const kube::JsonObject& a, const kube::JsonObject& b) {
    std::multiset<std::int64_t> left, right;
    forEachObject(a, "ports", [&](const kube::JsonObject& port, std::size_t) {
        left.insert(numberOf(port, "nodePort", 0));
    });
    forEachObject(b, "ports", [&](const kube::JsonObject& port, std::size_t) {
        right.insert(numberOf(port, "nodePort", 0));
    });
    return left == right;
}

}  // namespace

void patchAllocated(kube::JsonObject& next, const kube::JsonObject& previous) {
    kube::JsonObject& spec = kube::ensureObject(next, {"spec"});
    const kube::JsonObject& old = partOf(previous, "spec");
    if (needsClusterIp(old) && needsClusterIp(spec)) {
        if (textOf(spec, "clusterIP").empty())
            carryOver(spec, old, "clusterIP");
        if (!spec.contains("clusterIPs"))
            carryOver(spec, old, "clusterIPs");
        // Only the singular changed: the plural follows, and validation judges.
        if (!sameMember(spec, old, "clusterIP") && sameMember(spec, old, "clusterIPs"))
            spec["clusterIPs"] = kube::JsonArray{spec.at("clusterIP")};
        for (const std::string_view key : {"ipFamilies", "ipFamilyPolicy"})
            if (!spec.contains(key))
                carryOver(spec, old, key);
    } else if (needsClusterIp(old)) {
        for (const std::string_view key : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"})
            if (sameMember(spec, old, key))
                spec.erase(key);
        if (sameMember(spec, old, "internalTrafficPolicy"))
            spec.erase("internalTrafficPolicy");
    }
    if (needsNodePort(old) && needsNodePort(spec))
        patchNodePorts(spec, old);
    else if (needsNodePort(old) && sameNodePorts(spec, old))
        forEachObject(spec, "ports", [](kube::JsonObject& port, std::size_t) { port.erase("nodePort"); });
    if (needsHealthPort(old) && needsHealthPort(spec) && !spec.contains("healthCheckNodePort"))
        carryOver(spec, old, "healthCheckNodePort");
    if (needsHealthPort(old) && !needsHealthPort(spec) && sameMember(spec, old, "healthCheckNodePort"))
        spec.erase("healthCheckNodePort");
    if (textOf(old, "type") == "LoadBalancer" && textOf(spec, "type") != "LoadBalancer")
        for (const std::string_view key : {"allocateLoadBalancerNodePorts", "loadBalancerClass"})
            if (sameMember(spec, old, key))
                spec.erase(key);
    if (externallyAccessible(old) && !externallyAccessible(spec) &&
        sameMember(spec, old, "externalTrafficPolicy"))
        spec.erase("externalTrafficPolicy");
}

StrategyPtr makeServiceStrategy() {
    return std::make_shared<ServiceStrategy>();
}

}  // namespace kubefed::apiserver

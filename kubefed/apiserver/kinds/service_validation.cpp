// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/service.h"

namespace kubefed::apiserver {

namespace {

const Path kSpec("spec");
const std::vector<std::string_view> kProtocols = {"SCTP", "TCP", "UDP"};

std::size_t sizeOf(const kube::JsonObject& spec, std::string_view key) {
    const kube::JsonArray* array = arrayOf(spec, key);
    return array == nullptr ? 0 : array->size();
}

kube::Json valueOf(const kube::JsonObject& spec, std::string_view key) {
    const kube::Json* value = spec.if_contains(key);
    return value == nullptr ? kube::Json() : *value;
}

std::string_view textAt(const kube::JsonArray& array, std::size_t i) {
    return array[i].is_string() ? kube::view(array[i].get_string()) : std::string_view();
}

void checkPort(Checker& checker, const kube::JsonObject& port, bool named,
               std::set<std::string, std::less<>>& names, const Path& path) {
    const std::string_view name = textOf(port, "name");
    if (name.empty()) {
        if (named)
            checker.required(path.child("name"));
    } else {
        checker.invalid(path.child("name"), name, dns1123LabelProblems(name));
        if (!names.emplace(name).second)
            checker.duplicate(path.child("name"), kube::Json(name));
    }
    const auto inRange = [&](std::string_view key) {
        const std::int64_t number = numberOf(port, key, 0);
        if (number < 1 || number > 65535)
            checker.invalid(path.child(key), number, "must be between 1 and 65535, inclusive");
    };
    inRange("port");
    checker.oneOf(path.child("protocol"), textOf(port, "protocol"), kProtocols, true);
    if (const std::string_view target = textOf(port, "targetPort"); !target.empty())
        checker.invalid(path.child("targetPort"), target, portNameProblems(target));
    else
        inRange("targetPort");
    if (const std::string_view protocol = textOf(port, "appProtocol"); !protocol.empty())
        checker.invalid(path.child("appProtocol"), protocol, qualifiedNameProblems(protocol));
}

void checkByType(Checker& checker, const kube::JsonObject& spec) {
    const std::string_view type = textOf(spec, "type");
    if (sizeOf(spec, "ports") == 0 && !isHeadless(spec) && type != "ExternalName")
        checker.required(kSpec.child("ports"));
    if ((type == "LoadBalancer" || type == "NodePort") && isHeadless(spec))
        checker.invalid(kSpec.child("clusterIPs").index(0), kube::Json("None"),
                        "may not be set to 'None' for " + std::string(type) + " services");
    if (type != "ExternalName")
        return;
    for (const std::string_view key : {"clusterIPs", "ipFamilies", "ipFamilyPolicy"})
        if (spec.contains(key))
            checker.forbidden(kSpec.child(key), "may not be set for ExternalName services");
    std::string_view name = textOf(spec, "externalName");
    if (name.ends_with('.'))
        name.remove_suffix(1);
    if (name.empty())
        checker.required(kSpec.child("externalName"));
    else
        checker.invalid(kSpec.child("externalName"), name, dns1123SubdomainProblems(name));
}

void checkAffinity(Checker& checker, const kube::JsonObject& spec) {
    const std::string_view affinity = textOf(spec, "sessionAffinity");
    checker.oneOf(kSpec.child("sessionAffinity"), affinity, {"ClientIP", "None"}, true);
    const Path path = kSpec.child("sessionAffinityConfig").child("clientIP").child("timeoutSeconds");
    const std::int64_t timeout =
        kube::intAt(spec, {"sessionAffinityConfig", "clientIP", "timeoutSeconds"}).value_or(1);
    if (affinity == "ClientIP" && (timeout <= 0 || timeout > 86400))
        checker.invalid(path, timeout, "must be greater than 0 and less than 86400");
}

void checkPortClashes(Checker& checker, const kube::JsonObject& spec) {
    const Path path = kSpec.child("ports");
    if (textOf(spec, "type") == "ClusterIP")
        forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t i) {
            if (numberOf(port, "nodePort", 0) != 0)
                checker.forbidden(path.index(i).child("nodePort"),
                                  "may not be used when `type` is 'ClusterIP'");
        });
    std::set<std::pair<std::string, std::int64_t>> nodePorts, ports;
    forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t i) {
        const std::int64_t number = numberOf(port, "nodePort", 0);
        if (number != 0 && !nodePorts.emplace(textOf(port, "protocol"), number).second)
            checker.duplicate(path.index(i).child("nodePort"), number);
    });
    forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t i) {
        const std::string_view protocol = textOf(port, "protocol");
        const std::int64_t number = numberOf(port, "port", 0);
        if (!ports.emplace(protocol, number).second)  // the value as the real server prints its internal type
            checker.duplicate(path.index(i), kube::JsonObject{{"Name", ""},
                                                              {"Protocol", protocol},
                                                              {"AppProtocol", nullptr},
                                                              {"Port", number},
                                                              {"TargetPort", 0},
                                                              {"NodePort", 0}});
    });
}

void checkSourceRanges(Checker& checker, const kube::JsonObject& spec) {
    const Path path = kSpec.child("LoadBalancerSourceRanges");
    const bool balanced = textOf(spec, "type") == "LoadBalancer";
    if (!balanced && sizeOf(spec, "loadBalancerSourceRanges") != 0)
        checker.forbidden(path, "may only be used when `type` is 'LoadBalancer'");
    for (std::size_t i = 0; balanced && i < sizeOf(spec, "loadBalancerSourceRanges"); ++i) {
        const std::string_view given = textAt(*arrayOf(spec, "loadBalancerSourceRanges"), i);
        std::string_view range = given;
        while (range.starts_with(' '))
            range.remove_prefix(1);
        while (range.ends_with(' '))
            range.remove_suffix(1);
        if (!isCidr(range))
            checker.invalid(path.index(i), kube::Json(given),
                            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
}

void checkTraffic(Checker& checker, const kube::JsonObject& spec) {
    const Path external = kSpec.child("externalTrafficPolicy");
    const std::string_view policy = textOf(spec, "externalTrafficPolicy");
    if (!externallyAccessible(spec)) {
        if (!policy.empty())
            checker.invalid(external, kube::Json(policy),
                            "may only be set for externally-accessible services");
    } else {
        checker.oneOf(external, policy, {"Cluster", "Local"}, true);
    }
    const Path health = kSpec.child("healthCheckNodePort");
    const std::int64_t port = numberOf(spec, "healthCheckNodePort", 0);
    if (!needsHealthPort(spec) && port != 0)
        checker.invalid(
            health, port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    if (spec.contains("internalTrafficPolicy"))
        checker.oneOf(kSpec.child("internalTrafficPolicy"), textOf(spec, "internalTrafficPolicy"),
                      {"Cluster", "Local"}, false);
    if (spec.contains("trafficDistribution"))
        checker.oneOf(kSpec.child("trafficDistribution"), textOf(spec, "trafficDistribution"),
                      {"PreferClose"}, false);
}

}  // namespace

void checkService(Checker& checker, const kube::JsonObject& spec) {
    checkByType(checker, spec);
    std::set<std::string, std::less<>> names;
    forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t i) {
        checkPort(checker, port, sizeOf(spec, "ports") > 1, names, kSpec.child("ports").index(i));
    });
    checkLabels(checker, objectOf(spec, "selector"), kSpec.child("selector"));
    checkAffinity(checker, spec);
    checkServiceAddresses(checker, spec);
    for (std::size_t i = 0; i < sizeOf(spec, "externalIPs"); ++i) {
        const std::string_view ip = textAt(*arrayOf(spec, "externalIPs"), i);
        if (!parseIp(ip))
            checker.invalid(kSpec.child("externalIPs").index(i), kube::Json(ip),
                            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        else
            checkEndpointIp(checker, ip, kSpec.child("externalIPs").index(i));
    }
    checker.oneOf(kSpec.child("type"), textOf(spec, "type"),
                  {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, true);
    checkPortClashes(checker, spec);
    checkSourceRanges(checker, spec);
    if (spec.contains("allocateLoadBalancerNodePorts") && textOf(spec, "type") != "LoadBalancer")
        checker.forbidden(kSpec.child("allocateLoadBalancerNodePorts"),
                          "may only be used when `type` is 'LoadBalancer'");
    if (const std::string_view name = textOf(spec, "loadBalancerClass"); !name.empty()) {
        if (textOf(spec, "type") == "LoadBalancer")
            checker.invalid(kSpec.child("loadBalancerClass"), name, qualifiedNameProblems(name));
        else
            checker.forbidden(kSpec.child("loadBalancerClass"),
                              "may only be used when `type` is 'LoadBalancer'");
    }
    checkTraffic(checker, spec);
}

void checkServiceUpdate(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous) {
    if (textOf(next, "type") == "LoadBalancer" && textOf(previous, "type") == "LoadBalancer" &&
        !sameValue(next.if_contains("loadBalancerClass"), previous.if_contains("loadBalancerClass")))
        checker.invalid(kSpec.child("loadBalancerClass"), valueOf(next, "loadBalancerClass"),
                        "may not change once set");
    const std::int64_t port = numberOf(next, "healthCheckNodePort", 0);
    if (needsHealthPort(next) && needsHealthPort(previous) && port != 0 &&
        port != numberOf(previous, "healthCheckNodePort", port))
        checker.forbidden(kSpec.child("healthCheckNodePort"), "field is immutable");
    if (textOf(next, "type") == "ExternalName" || textOf(previous, "type") == "ExternalName" ||
        (isHeadless(next) && isHeadless(previous)))
        return;
    const Path path = kSpec.child("clusterIPs");
    const std::size_t before = sizeOf(previous, "clusterIPs");
    const std::size_t after = sizeOf(next, "clusterIPs");
    if (before > 0 && after == 0) {
        checker.invalid(path.index(0), valueOf(next, "clusterIPs"), "primary clusterIP can not be unset");
        return;
    }
    for (std::size_t i = 0; i < std::min(before, after); ++i)
        if ((i == 0 || before == after) &&
            textAt(*arrayOf(previous, "clusterIPs"), i) != textAt(*arrayOf(next, "clusterIPs"), i))
            checker.invalid(path.index(i), valueOf(next, "clusterIPs"), "may not change once set");
}

}  // namespace kubefed::apiserver

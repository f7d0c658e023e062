// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <unordered_set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/service.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

constexpr std::uint32_t kFirstAddress = (10U << 24U) + 1;      // 10.0.0.1 is the server's own
constexpr std::uint32_t kLastAddress = (10U << 24U) + 0xfffe;  // 10.0.255.254
constexpr std::int64_t kFirstPort = 30000;
constexpr std::int64_t kLastPort = 32767;
const kube::Gvr kServices{"", "v1", "services"};

constexpr int kAttempts = 64;

const kube::JsonObject& specOf(const kube::JsonObject& service) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* spec = objectOf(service, "spec");
    return spec == nullptr ? kNone : *spec;
}

// Node ports of all Services but `self`. Few Services have any: only those are asked for.
std::unordered_set<std::int64_t> takenPorts(const ObjectReader& objects, const kube::ObjectKey& self) {
    std::unordered_set<std::int64_t> taken;
    objects.forEach(kServices, {}, [&](const kube::Object& service) {
        if (service.key() == self)
            return;
        const kube::JsonObject& spec = specOf(service.document());
        forEachObject(spec, "ports", [&](const kube::JsonObject& port, std::size_t) {
            taken.insert(numberOf(port, "nodePort", 0));
        });
        taken.insert(numberOf(spec, "healthCheckNodePort", 0));
    });
    return taken;
}

std::int64_t freePort(std::unordered_set<std::int64_t>& taken) {
    std::random_device device;
    const std::int64_t count = kLastPort - kFirstPort + 1;
    const std::int64_t start = std::uniform_int_distribution<std::int64_t>(0, count - 1)(device);
    for (std::int64_t i = 0; i < count; ++i)
        if (const std::int64_t port = kFirstPort + (start + i) % count; taken.insert(port).second)
            return port;
    return 0;
}

// Empty: none found. At random, so that a released address is not at once given to another Service.
std::string freeAddress(const ObjectReader& objects, const kube::ObjectKey& self) {
    std::random_device device;
    std::uniform_int_distribution<std::uint32_t> pick(kFirstAddress, kLastAddress);
    for (int attempt = 0; attempt < kAttempts; ++attempt)
        if (std::string address = ipv4Text(pick(device));
            !objects.hasField(kServices, "spec.clusterIP", address, self))
            return address;
    return {};
}

void allocateAddress(Checker& checker, kube::JsonObject& spec, const kube::JsonObject* before,
                     const ObjectReader& objects, const kube::ObjectKey& self) {
    const Path path("spec.clusterIPs");
    if (textOf(spec, "clusterIP").empty() && arrayOf(spec, "clusterIPs") == nullptr) {
        const std::string address = freeAddress(objects, self);
        if (address.empty())
            checker.invalid(path, kube::Json(), "failed to allocate a serviceIP: range is full");
        spec["clusterIP"] = address;
        spec["clusterIPs"] = kube::JsonArray{kube::Json(address)};
        return;
    }
    if (isHeadless(spec) ||
        (before != nullptr && sameValue(before->if_contains("clusterIPs"), spec.if_contains("clusterIPs"))))
        return;
    const std::string ip(textOf(spec, "clusterIP"));
    const std::optional<std::uint32_t> number = ipv4Number(ip);
    if (!number || !spec.contains("clusterIPs"))
        return;  // validation says what is wrong
    if (*number < kFirstAddress || *number > kLastAddress)
        checker.invalid(
            path, spec.at("clusterIPs"),
            "failed to allocate IP " + ip + ": the provided network does not match the current range");
    else if (objects.hasField(kServices, "spec.clusterIP", ip, self))
        checker.invalid(path, spec.at("clusterIPs"),
                        "failed to allocate IP " + ip + ": provided IP is already allocated");
}

void allocateFamilies(kube::JsonObject& spec, bool bare) {
    if (arrayOf(spec, "ipFamilies") == nullptr) {
        const bool v6 = textOf(spec, "clusterIP").find(':') != std::string_view::npos;
        spec["ipFamilies"] = kube::JsonArray{v6 ? "IPv6" : "IPv4"};
    }
    kube::JsonArray& families = spec.at("ipFamilies").get_array();
    if (bare && families.size() == 1 && textOf(spec, "ipFamilyPolicy") != "SingleStack")
        families.emplace_back(families.front() == "IPv4" ? "IPv6" : "IPv4");
}

void allocatePorts(Checker& checker, kube::JsonObject& spec, const kube::JsonObject* before,
                   std::unordered_set<std::int64_t>& taken) {
    std::unordered_set<std::int64_t> own;
    if (before != nullptr)
        forEachObject(*before, "ports", [&](const kube::JsonObject& port, std::size_t) {
            own.insert(numberOf(port, "nodePort", 0));
        });
    forEachObject(spec, "ports", [&](kube::JsonObject& port, std::size_t i) {
        const std::int64_t wished = numberOf(port, "nodePort", 0);
        const Path path = Path("spec.ports").index(i).child("nodePort");
        if (wished != 0 && !own.contains(wished)) {
            if (wished < kFirstPort || wished > kLastPort)
                checker.invalid(
                    path, wished,
                    "provided port is not in the valid range. The range of valid ports is 30000-32767");
            else if (taken.contains(wished))
                checker.invalid(path, wished, "provided port is already allocated");
        }
        taken.insert(wished);
    });
    forEachObject(spec, "ports", [&](kube::JsonObject& port, std::size_t) {
        if (numberOf(port, "nodePort", 0) != 0)
            return;
        port["nodePort"] = freePort(taken);
    });
}

}  // namespace

bool needsClusterIp(const kube::JsonObject& spec) {
    const std::string_view type = textOf(spec, "type");
    return type == "ClusterIP" || type == "NodePort" || type == "LoadBalancer";
}

bool needsNodePort(const kube::JsonObject& spec) {
    const std::string_view type = textOf(spec, "type");
    return type == "NodePort" ||
           (type == "LoadBalancer" && kube::boolAt(spec, {"allocateLoadBalancerNodePorts"}, true));
}

bool isHeadless(const kube::JsonObject& spec) {
    const kube::JsonArray* ips = arrayOf(spec, "clusterIPs");
    return textOf(spec, "clusterIP") == "None" ||
           (ips != nullptr && ips->size() == 1 && ips->front() == "None");
}

bool needsHealthPort(const kube::JsonObject& spec) {
    return textOf(spec, "type") == "LoadBalancer" && textOf(spec, "externalTrafficPolicy") == "Local";
}

bool externallyAccessible(const kube::JsonObject& spec) {
    const std::string_view type = textOf(spec, "type");
    const kube::JsonArray* external = arrayOf(spec, "externalIPs");
    return type == "LoadBalancer" || type == "NodePort" ||
           (type == "ClusterIP" && external != nullptr && !external->empty());
}

Causes allocateForService(kube::JsonObject& service, const kube::JsonObject* previous,
                          const ObjectReader& objects) {
    Checker checker;
    kube::JsonObject& spec = kube::ensureObject(service, {"spec"});
    if (!textOf(spec, "clusterIP").empty() && arrayOf(spec, "clusterIPs") == nullptr)
        spec["clusterIPs"] = kube::JsonArray{spec.at("clusterIP")};
    if (!needsClusterIp(spec))
        return {};
    const kube::JsonObject* before = previous == nullptr ? nullptr : &specOf(*previous);
    checkServiceAddresses(checker, spec);
    if (!checker.clean())
        return checker.take();
    const bool bare = isHeadless(spec) && objectOf(spec, "selector") == nullptr;
    setDefault(spec, "ipFamilyPolicy", bare ? "RequireDualStack" : "SingleStack");
    const auto asBefore = [&](std::string_view key) {
        return before != nullptr && sameValue(before->if_contains(key), spec.if_contains(key));
    };
    if (!asBefore("ipFamilies") || !asBefore("ipFamilyPolicy"))
        if (Causes causes = checkServiceFamilies(spec); !causes.empty())
            return causes;
    const bool complete = asBefore("clusterIPs") && spec.contains("clusterIPs") &&
                          (!needsNodePort(spec) || needsNodePort(*before)) &&
                          (!needsHealthPort(spec) || needsHealthPort(*before)) && asBefore("ports");
    if (!complete) {
        const kube::ObjectKey self{std::string(kube::stringAt(service, {"metadata", "namespace"})),
                                   std::string(nameOf(service))};
        allocateAddress(checker, spec, before, objects, self);
        if (needsNodePort(spec) || needsHealthPort(spec)) {
            std::unordered_set<std::int64_t> taken = takenPorts(objects, self);
            if (needsNodePort(spec))
                allocatePorts(checker, spec, before, taken);
            if (needsHealthPort(spec) && numberOf(spec, "healthCheckNodePort", 0) == 0)
                spec["healthCheckNodePort"] = freePort(taken);
        }
    }
    allocateFamilies(spec, bare);
    return checker.take();
}

}  // namespace kubefed::apiserver

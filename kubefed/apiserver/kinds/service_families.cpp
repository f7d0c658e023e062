// SPDX-License-Identifier: Apache-2.0
// What of a Service has to do with IP families: its addresses must be of the families that it asks for, and
// this server, which makes no addresses but 10.0.0.0/16, has IPv4 only.
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/service.h"

namespace kubefed::apiserver {
namespace {

const Path kFamilies("spec.ipFamilies"), kPolicy("spec.ipFamilyPolicy"), kAddresses("spec.clusterIPs");
constexpr std::string_view kNoAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

std::vector<std::string> textsOf(const kube::JsonObject& spec, std::string_view key) {
    std::vector<std::string> texts;
    if (const kube::JsonArray* array = arrayOf(spec, key))
        for (const kube::Json& value : *array)
            texts.emplace_back(value.is_string() ? kube::view(value.get_string()) : std::string_view());
    return texts;
}

kube::Json valueOf(const kube::JsonObject& spec, std::string_view key) {
    const kube::Json* value = spec.if_contains(key);
    return value == nullptr ? kube::Json() : *value;
}

void checkFamilyNames(Checker& checker, const std::vector<std::string>& families) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < families.size(); ++i) {
        checker.oneOf(kFamilies.index(i), families[i], {"IPv4", "IPv6"}, false);
        if (!seen.emplace(families[i]).second)
            checker.duplicate(kFamilies.index(i), kube::Json(families[i]));
    }
}

}  // namespace

void checkServiceAddresses(Checker& checker, const kube::JsonObject& spec) {
    if (textOf(spec, "type") == "ExternalName")
        return;
    const std::string_view ip = textOf(spec, "clusterIP");
    const std::vector<std::string> ips = textsOf(spec, "clusterIPs");
    const std::vector<std::string> families = textsOf(spec, "ipFamilies");
    if (!ip.empty() && ips.empty())
        checker.required(kAddresses);
    else if (!ip.empty() && ips[0] != ip)
        checker.invalid(kAddresses, valueOf(spec, "clusterIPs"), "first value must match `clusterIP`");
    else if (ip.empty() && !ips.empty())
        checker.invalid(kAddresses, valueOf(spec, "clusterIPs"),
                        "must be empty when `clusterIP` is not specified");
    checkFamilyNames(checker, families);
    if (spec.contains("ipFamilyPolicy"))
        checker.oneOf(kPolicy, textOf(spec, "ipFamilyPolicy"),
                      {"PreferDualStack", "RequireDualStack", "SingleStack"}, false);
    for (std::size_t i = 0; i < ips.size(); ++i) {
        if (i == 0 && ips[i] == "None") {
            if (ips.size() > 1)
                checker.invalid(kAddresses, valueOf(spec, "clusterIPs"),
                                "'None' must be the first and only value");
            continue;
        }
        const std::optional<IpAddress> address = parseIp(ips[i]);
        if (!address)
            checker.invalid(kAddresses.index(i), kube::Json(ips[i]), kNoAddress);
        else if (i < families.size() && families[i] != (address->v6 ? "IPv6" : "IPv4"))
            checker.invalid(kAddresses.index(i), kube::Json(ips[i]),
                            "expected an " + families[i] + " value as indicated by `ipFamilies[" +
                                std::to_string(i) + "]`");
    }
    if (ips.size() > 2)
        checker.invalid(kAddresses, valueOf(spec, "clusterIPs"), "may only hold up to 2 values");
}

Causes checkServiceFamilies(const kube::JsonObject& spec) {
    Checker checker;
    const std::vector<std::string> ips = textsOf(spec, "clusterIPs");
    const std::vector<std::string> families = textsOf(spec, "ipFamilies");
    const std::string_view policy = textOf(spec, "ipFamilyPolicy");
    const bool headless = isHeadless(spec);
    if (policy == "SingleStack" && (ips.size() == 2 || families.size() == 2))
        checker.invalid(kPolicy, kube::Json(policy),
                        std::string("must be 'RequireDualStack' or 'PreferDualStack' when multiple ") +
                            (ips.size() == 2 ? "cluster IPs" : "IP families") + " are specified");
    for (std::size_t i = families.size(); i < ips.size() && !headless; ++i)
        if (const std::optional<IpAddress> address = parseIp(ips[i]); address && address->v6)
            checker.invalid(kAddresses.index(i), valueOf(spec, "clusterIPs"),
                            "IPv6 is not configured on this cluster");
    // Without a selector nothing is routed, and whoever writes the Endpoints knows the families.
    if (!checker.clean() || (headless && objectOf(spec, "selector") == nullptr))
        return checker.take();
    for (std::size_t i = 0; i < families.size(); ++i)
        if (families[i] == "IPv6")
            checker.invalid(kFamilies.index(i), kube::Json(families[i]), "not configured on this cluster");
    if (policy == "RequireDualStack")
        checker.invalid(kPolicy, kube::Json(policy),
                        "this cluster is not configured for dual-stack services");
    return checker.take();
}

void checkServiceStatus(Checker& checker, const kube::JsonObject& status, const kube::JsonObject& spec) {
    static const kube::JsonObject kNone;
    const Path path("status.loadBalancer.ingress");
    const kube::JsonObject* balancer = objectOf(status, "loadBalancer");
    const kube::JsonObject& balanced = balancer == nullptr ? kNone : *balancer;
    const kube::JsonArray* ingress = arrayOf(balanced, "ingress");
    if (ingress != nullptr && !ingress->empty() && textOf(spec, "type") != "LoadBalancer")
        return checker.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
    forEachObject(balanced, "ingress", [&](const kube::JsonObject& entry, std::size_t i) {
        const std::string_view ip = textOf(entry, "ip"), host = textOf(entry, "hostname");
        if (!ip.empty() && !parseIp(ip))
            checker.invalid(path.index(i).child("ip"), kube::Json(ip), kNoAddress);
        if (ip.empty() && entry.contains("ipMode"))
            checker.forbidden(path.index(i).child("ipMode"), "may not be specified when `ip` is not set");
        else if (entry.contains("ipMode"))
            checker.oneOf(path.index(i).child("ipMode"), textOf(entry, "ipMode"), {"Proxy", "VIP"}, false);
        if (host.empty())
            return;
        checker.invalid(path.index(i).child("hostname"), host, dns1123SubdomainProblems(host));
        if (parseIp(host))
            checker.invalid(path.index(i).child("hostname"), kube::Json(host),
                            "must be a DNS name, not an IP address");
    });
}

}  // namespace kubefed::apiserver

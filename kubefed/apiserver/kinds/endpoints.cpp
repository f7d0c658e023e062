// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

const std::vector<std::string_view> kProtocols = {"SCTP", "TCP", "UDP"};
constexpr std::size_t kShown = 3;

// Up to three entries, then how many more there are.
std::string listCell(const std::vector<std::string>& all) {
    if (all.empty())
        return "<none>";
    if (all.size() <= kShown)
        return joined(all, ",");
    return joined({all.begin(), all.begin() + kShown}, ",") + " + " + std::to_string(all.size() - kShown) +
           " more...";
}

// As listCell, but words for EndpointSlices: nothing is "<unset>".
std::string sliceCell(const std::vector<std::string>& all) {
    return all.empty() ? "<unset>" : listCell(all);
}

std::string hostPort(std::string_view ip, std::int64_t port) {
    const bool v6 = ip.find(':') != std::string_view::npos;
    return (v6 ? "[" + std::string(ip) + "]" : std::string(ip)) + ":" + std::to_string(port);
}

class EndpointsStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        forEachObject(object, "subsets", [](kube::JsonObject& subset, std::size_t) {
            forEachObject(subset, "ports",
                          [](kube::JsonObject& port, std::size_t) { setDefault(port, "protocol", "TCP"); });
        });
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        forEachObject(object, "subsets", [&](const kube::JsonObject& subset, std::size_t i) {
            checkSubset(checker, subset, Path("subsets").index(i));
        });
        return checker.take();
    }
    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        return sameValue(next.if_contains("subsets"), previous.if_contains("subsets"))
                   ? Causes{}
                   : validate(next, context);
    }

    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Endpoints"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        std::vector<std::string> all;
        forEachObject(object, "subsets", [&](const kube::JsonObject& subset, std::size_t) {
            std::vector<std::string> addresses;
            forEachObject(subset, "addresses", [&](const kube::JsonObject& address, std::size_t) {
                addresses.emplace_back(textOf(address, "ip"));
            });
            const kube::JsonArray* ports = arrayOf(subset, "ports");
            if (ports == nullptr || ports->empty())
                all.insert(all.end(), addresses.begin(), addresses.end());
            forEachObject(subset, "ports", [&](const kube::JsonObject& port, std::size_t) {
                for (const std::string& address : addresses)
                    all.push_back(hostPort(address, numberOf(port, "port", 0)));
            });
        });
        out.emplace_back(nameOf(object));
        out.emplace_back(arrayOf(object, "subsets") == nullptr ? "<none>" : all.empty() ? "" : listCell(all));
        out.emplace_back(ageOf(object, now));
    }

private:
    static void checkSubset(Checker& checker, const kube::JsonObject& subset, const Path& path) {
        const auto empty = [&](std::string_view key) {
            return arrayOf(subset, key) == nullptr || arrayOf(subset, key)->empty();
        };
        if (empty("addresses") && empty("notReadyAddresses"))
            checker.required(path, "must specify `addresses` or `notReadyAddresses`");
        for (const std::string_view list : {"addresses", "notReadyAddresses"})
            forEachObject(subset, list, [&](const kube::JsonObject& address, std::size_t i) {
                const Path at = path.child(list).index(i);
                if (const std::string_view host = textOf(address, "hostname"); !host.empty())
                    checker.invalid(at.child("hostname"), host, dns1123LabelProblems(host));
                if (const std::string_view node = textOf(address, "nodeName"); !node.empty())
                    checker.invalid(at.child("nodeName"), node, dns1123SubdomainProblems(node));
                const std::string_view ip = textOf(address, "ip");
                if (!parseIp(ip))
                    checker.invalid(at.child("ip"), kube::Json(ip),
                                    "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                checkEndpointIp(checker, ip, at.child("ip"));
            });
        const std::size_t ports = empty("ports") ? 0 : arrayOf(subset, "ports")->size();
        forEachObject(subset, "ports", [&](const kube::JsonObject& port, std::size_t i) {
            const Path at = path.child("ports").index(i);
            const std::string_view name = textOf(port, "name");
            if (name.empty() && ports > 1)
                checker.required(at.child("name"));
            else if (!name.empty())
                checker.invalid(at.child("name"), name, dns1123LabelProblems(name));
            const std::int64_t number = numberOf(port, "port", 0);
            if (number < 1 || number > 65535)
                checker.invalid(at.child("port"), number, "must be between 1 and 65535, inclusive");
            checker.oneOf(at.child("protocol"), textOf(port, "protocol"), kProtocols, true);
        });
    }
};

class EndpointSliceStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        forEachObject(object, "ports", [](kube::JsonObject& port, std::size_t) {
            if (member(port, "name") == nullptr)
                port["name"] = "";
            setDefault(port, "protocol", "TCP");
        });
        forEachObject(object, "endpoints", [](kube::JsonObject& endpoint, std::size_t) {
            kube::ensureObject(endpoint, {"conditions"});
        });
        // Both lists are written even where they are empty.
        for (const std::string_view key : {"endpoints", "ports"})
            if (!object.contains(key))
                object[key] = nullptr;
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        check(checker, object, true);
        return checker.take();
    }
    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext&) const override {
        Checker checker;
        check(checker, next, !sameValue(next.if_contains("endpoints"), previous.if_contains("endpoints")));
        checker.immutable(Path("addressType"), next.if_contains("addressType"),
                          previous.if_contains("addressType"));
        return checker.take();
    }
    [[nodiscard]] bool hasGeneration() const override { return true; }

    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("AddressType"), column("Ports"), column("Endpoints"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        std::vector<std::string> ports, addresses;
        forEachObject(object, "ports", [&](const kube::JsonObject& port, std::size_t) {
            const std::int64_t number = numberOf(port, "port", -1);
            const std::string_view name = textOf(port, "name");
            ports.push_back(number >= 0 ? std::to_string(number) : name.empty() ? "*" : std::string(name));
        });
        forEachObject(object, "endpoints", [&](const kube::JsonObject& endpoint, std::size_t) {
            if (const kube::JsonArray* list = arrayOf(endpoint, "addresses"))
                for (const kube::Json& address : *list)
                    addresses.emplace_back(address.is_string() ? kube::view(address.get_string())
                                                               : std::string_view());
        });
        out.emplace_back(nameOf(object));
        out.emplace_back(textOf(object, "addressType"));
        out.emplace_back(sliceCell(ports));
        out.emplace_back(sliceCell(addresses));
        out.emplace_back(ageOf(object, now));
    }

private:
    static void check(Checker& checker, const kube::JsonObject& object, bool withEndpoints) {
        const std::string_view type = textOf(object, "addressType");
        checker.oneOf(Path("addressType"), type, {"FQDN", "IPv4", "IPv6"}, true);
        std::set<std::string, std::less<>> names;
        forEachObject(object, "ports", [&](const kube::JsonObject& port, std::size_t i) {
            const Path at = Path("ports").index(i);
            const std::string_view name = textOf(port, "name");
            if (!name.empty())
                checker.invalid(at.child("name"), name, dns1123LabelProblems(name));
            if (!names.emplace(name).second)
                checker.duplicate(at.child("name"), kube::Json(name));
            checker.oneOf(at.child("protocol"), textOf(port, "protocol"), kProtocols, true);
        });
        if (withEndpoints)
            checkEndpoints(checker, object, type);
    }

    static void checkEndpoints(Checker& checker, const kube::JsonObject& object, std::string_view type) {
        constexpr std::size_t kMaxEndpoints = 1000;
        const Path path("endpoints");
        const kube::JsonArray* endpoints = arrayOf(object, "endpoints");
        if (endpoints != nullptr && endpoints->size() > kMaxEndpoints) {
            checker.tooMany(path, endpoints->size(), kMaxEndpoints);
            return;
        }
        forEachObject(object, "endpoints", [&](const kube::JsonObject& endpoint, std::size_t i) {
            const Path at = path.index(i).child("addresses");
            const kube::JsonArray* addresses = arrayOf(endpoint, "addresses");
            if (addresses == nullptr || addresses->empty())
                checker.required(at, "must contain at least 1 address");
            for (std::size_t a = 0; addresses != nullptr && a < addresses->size() && type != "FQDN"; ++a) {
                const std::string_view text =
                    (*addresses)[a].is_string() ? kube::view((*addresses)[a].get_string()) : "";
                const std::optional<IpAddress> ip = parseIp(text);
                if (!ip) {
                    checker.invalid(at.index(a), kube::Json(text),
                                    "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                    continue;
                }
                if (ip->v6 != (type == "IPv6"))
                    checker.invalid(at, kube::Json(text), "must be an " + std::string(type) + " address");
                checkEndpointIp(checker, text, at.index(a));
            }
        });
    }
};

}  // namespace

StrategyPtr makeEndpointsStrategy() {
    return std::make_shared<EndpointsStrategy>();
}
StrategyPtr makeEndpointSliceStrategy() {
    return std::make_shared<EndpointSliceStrategy>();
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/names.h"

#include <algorithm>
#include <array>

namespace kubefed::fed {

namespace {

constexpr std::size_t kMaxNameLength = 253;

kube::Gvr resource(std::string_view plural) {
    return {std::string(kGroup), std::string(kVersion), std::string(plural)};
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

std::string hex(std::uint64_t value) {
    std::array<char, 16> digits{};
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4U)
        *digit = "0123456789abcdef"[value & 15U];
    return {digits.begin(), digits.end()};
}

}  // namespace

kube::Gvr memberClusters() {
    return resource("memberclusters");
}
kube::Gvr placementPolicies() {
    return resource("placementpolicies");
}
kube::Gvr clusterPlacementPolicies() {
    return resource("clusterplacementpolicies");
}
kube::Gvr placements() {
    return resource("placements");
}
kube::Gvr policyPlugins() {
    return resource("policyplugins");
}

std::string placementName(const kube::Gvk& kind, std::string_view name) {
    std::string whole = lower(kind.kind);
    whole.append(1, '.').append(kind.group.empty() ? "core" : lower(kind.group)).append(1, '.').append(name);
    if (whole.size() <= kMaxNameLength)
        return whole;
    const std::string hash = hex(stableHash(whole));
    whole.resize(kMaxNameLength - hash.size() - 1);
    while (whole.back() == '.' || whole.back() == '-')  // no label of a name may end so
        whole.pop_back();
    return whole + "-" + hash;
}

kube::ObjectKey placementKey(const kube::Gvk& kind, const kube::ObjectKey& key) {
    return {key.ns.empty() ? std::string(kSystemNamespace) : key.ns, placementName(kind, key.name)};
}

}  // namespace kubefed::fed

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace kubefed::apiserver {
namespace {

constexpr std::array<std::string_view, 8> kGroupOrder{"",
                                                      "events.k8s.io",
                                                      "authentication.k8s.io",
                                                      "authorization.k8s.io",
                                                      "rbac.authorization.k8s.io",
                                                      "apiextensions.k8s.io",
                                                      "coordination.k8s.io",
                                                      "discovery.k8s.io"};

// Built-in groups in kube-apiserver's order, then the others by name.
std::pair<std::size_t, std::string_view> groupRank(std::string_view group) {
    const auto* const at = std::find(kGroupOrder.begin(), kGroupOrder.end(), group);
    return {static_cast<std::size_t>(at - kGroupOrder.begin()), group};
}

struct VersionRank {
    int stability = 0;  // 3 v2, 2 v2beta1, 1 v2alpha1, 0 anything else
    int major = 0, minor = 0;
    auto operator<=>(const VersionRank&) const = default;
};

VersionRank versionRank(std::string_view text) {
    VersionRank rank;
    const char* const end = text.data() + text.size();
    if (text.size() < 2 || text[0] != 'v')
        return rank;
    const auto [afterMajor, majorError] = std::from_chars(text.data() + 1, end, rank.major);
    if (majorError != std::errc())
        return {};
    std::string_view rest(afterMajor, static_cast<std::size_t>(end - afterMajor));
    if (rest.empty())
        return {3, rank.major, 0};
    const int stability = rest.starts_with("beta") ? 2 : rest.starts_with("alpha") ? 1 : 0;
    if (stability == 0)
        return {};
    rest.remove_prefix(stability == 2 ? 4 : 5);
    const auto [last, minorError] = std::from_chars(rest.data(), end, rank.minor);
    if (minorError != std::errc() || last != end)
        return {};
    rank.stability = stability;
    return rank;
}

bool isPreferred(std::string_view version, std::string_view other) {
    const VersionRank left = versionRank(version), right = versionRank(other);
    return left == right ? version < other : left > right;
}

}  // namespace

void Registry::add(ResourceSpec spec, bool storageVersion) {
    if (spec.stored && storageVersion)
        m_state.bind(spec.gvr, spec.kind, spec.namespaced, spec.strategy->selectableFields());
    auto key = std::tuple(spec.gvr.group, spec.gvr.version, spec.gvr.resource);
    m_specs[std::move(key)] = std::make_shared<const ResourceSpec>(std::move(spec));
    ++m_revision;
}

void Registry::remove(const kube::Gvr& gvr) {
    m_specs.erase({gvr.group, gvr.version, gvr.resource});
    ++m_revision;
}

SpecPtr Registry::find(std::string_view group, std::string_view version, std::string_view resource) const {
    const auto it = m_specs.find({std::string(group), std::string(version), std::string(resource)});
    return it == m_specs.end() ? nullptr : it->second;
}

SpecPtr Registry::byKind(const kube::Gvk& gvk) const {
    for (const auto& [key, spec] : m_specs)
        if (spec->kind == gvk.kind && spec->gvr.group == gvk.group && spec->gvr.version == gvk.version)
            return spec;
    return nullptr;
}

SpecPtr Registry::ofKind(std::string_view group, std::string_view kind) const {
    for (const auto& [key, spec] : m_specs)
        if (spec->kind == kind && spec->gvr.group == group)
            return spec;
    return nullptr;
}

SpecPtr Registry::ofResource(std::string_view group, std::string_view resource) const {
    SpecPtr preferred;
    for (const auto& [key, spec] : m_specs)
        if (spec->gvr.group == group && spec->gvr.resource == resource &&
            (!preferred || isPreferred(spec->gvr.version, preferred->gvr.version)))
            preferred = spec;
    return preferred;
}

std::vector<SpecPtr> Registry::ofVersion(std::string_view group, std::string_view version) const {
    std::vector<SpecPtr> specs;
    for (const auto& [key, spec] : m_specs)
        if (spec->gvr.group == group && spec->gvr.version == version)
            specs.push_back(spec);
    return specs;
}

std::vector<SpecPtr> Registry::all() const {
    std::vector<SpecPtr> specs;
    specs.reserve(m_specs.size());
    for (const auto& [key, spec] : m_specs)
        specs.push_back(spec);
    return specs;
}

bool Registry::hasGroup(std::string_view group) const {
    const auto it = m_specs.lower_bound({std::string(group), {}, {}});
    return it != m_specs.end() && std::get<0>(it->first) == group;
}

std::vector<Registry::Group> Registry::groups() const {
    std::vector<Group> groups;
    for (const auto& [key, spec] : m_specs) {
        auto group =
            std::find_if(groups.begin(), groups.end(),
                         [&, &wanted = spec->gvr.group](const Group& g) { return g.name == wanted; });
        if (group == groups.end())
            group = groups.insert(groups.end(), Group{spec->gvr.group, {}});
        if (std::find(group->versions.begin(), group->versions.end(), spec->gvr.version) ==
            group->versions.end())
            group->versions.push_back(spec->gvr.version);
    }
    for (Group& group : groups)
        std::sort(group.versions.begin(), group.versions.end(),
                  [](const std::string& a, const std::string& b) { return isPreferred(a, b); });
    std::sort(groups.begin(), groups.end(),
              [](const Group& a, const Group& b) { return groupRank(a.name) < groupRank(b.name); });
    return groups;
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/following.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace kubefed::fed {
namespace {

// "ReplicationController/frontend, Pod/toolbox"
std::string listed(const std::set<std::string>& names) {
    constexpr std::size_t kNamed = 3;
    std::string text;
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (shown++ == kNamed)
            return text + " and " + std::to_string(names.size() - kNamed) + " more";
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::string describe(std::span<const Leader> leaders, const std::vector<LeftBehind>& left) {
    std::set<std::string> followed;
    for (const Leader& leader : leaders)
        if (!leader.isLeft && !leader.spec->clusters.empty())
            followed.insert(leader.spec->source.gvk.kind + "/" + leader.spec->source.key.name);
    std::set<std::string> leftNames;
    for (const LeftBehind& who : left)
        leftNames.insert(who.gvk.kind + "/" + who.name);
    std::string text = followed.empty() ? "" : "follows " + listed(followed);
    if (!left.empty())
        text += (text.empty() ? "" : "; ") + std::string("stays where ") + listed(leftNames) +
                (left.size() == 1 ? " was" : " were") + " left behind";
    return text;
}

LeftBehind& entryOf(std::vector<LeftBehind>& all, const TemplateRef& who) {
    const auto known = std::ranges::find_if(all, [&](const LeftBehind& entry) { return entry.isOf(who); });
    return known != all.end() ? *known : all.emplace_back(LeftBehind{who.gvk, who.key.name, {}});
}

}  // namespace

std::vector<LeftBehind> leftBehind(const Following& following) {
    std::vector<LeftBehind> all;
    if (following.last != nullptr)
        all = following.last->leftBehind;
    for (LeftBehind& entry : all)
        if (const PlacementSpec* again = following.findAgain(entry))
            std::erase_if(entry.clusters, [&](const auto& name) { return again->find(name) != nullptr; });
    for (const Leader& leader : following.leaders)
        if (leader.isLeft) {
            std::vector<std::string>& clusters = entryOf(all, leader.spec->source).clusters;
            for (const ClusterShare& share : leader.spec->clusters)
                clusters.push_back(share.name);
            clusters.insert(clusters.end(), leader.owed.begin(), leader.owed.end());
        }
    for (LeftBehind& entry : all) {
        std::erase_if(entry.clusters, [&](const auto& name) { return !following.isJoined(name); });
        std::ranges::sort(entry.clusters);
        entry.clusters.erase(std::ranges::unique(entry.clusters).begin(), entry.clusters.end());
    }
    std::erase_if(all, [](const LeftBehind& entry) { return entry.clusters.empty(); });
    std::ranges::sort(all, {}, [](const LeftBehind& entry) { return std::tie(entry.gvk.kind, entry.name); });
    return all;
}

bool isLeftBehind(const PlacementSpec& follower, const TemplateRef& leader, std::string_view cluster) {
    return std::ranges::any_of(follower.leftBehind, [&](const LeftBehind& entry) {
        return entry.isOf(leader) && std::ranges::find(entry.clusters, cluster) != entry.clusters.end();
    });
}

Decision follow(const KindTraits& kind, const Following& following) {
    std::vector<LeftBehind> left = leftBehind(following);
    std::set<std::string_view> clusters;
    for (const Leader& leader : following.leaders)
        if (!leader.isLeft)
            for (const ClusterShare& share : leader.spec->clusters)
                clusters.insert(share.name);
    for (const LeftBehind& who : left)
        clusters.insert(who.clusters.begin(), who.clusters.end());
    const PlacementSpec* last = following.last;
    if (clusters.empty()) {
        const bool isService = kind.role == Role::Service;
        std::string message = "no pod of the federation names it";
        if (!following.leaders.empty())
            message = "what uses it is not placed yet";
        else if (!following.hasSelector)
            message = "it has no selector, so no pods say where it goes; name its kind in a policy";
        else if (isService)
            message = "its selector selects no pods of the federation";
        return keepLast(last, isService ? kReasonNoSelectedPods : kReasonNotReferenced, std::move(message));
    }
    if (following.isPending && last != nullptr)
        for (const ClusterShare& share : last->clusters)
            clusters.insert(share.name);
    Decision decision;
    decision.scheduled = true;
    decision.reason = kReasonFollows;
    decision.message = describe(following.leaders, left);
    if (last != nullptr)
        decision.spec.source = last->source;
    for (const std::string_view name : clusters)
        decision.spec.clusters.push_back({std::string(name), std::nullopt});
    // What is left behind goes on needing what it uses.
    const bool isOrphaned = !left.empty() || std::ranges::any_of(following.leaders, [](const Leader& leader) {
        return leader.spec->onDelete == OnDelete::Orphan;
    });
    decision.spec.onDelete = isOrphaned ? OnDelete::Orphan : OnDelete::Delete;
    decision.spec.leftBehind = std::move(left);
    return decision;
}

}  // namespace kubefed::fed

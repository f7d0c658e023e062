// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/following.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace kubefed::fed {
namespace {

// "ReplicationController/frontend, Pod/toolbox"; with more than those: "... and others".
std::string listed(const std::set<std::string>& names, bool areMore = false) {
    constexpr std::size_t kNamed = 3;
    std::string text;
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (shown++ == kNamed)
            return text +
                   (areMore ? " and others" : " and " + std::to_string(names.size() - kNamed) + " more");
        text += (text.empty() ? "" : ", ") + name;
    }
    if (areMore)
        text += text.empty() ? "others" : " and others";
    return text;
}

std::string describe(std::span<const Leader> leaders, const std::vector<LeftBehind>& left) {
    std::set<std::string> followed;
    for (const Leader& leader : leaders)
        if (!leader.isLeft && !leader.spec->clusters.empty())
            followed.insert(leader.spec->source.gvk.kind + "/" + leader.spec->source.key.name);
    std::set<std::string> leftNames;
    bool areMore = false;
    for (const LeftBehind& who : left)
        if (who.isOthers())
            areMore = true;
        else
            leftNames.insert(who.gvk.kind + "/" + who.name);
    std::string text = followed.empty() ? "" : "follows " + listed(followed);
    if (!left.empty())
        text += (text.empty() ? "" : "; ") + std::string("stays where ") + listed(leftNames, areMore) +
                (leftNames.size() == 1 && !areMore ? " was" : " were") + " left behind";
    return text;
}

// While the entries are made.
struct Stay {
    const kube::Gvk* gvk = nullptr;
    bool isKnown = false;  // by name, in the decision before
    std::set<std::string> clusters;
};
using Stays = std::map<std::tuple<std::string, std::string, std::string>, Stay>;  // kind, name, apiVersion

Stay& stayOf(Stays& stays, const kube::Gvk& gvk, const std::string& name) {
    Stay& stay = stays[{gvk.kind, name, gvk.apiVersion()}];
    stay.gvk = &gvk;
    return stay;
}

// Those known by name keep it; of the others as many get one as there is room.
std::vector<LeftBehind> bounded(const Stays& stays) {
    std::vector<LeftBehind> all;
    std::set<std::string> others;
    for (const bool known : {true, false})
        for (const auto& [key, stay] : stays) {
            const std::string& name = std::get<1>(key);
            if (stay.isKnown != known || stay.clusters.empty())
                continue;
            if (name.empty() || all.size() == kMaxNamedLeft)
                others.insert(stay.clusters.begin(), stay.clusters.end());
            else
                all.push_back({*stay.gvk, name, {stay.clusters.begin(), stay.clusters.end()}});
        }
    if (!others.empty())
        all.push_back({{}, {}, {others.begin(), others.end()}});
    std::ranges::sort(all, {}, [](const LeftBehind& entry) { return std::tie(entry.gvk.kind, entry.name); });
    return all;
}

}  // namespace

std::vector<LeftBehind> leftBehind(const Following& following) {
    Stays stays;
    if (following.last != nullptr)
        for (const LeftBehind& entry : following.last->leftBehind) {
            Stay& stay = stayOf(stays, entry.gvk, entry.name);
            stay.isKnown = !entry.isOthers();
            for (const std::string& name : entry.clusters)
                if (entry.isOthers() || !following.isDecidedAgain(entry, name))
                    stay.clusters.insert(name);
        }
    for (const Leader& leader : following.leaders)
        if (leader.isLeft) {
            const TemplateRef& who = leader.spec->source;
            std::set<std::string>& clusters = stayOf(stays, who.gvk, who.key.name).clusters;
            for (const ClusterShare& share : leader.spec->clusters)
                clusters.insert(share.name);
            clusters.insert(leader.owed.begin(), leader.owed.end());
        }
    for (auto& [key, stay] : stays)
        std::erase_if(stay.clusters, [&](const auto& name) { return !following.isJoined(name); });
    return bounded(stays);
}

bool isLeftBehind(const PlacementSpec& follower, const TemplateRef& leader, std::string_view cluster) {
    return std::ranges::any_of(follower.leftBehind, [&](const LeftBehind& entry) {
        return (entry.isOthers() || entry.isOf(leader)) &&
               std::ranges::find(entry.clusters, cluster) != entry.clusters.end();
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

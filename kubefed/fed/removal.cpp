// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/removal.h"

namespace kubefed::fed {

Removals parseRemovals(std::string_view text) {
    Removals removals;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view entry = text.substr(0, comma);
        const std::size_t equals = entry.find('=');
        const std::string_view uid =
            equals == std::string_view::npos ? std::string_view{} : entry.substr(equals + 1);
        if (const std::string_view name = entry.substr(0, equals); !name.empty())
            removals.emplace(name, uid);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return removals;
}

std::string print(const Removals& removals) {
    std::string text;
    for (const auto& [name, uid] : removals)
        text.append(text.empty() ? "" : ",").append(name).append(uid.empty() ? "" : "=").append(uid);
    return text;
}

bool isOwed(const Removals& removals, std::string_view cluster, std::string_view memberUid) {
    const auto entry = removals.find(cluster);
    return entry != removals.end() && !entry->second.empty() && entry->second == memberUid;
}

bool mayBeOwed(const Removals& removals, std::string_view cluster, std::string_view memberUid) {
    const auto entry = removals.find(cluster);
    return entry != removals.end() && (entry->second.empty() || entry->second == memberUid);
}

Removals removalsAfter(const Removals& owed, const PlacementSpec* last, const PlacementSpec& next,
                       const FindSite& find) {
    Removals after;
    for (const auto& [name, uid] : owed) {
        if (next.find(name) != nullptr)
            continue;
        const std::optional<RemovalSite> site = find(name);
        if (site && !site->isLeaving && !site->isEmpty && (uid.empty() || uid == site->uid))
            after.emplace(name, site->uid);
    }
    if (last == nullptr)
        return after;
    for (const ClusterShare& share : last->clusters) {
        if (next.find(share.name) != nullptr)
            continue;
        // Empty or not: a create may be on its way there.
        if (const std::optional<RemovalSite> site = find(share.name); site && !site->isLeaving)
            after.insert_or_assign(share.name, site->uid);
    }
    return after;
}

}  // namespace kubefed::fed

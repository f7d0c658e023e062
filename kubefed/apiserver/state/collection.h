// SPDX-License-Identifier: Apache-2.0
//
// All objects of one type: for each key the committed version and the head (accepted, maybe not on disk
// yet), and the bounded history of committed changes from which watches resume and paged lists see their
// snapshot. Made and changed by State only; lives as long as it. Server thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/apiserver/state/entry.h"
#include "kubefed/kube/gvk.h"

namespace kubefed::apiserver {

enum class EventKind { Added, Modified, Deleted };

struct HistoryEvent {
    EventKind kind = EventKind::Added;
    std::int64_t rv = 0;
    EntryPtr now;     // for Deleted: the last state with the deletion's version
    EntryPtr before;  // null for Added
};

struct Slot {
    EntryPtr committed, head;
};

// The decoded forms of the entries that were written or read last: a write reads what stands there several
// times, and most objects are written several times in a row. The others keep only their text.
class RecentlyDecoded {
public:
    void keep(const Entry& entry, kube::ObjectPtr object);

private:
    std::deque<std::weak_ptr<const Entry>> m_entries;
};

class Collection {
public:
    explicit Collection(std::string collectionName) : name(std::move(collectionName)) {}
    Collection(const Collection&) = delete;
    Collection& operator=(const Collection&) = delete;

    const std::string name;  // "pods", "roles.rbac.authorization.k8s.io"
    kube::Gvr gvr;           // with the version in which objects are stored
    std::string kind;
    bool namespaced = false;
    bool keepDecoded = false;             // read on every request (RBAC, namespaces)
    std::vector<std::string> selectable;  // field paths beside metadata.name and metadata.namespace

    mutable RecentlyDecoded recent;
    std::map<std::string, Slot> slots;
    std::deque<HistoryEvent> history;
    std::size_t historyBytes = 0;
    std::int64_t compactedRv = 0;  // changes up to here are forgotten

    [[nodiscard]] EntryPtr head(const std::string& key) const {
        const auto it = slots.find(key);
        return it == slots.end() ? nullptr : it->second.head;
    }
    [[nodiscard]] EntryPtr committed(const std::string& key) const {
        const auto it = slots.find(key);
        return it == slots.end() ? nullptr : it->second.committed;
    }
    // First event after `rv`; end() if there is none.
    [[nodiscard]] std::deque<HistoryEvent>::const_iterator after(std::int64_t rv) const;
    // Committed entries as of `rv`, in key order, keys > `start` under `prefix`; visit returns false to stop.
    // nullopt: `rv` is older than the history.
    template <class Visit>
    [[nodiscard]] bool snapshot(std::int64_t rv, const std::string& prefix, const std::string& start,
                                const Visit& visit) const;
};

template <class Visit>
bool Collection::snapshot(std::int64_t rv, const std::string& prefix, const std::string& start,
                          const Visit& visit) const {
    if (rv < compactedRv)
        return false;
    std::map<std::string, EntryPtr> past;  // what the first change after `rv` replaced
    for (auto event = after(rv); event != history.end(); ++event)
        past.try_emplace(event->now->key(), event->before);
    const auto within = [&](const std::string& key) { return key.starts_with(prefix); };
    const auto begins = [&](const auto& map) {
        return start.empty() ? map.lower_bound(prefix) : map.upper_bound(start);
    };
    auto now = begins(slots);
    auto old = begins(past);
    while (true) {
        const bool hasNow = now != slots.end() && within(now->first);
        const bool hasOld = old != past.end() && within(old->first);
        if (!hasNow && !hasOld)
            return true;
        EntryPtr entry;
        if (hasOld && (!hasNow || old->first <= now->first)) {
            if (hasNow && old->first == now->first)
                ++now;
            entry = (old++)->second;
        } else {
            entry = (now++)->second.committed;
        }
        if (entry && !visit(entry))
            return true;
    }
}

}  // namespace kubefed::apiserver

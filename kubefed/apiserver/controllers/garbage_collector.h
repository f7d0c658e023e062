// SPDX-License-Identifier: Apache-2.0
//
// Owner references: an object whose owners are all gone is deleted, one that lost some of them forgets those;
// an owner deleted in the foreground waits for the dependents that block it, one deleted with orphaning
// lets go of them first. Level-triggered; owners are looked up in the State by kind, name and uid. An owner
// that cannot be looked up (its type is not served now, or could not own the dependent) is neither there nor
// gone: nothing is deleted for its sake. Owned by the server, used on its thread.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "kubefed/apiserver/controllers/internal_writer.h"
#include "kubefed/apiserver/controllers/key_queue.h"

namespace kubefed::apiserver {

class GarbageCollector final : public StateObserver {
public:
    GarbageCollector(InternalWriter& writer, Clock& clock);
    void start();  // indexes and checks everything that there is
    void onChange(const Collection& collection, const HistoryEvent& event) override;

private:
    using Item = std::pair<std::string, std::string>;  // collection name, key
    void index(const Item& item, const Entry& entry, bool add);
    void look(const Item& item, const Entry& entry);
    void sync(const Item& item);
    void syncOwner(const Entry& owner);
    void syncDependent(const Entry& entry);
    void orphan(const Entry& owner);
    void awaitDependents(const Entry& owner);
    void dropReferences(const Entry& dependent, const std::set<std::string>& uids,
                        InternalWriter::Outcome outcome);
    void lookAtOwners(const Entry& dependent);
    [[nodiscard]] static Item itemOf(const Entry& entry) { return {entry.collection->name, entry.key()}; }
    [[nodiscard]] EntryPtr find(const Item& item) const;
    enum class Presence { Present, Absent, Unknown };
    struct Owner {
        Presence presence = Presence::Unknown;
        EntryPtr entry = {};  // if present
    };
    [[nodiscard]] Owner ownerOf(const Entry& dependent, const kube::OwnerReference& reference) const;
    void noteGone(const std::string& uid);

    InternalWriter& m_writer;
    std::map<std::string, std::set<Item>> m_dependents;  // by the owner's uid
    // Owners whose deletion was seen: their type may be gone by the time when their dependents are looked at.
    std::set<std::string> m_gone;
    std::deque<std::string> m_goneOrder;
    std::set<Item> m_unresolved;  // looked at again when types come
    KeyQueue<Item> m_queue;
};

}  // namespace kubefed::apiserver

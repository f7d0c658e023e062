// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/garbage_collector.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::size_t kMostGone = 10'000;
const kube::Gvr kCrds{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};

void removeFinalizer(kube::JsonObject& object, std::string_view finalizer) {
    kube::Json* value = kube::ensureObject(object, {"metadata"}).if_contains("finalizers");
    if (value == nullptr || !value->is_array())
        return;
    kube::JsonArray& finalizers = value->get_array();
    for (auto it = finalizers.begin(); it != finalizers.end();)
        it = it->is_string() && kube::view(it->get_string()) == finalizer ? finalizers.erase(it)
                                                                          : std::next(it);
}

bool isWaiting(const Entry& entry) {
    return entry.deleting && entry.hasFinalizers && decode(entry)->hasFinalizer(kForeground);
}

}  // namespace

GarbageCollector::GarbageCollector(InternalWriter& writer, Clock& clock)
    : m_writer(writer), m_queue(clock, [this](const Item& item) { sync(item); }) {}

void GarbageCollector::start() {
    for (const auto& [name, collection] : m_writer.pipeline().state().collections())
        for (const auto& [key, slot] : collection->slots)
            if (slot.committed) {
                index({name, key}, *slot.committed, true);
                look({name, key}, *slot.committed);
            }
}

void GarbageCollector::index(const Item& item, const Entry& entry, bool add) {
    for (const std::string& uid : entry.ownerUids) {
        if (add) {
            m_dependents[uid].insert(item);
        } else if (const auto found = m_dependents.find(uid); found != m_dependents.end()) {
            found->second.erase(item);
            if (found->second.empty())
                m_dependents.erase(found);
        }
    }
}

void GarbageCollector::look(const Item& item, const Entry& entry) {
    if (!entry.ownerUids.empty() || (entry.deleting && entry.hasFinalizers))
        m_queue.add(item);
}

void GarbageCollector::onChange(const Collection& collection, const HistoryEvent& event) {
    const Item item{collection.name, event.now->key()};
    if (collection.gvr == kCrds)
        for (const Item& unresolved : std::exchange(m_unresolved, {}))
            m_queue.add(unresolved);
    if (event.before && event.before->ownerUids != event.now->ownerUids)
        index(item, *event.before, false);
    if (event.kind != EventKind::Deleted) {
        if (!event.before || event.before->ownerUids != event.now->ownerUids)
            index(item, *event.now, true);
        look(item, *event.now);
        if (event.before && event.before->ownerUids != event.now->ownerUids)
            lookAtOwners(*event.before);
        return;
    }
    index(item, *event.now, false);
    m_unresolved.erase(item);
    if (const auto dependents = m_dependents.find(event.now->uid); dependents != m_dependents.end()) {
        noteGone(event.now->uid);
        for (const Item& dependent : dependents->second)
            m_queue.add(dependent);
    }
    lookAtOwners(*event.now);
}

// One may wait for this dependent.
void GarbageCollector::lookAtOwners(const Entry& dependent) {
    if (dependent.ownerUids.empty())
        return;
    for (const kube::OwnerReference& reference : decode(dependent)->ownerReferences())
        if (const EntryPtr owner = ownerOf(dependent, reference).entry; owner && owner->deleting)
            m_queue.add(itemOf(*owner));
}

EntryPtr GarbageCollector::find(const Item& item) const {
    const Collection* collection = m_writer.pipeline().state().find(item.first);
    return collection == nullptr ? nullptr : collection->head(item.second);
}

void GarbageCollector::noteGone(const std::string& uid) {
    if (!m_gone.insert(uid).second)
        return;
    m_goneOrder.push_back(uid);
    if (m_goneOrder.size() <= kMostGone)
        return;
    m_gone.erase(m_goneOrder.front());
    m_goneOrder.pop_front();
}

GarbageCollector::Owner GarbageCollector::ownerOf(const Entry& dependent,
                                                  const kube::OwnerReference& reference) const {
    if (m_gone.contains(reference.uid))
        return {Presence::Absent};
    // The version said may be one that was served when the reference was written.
    const SpecPtr spec = m_writer.pipeline().registry().ofKind(
        kube::GroupVersion::parse(reference.apiVersion).group, reference.kind);
    if (!spec || !spec->stored || (spec->namespaced && dependent.ns.empty()))
        return {Presence::Unknown};
    EntryPtr owner = m_writer.pipeline().registry().collection(*spec).head(
        storageKey(spec->namespaced ? dependent.ns : std::string(), reference.name));
    if (!owner || owner->uid != reference.uid)
        return {Presence::Absent};
    return {Presence::Present, std::move(owner)};
}

void GarbageCollector::sync(const Item& item) {
    const EntryPtr entry = find(item);
    if (!entry)
        return;
    if (entry->deleting && entry->hasFinalizers)
        syncOwner(*entry);
    else if (!entry->ownerUids.empty() && !entry->deleting)
        syncDependent(*entry);
}

void GarbageCollector::syncOwner(const Entry& owner) {
    const kube::ObjectPtr object = decode(owner);
    if (object->hasFinalizer(kOrphan))
        orphan(owner);
    else if (object->hasFinalizer(kForeground))
        awaitDependents(owner);
}

void GarbageCollector::orphan(const Entry& owner) {
    const auto found = m_dependents.find(owner.uid);
    const std::set<Item> dependents = found == m_dependents.end() ? std::set<Item>() : found->second;
    bool held = false;
    for (const Item& item : dependents) {
        const EntryPtr dependent = find(item);
        if (!dependent || std::ranges::find(dependent->ownerUids, owner.uid) == dependent->ownerUids.end())
            continue;
        held = true;
        dropReferences(*dependent, {owner.uid}, m_queue.outcomeOf(itemOf(owner)));
    }
    // Gone before they are let go, it would take them along: their writing brings it back here.
    if (!held)
        m_writer.modify(
            owner.collection->gvr, owner.ns, owner.name, "",
            [](kube::JsonObject& object) { removeFinalizer(object, kOrphan); },
            m_queue.outcomeOf(itemOf(owner)));
}

void GarbageCollector::awaitDependents(const Entry& owner) {
    const auto found = m_dependents.find(owner.uid);
    bool blocked = false;
    for (const Item& item : found == m_dependents.end() ? std::set<Item>() : found->second) {
        const EntryPtr dependent = find(item);
        if (!dependent)
            continue;
        const std::vector<kube::OwnerReference> references = decode(*dependent)->ownerReferences();
        blocked =
            blocked || std::any_of(references.begin(), references.end(), [&](const kube::OwnerReference& r) {
                return r.uid == owner.uid && r.blockOwnerDeletion;
            });
        if (!dependent->deleting)
            m_queue.add(item);
    }
    if (!blocked)
        m_writer.modify(
            owner.collection->gvr, owner.ns, owner.name, "",
            [](kube::JsonObject& object) { removeFinalizer(object, kForeground); },
            m_queue.outcomeOf(itemOf(owner)));
}

void GarbageCollector::syncDependent(const Entry& entry) {
    std::set<std::string> absent;
    bool solid = false, waiting = false;
    for (const kube::OwnerReference& reference : decode(entry)->ownerReferences()) {
        const Owner owner = ownerOf(entry, reference);
        if (owner.presence == Presence::Unknown) {
            m_unresolved.emplace(entry.collection->name, entry.key());
            return;
        }
        if (owner.presence == Presence::Absent)
            absent.insert(reference.uid);
        else if (isWaiting(*owner.entry))
            waiting = true;
        else
            solid = true;
    }
    if (solid) {
        if (!absent.empty())
            dropReferences(entry, absent, m_queue.outcomeOf(itemOf(entry)));
        return;
    }
    if (absent.empty() && !waiting)
        return;
    const bool owns = m_dependents.contains(entry.uid);
    m_writer.remove(entry.collection->gvr, entry.ns, entry.name,
                    {.uid = entry.uid, .propagationPolicy = waiting && owns ? "Foreground" : "Background"},
                    m_queue.outcomeOf(itemOf(entry)));
}

void GarbageCollector::dropReferences(const Entry& dependent, const std::set<std::string>& uids,
                                      InternalWriter::Outcome outcome) {
    m_writer.modify(
        dependent.collection->gvr, dependent.ns, dependent.name, "",
        [&](kube::JsonObject& object) {
            kube::Json& value = kube::ensureObject(object, {"metadata"})["ownerReferences"];
            if (!value.is_array())
                return;
            kube::JsonArray& references = value.get_array();
            for (auto it = references.begin(); it != references.end();) {
                const bool drop =
                    it->is_object() && uids.contains(std::string(kube::stringAt(it->get_object(), {"uid"})));
                it = drop ? references.erase(it) : std::next(it);
            }
        },
        std::move(outcome));
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/state/state.h"

#include <algorithm>
#include <utility>

#include "kubefed/util/log.h"

namespace kubefed::apiserver {
namespace {

bool isReadOnEveryRequest(const kube::Gvr& gvr) {
    return gvr.group == "rbac.authorization.k8s.io" || gvr.group == "apiextensions.k8s.io" ||
           (gvr.group.empty() && (gvr.resource == "namespaces" || gvr.resource == "serviceaccounts"));
}

// What it replaced is the text of the change before it.
std::size_t historyCost(const HistoryEvent& event) {
    constexpr std::size_t kBesideTheText = 400;
    return event.now->body.size() + kBesideTheText;
}

}  // namespace

std::deque<HistoryEvent>::const_iterator Collection::after(std::int64_t rv) const {
    return std::upper_bound(history.begin(), history.end(), rv,
                            [](std::int64_t value, const HistoryEvent& event) { return value < event.rv; });
}

State::State(std::unique_ptr<Storage> storage, std::size_t historyLimit)
    : m_storage(std::move(storage)), m_historyLimit(std::max<std::size_t>(historyLimit, 1)) {}

State::~State() = default;

Collection& State::bind(const kube::Gvr& gvr, const std::string& kind, bool namespaced,
                        std::vector<std::string> selectable) {
    std::unique_ptr<Collection>& slot = m_collections[gvr.text()];
    if (!slot) {
        slot = std::make_unique<Collection>(gvr.text());
        slot->compactedRv = m_committedRv;
    }
    slot->gvr = gvr;
    slot->kind = kind;
    slot->namespaced = namespaced;
    slot->keepDecoded = isReadOnEveryRequest(gvr);
    if (slot->selectable == selectable)
        return *slot;
    slot->selectable = std::move(selectable);
    // A custom type's objects may be there before its fields are known.
    for (auto& [key, entries] : slot->slots) {
        const bool same = entries.head == entries.committed;
        for (EntryPtr* entry : {&entries.committed, &entries.head})
            if (*entry)
                if (Result<std::shared_ptr<Entry>> again = restoreEntry(*slot, (*entry)->body, (*entry)->rv))
                    *entry = std::move(*again);
        if (same)
            entries.head = entries.committed;
    }
    return *slot;
}

Collection* State::find(std::string_view name) {
    const auto it = m_collections.find(name);
    return it == m_collections.end() ? nullptr : it->second.get();
}

const Collection* State::find(const kube::Gvr& gvr) const {
    const auto it = m_collections.find(gvr.text());
    return it == m_collections.end() ? nullptr : it->second.get();
}

Result<void> State::load() {
    Result<StorageContents> contents = m_storage->load(*this);
    if (!contents)
        return std::unexpected(std::move(contents.error()));
    m_rv = m_committedRv = m_durableRv = contents->lastRv;
    for (StoredObject& object : contents->objects) {
        std::unique_ptr<Collection>& collection = m_collections[object.collection];
        if (!collection)  // of a custom type whose definition is read later in this loop
            collection = std::make_unique<Collection>(object.collection);
        Result<std::shared_ptr<Entry>> entry = restoreEntry(*collection, std::move(object.body), object.rv);
        if (!entry)
            return fail(std::move(entry.error()).withContext("\"" + object.key + "\""));
        collection->slots[object.key] = Slot{*entry, *entry};
    }
    for (const auto& [name, collection] : m_collections) {
        const auto changed = contents->lastChange.find(name);
        collection->compactedRv = changed == contents->lastChange.end() ? 0 : changed->second;
    }
    return {};
}

EntryPtr State::put(Collection& collection, kube::JsonObject document, Done done) {
    const std::int64_t rv = ++m_rv;
    EntryPtr entry = makeEntry(collection, std::move(document), rv);
    Slot& slot = collection.slots[entry->key()];
    HistoryEvent event{slot.head ? EventKind::Modified : EventKind::Added, rv, entry, slot.head};
    slot.head = entry;
    queue({rv, &collection, entry->key(), std::move(event), entry, std::move(done)},
          std::shared_ptr<const std::string>(entry, &entry->body));
    return entry;
}

void State::remove(Collection& collection, const Entry& head, Done done) {
    const std::int64_t rv = ++m_rv;
    const std::string key = head.key();
    Slot& slot = collection.slots[key];
    HistoryEvent event{EventKind::Deleted, rv, withVersion(head, rv), slot.head};
    slot.head = nullptr;
    queue({rv, &collection, key, std::move(event), nullptr, std::move(done)}, nullptr);
}

void State::queue(Pending pending, std::shared_ptr<const std::string> body) {
    StorageWrite write{pending.rv, pending.collection->name, pending.key, std::move(body)};
    m_pending.push_back(std::move(pending));
    m_storage->write(std::move(write));
}

void State::afterCommit(Done done) {
    if (m_pending.empty()) {
        done({});
        return;
    }
    m_pending.push_back({m_rv, nullptr, {}, {}, nullptr, std::move(done)});
}

void State::onCommitted(std::int64_t rv, double seconds, std::size_t writes) {
    m_durableRv = rv;
    ++m_statistics.commits;
    m_statistics.writes += writes;
    m_statistics.seconds += seconds;
    m_statistics.lastSeconds = seconds;
    m_problem.clear();
    deliver();
}

// Observers and completions may write, and a storage in memory then confirms inside that call: the outer
// round goes on with it, so that everybody hears in order.
void State::deliver() {
    if (m_delivering)
        return;
    m_delivering = true;
    while (!m_pending.empty() && m_pending.front().rv <= m_durableRv) {
        Pending pending = std::move(m_pending.front());
        m_pending.pop_front();
        if (pending.collection != nullptr)
            publish(pending);
        if (pending.done)
            pending.done({});
    }
    m_delivering = false;
    for (StateObserver* observer : m_observers)
        observer->onSettled();
}

void State::publish(Pending& pending) {
    Collection& collection = *pending.collection;
    m_committedRv = pending.rv;
    const auto slot = collection.slots.find(pending.key);
    slot->second.committed = pending.after;
    if (!slot->second.committed && !slot->second.head)
        collection.slots.erase(slot);
    collection.history.push_back(pending.event);
    collection.historyBytes += historyCost(pending.event);
    // The last change stays: a watch is always told what was just written.
    while (collection.history.size() > m_historyLimit ||
           (collection.historyBytes > kHistoryBytes && collection.history.size() > 1)) {
        collection.compactedRv = collection.history.front().rv;
        collection.historyBytes -= historyCost(collection.history.front());
        collection.history.pop_front();
    }
    for (StateObserver* observer : m_observers)
        observer->onChange(collection, pending.event);
}

void State::onFailed(Error error) {
    ++m_statistics.failures;
    m_problem = error.text();
    log::error("the store refused a commit",
               {{"error", m_problem}, {"writes", std::to_string(m_pending.size())}});
    std::deque<Pending> failed;
    failed.swap(m_pending);
    for (const Pending& pending : failed) {
        if (pending.collection == nullptr)
            continue;
        const auto slot = pending.collection->slots.find(pending.key);
        if (slot == pending.collection->slots.end())
            continue;
        slot->second.head = slot->second.committed;
        if (!slot->second.committed)
            pending.collection->slots.erase(slot);
    }
    m_storage->restart();
    for (Pending& pending : failed)
        if (pending.done)
            pending.done(std::unexpected(kube::internalError("the store refused the write: " + m_problem)));
}

kube::ObjectPtr State::get(const kube::Gvr& gvr, const kube::ObjectKey& key) const {
    const Collection* collection = find(gvr);
    const EntryPtr entry = collection == nullptr ? nullptr : collection->head(storageKey(key.ns, key.name));
    return entry ? decode(*entry) : nullptr;
}

void State::forEach(const kube::Gvr& gvr, std::string_view ns,
                    const std::function<void(const kube::Object&)>& visit) const {
    const Collection* collection = find(gvr);
    if (collection == nullptr)
        return;
    const std::string prefix = ns.empty() ? std::string() : std::string(ns) + "/";
    for (auto it = collection->slots.lower_bound(prefix); it != collection->slots.end(); ++it) {
        if (!it->first.starts_with(prefix))
            return;
        if (const EntryPtr head = it->second.head)
            visit(*decode(*head));
    }
}

bool State::hasField(const kube::Gvr& gvr, std::string_view field, std::string_view value,
                     const kube::ObjectKey& except) const {
    const Collection* collection = find(gvr);
    if (collection == nullptr)
        return false;
    const auto& names = collection->selectable;
    const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), field) - names.begin());
    if (at == names.size())
        return ObjectReader::hasField(gvr, field, value, except);
    const std::string excepted = storageKey(except.ns, except.name);
    for (const auto& [key, slot] : collection->slots)
        if (slot.head && slot.head->fields[at] == value && key != excepted)
            return true;
    return false;
}

}  // namespace kubefed::apiserver

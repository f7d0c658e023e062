// SPDX-License-Identifier: Apache-2.0
//
// Everything the server stores. Writes are decided against the head (what was accepted), queued to the
// Storage, and become visible to reads, lists and watches when the storage says that they are durable; then
// the completions run and the observers hear, in resourceVersion order. A failed commit takes the head back
// to what is committed and fails every pending write. Owned by the ApiServer, used on its thread only.
// Completions and observers may write again (they are then queued behind what is being delivered).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kubefed/apiserver/state/collection.h"
#include "kubefed/apiserver/storage/storage.h"
#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

// Runs when a write is durable, or failed.
using Done = std::move_only_function<void(Result<void>)>;

class StateObserver {
public:
    virtual ~StateObserver() = default;
    virtual void onChange(const Collection& collection, const HistoryEvent& event) = 0;
    // Every event up to here was delivered.
    virtual void onSettled() {}
};

struct CommitStatistics {
    std::uint64_t commits = 0, writes = 0, failures = 0;
    double seconds = 0, lastSeconds = 0;
};

class State final : public ObjectReader, private StorageListener {
public:
    // Of each type, so many changes are remembered, and no more than their objects have kHistoryBytes.
    State(std::unique_ptr<Storage> storage, std::size_t historyLimit);
    static constexpr std::size_t kHistoryBytes = 4U << 20U;
    ~State() override;

    // Makes the collection known (also one that already holds objects) before load() or at any time.
    Collection& bind(const kube::Gvr& gvr, const std::string& kind, bool namespaced,
                     std::vector<std::string> selectable);
    [[nodiscard]] Collection* find(std::string_view name);
    [[nodiscard]] const Collection* find(const kube::Gvr& gvr) const;
    [[nodiscard]] const std::map<std::string, std::unique_ptr<Collection>, std::less<>>& collections() const {
        return m_collections;
    }
    [[nodiscard]] Result<void> load();
    void addObserver(StateObserver& observer) { m_observers.push_back(&observer); }

    // Accepts a write. The document has everything but its resourceVersion.
    EntryPtr put(Collection& collection, kube::JsonObject document, Done done);
    void remove(Collection& collection, const Entry& head, Done done);
    // Runs `done` once what is accepted now is durable (at once if all is).
    void afterCommit(Done done);

    [[nodiscard]] std::int64_t committedRv() const { return m_committedRv; }
    [[nodiscard]] std::size_t pending() const { return m_pending.size(); }
    [[nodiscard]] const std::string& problem() const {
        return m_problem;
    }  // of the last commit; empty: healthy
    [[nodiscard]] const CommitStatistics& statistics() const { return m_statistics; }
    [[nodiscard]] std::uint64_t storageBytes() const { return m_storage->sizeBytes(); }

    // ObjectReader: the head.
    [[nodiscard]] kube::ObjectPtr get(const kube::Gvr& gvr, const kube::ObjectKey& key) const override;
    void forEach(const kube::Gvr& gvr, std::string_view ns,
                 const std::function<void(const kube::Object&)>& visit) const override;
    [[nodiscard]] bool hasField(const kube::Gvr& gvr, std::string_view field, std::string_view value,
                                const kube::ObjectKey& except) const override;

private:
    struct Pending {
        std::int64_t rv = 0;
        Collection* collection = nullptr;  // null: only `done` waits
        std::string key;
        HistoryEvent event;
        EntryPtr after;
        Done done;
    };
    void onCommitted(std::int64_t rv, double seconds, std::size_t writes) override;
    void onFailed(Error error) override;
    void deliver();
    void publish(Pending& pending);
    void queue(Pending pending, std::shared_ptr<const std::string> body);

    std::unique_ptr<Storage> m_storage;
    const std::size_t m_historyLimit;
    std::map<std::string, std::unique_ptr<Collection>, std::less<>> m_collections;
    std::vector<StateObserver*> m_observers;
    std::deque<Pending> m_pending;
    std::int64_t m_rv = 0;           // last given out
    std::int64_t m_committedRv = 0;  // last delivered
    std::int64_t m_durableRv = 0;    // last that the storage confirmed
    bool m_delivering = false;
    std::string m_problem;
    CommitStatistics m_statistics;
};

}  // namespace kubefed::apiserver

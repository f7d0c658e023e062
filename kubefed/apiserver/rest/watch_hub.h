// SPDX-License-Identifier: Apache-2.0
//
// All open watches. Hears every committed change in order and passes it on to the watches that select the
// object; one text serves them all. A watcher that does not take its data is kept waiting up to a bound and
// then ended (its client resumes or lists anew). Owned by the server, used on its thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "kubefed/apiserver/rest/exchange.h"
#include "kubefed/apiserver/rest/filter.h"
#include "kubefed/apiserver/rest/list_options.h"
#include "kubefed/apiserver/state/state.h"

namespace kubefed::apiserver {

class WatchHub final : public StateObserver {
public:
    WatchHub(State& state, Clock& clock);
    ~WatchHub() override;  // ends every watch

    void start(ExchangePtr exchange, const Collection& collection);
    void onChange(const Collection& collection, const HistoryEvent& event) override;
    // Ends the watches of a type that is no longer served.
    void endAll(const Collection& collection);
    [[nodiscard]] std::size_t size() const { return m_watchers.size(); }
    [[nodiscard]] std::size_t sizeOf(const Collection& collection) const;

private:
    // An event whose text is made when the client takes it: until then, watchers share its entry.
    struct Waiting {
        const char* type = nullptr;
        EntryPtr entry = {};
        std::string text = {};  // where there is no entry
        [[nodiscard]] std::size_t size() const { return entry ? entry->body.size() : text.size(); }
    };
    struct Watcher {
        ExchangePtr exchange;
        const Collection* collection = nullptr;
        Filter filter;
        bool bookmarks = false;
        bool blocked = false;
        bool toldColumns = false;  // of a Table, only the first event names them
        std::deque<Waiting> waiting;
        std::size_t waitingBytes = 0;
        std::size_t maxWaiting = 0, maxWaitingBytes = 0;  // grow with what the watch began with
        Request deadline;
    };
    void replay(Watcher& watcher, const ListOptions& options);
    void pass(Watcher& watcher, const HistoryEvent& event);
    void tell(Watcher& watcher, const char* type, EntryPtr entry);
    void send(Watcher& watcher, std::string text);
    static void keep(Watcher& watcher, Waiting event);
    void drained(std::uint64_t id);
    void end(std::uint64_t id);
    void armBookmarks();
    [[nodiscard]] std::string eventText(Watcher& watcher, const char* type, const EntryPtr& entry);
    [[nodiscard]] std::string bookmarkText(const Watcher& watcher, bool initialEnd) const;

    State& m_state;
    Clock& m_clock;
    std::uint64_t m_nextId = 1;
    std::map<std::uint64_t, std::unique_ptr<Watcher>> m_watchers;
    std::map<const Collection*, std::set<std::uint64_t>> m_byCollection;
    Request m_bookmarkTimer;
    // The last text made: watchers of one type mostly want the same.
    EntryPtr m_lastEntry;
    std::string m_lastType, m_lastVersion, m_lastText;
};

}  // namespace kubefed::apiserver

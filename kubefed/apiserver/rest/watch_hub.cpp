// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/watch_hub.h"

#include <utility>
#include <vector>

#include "kubefed/apiserver/rest/render.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::apiserver {
namespace {

constexpr std::size_t kMaxWaiting = 2000;
constexpr std::size_t kMaxWaitingBytes = 8U << 20U;
constexpr Duration kBookmarkEvery{60'000};
constexpr std::int64_t kDefaultTimeout = 1800;

}  // namespace

WatchHub::WatchHub(State& state, Clock& clock) : m_state(state), m_clock(clock) {}

WatchHub::~WatchHub() {
    while (!m_watchers.empty())
        end(m_watchers.begin()->first);
}

void WatchHub::start(ExchangePtr exchange, const Collection& collection) {
    Result<Filter> filter = Filter::make(exchange->info, *exchange->spec);
    if (!filter)
        return exchange->fail(filter.error());
    const Result<ListOptions> options = readListOptions(exchange->info, m_state.committedRv());
    if (!options)
        return exchange->fail(options.error());
    const std::uint64_t id = m_nextId++;
    auto owned = std::make_unique<Watcher>();
    Watcher& watcher = *owned;
    watcher.exchange = std::move(exchange);
    watcher.collection = &collection;
    watcher.filter = std::move(*filter);
    watcher.bookmarks = options->bookmarks;
    m_watchers.emplace(id, std::move(owned));
    m_byCollection[&collection].insert(id);
    watcher.exchange->writer->setOnClosed([this, id] { end(id); });
    watcher.exchange->writer->setOnDrained([this, id] { drained(id); });
    const std::int64_t seconds = options->timeoutSeconds.value_or(0);
    watcher.deadline =
        m_clock.after(std::chrono::seconds(seconds > 0 ? seconds : kDefaultTimeout), [this, id] { end(id); });
    armBookmarks();
    watcher.exchange->begin(200, "application/json");
    const std::int64_t from = options->resourceVersion.value_or(0);
    if (!options->sendInitialEvents && from > 0 && from < collection.compactedRv) {
        const Error error = kube::expired("too old resource version: " + std::to_string(from) + " (" +
                                          std::to_string(collection.compactedRv) + ")");
        send(watcher, "{\"type\":\"ERROR\",\"object\":" + error.status->body + "}\n");
        return end(id);
    }
    replay(watcher, *options);
    watcher.maxWaiting = watcher.waiting.size() + kMaxWaiting;
    watcher.maxWaitingBytes = watcher.waitingBytes + kMaxWaitingBytes;
}

void WatchHub::replay(Watcher& watcher, const ListOptions& options) {
    const Collection& collection = *watcher.collection;
    const std::int64_t from = options.resourceVersion.value_or(0);
    if (from > 0 && !options.sendInitialEvents) {
        for (auto event = collection.after(from); event != collection.history.end(); ++event)
            pass(watcher, *event);
        return;
    }
    // sendInitialEvents=false with no version: only what comes from now on.
    if (watcher.exchange->info.query.has("sendInitialEvents") && !options.sendInitialEvents)
        return;
    const std::string& prefix = watcher.filter.prefix();
    for (auto it = collection.slots.lower_bound(prefix); it != collection.slots.end(); ++it) {
        if (!it->first.starts_with(prefix))
            break;
        if (it->second.committed && watcher.filter.matches(*it->second.committed))
            tell(watcher, "ADDED", it->second.committed);
    }
    if (options.sendInitialEvents && watcher.bookmarks)
        send(watcher, bookmarkText(watcher, true));
}

void WatchHub::onChange(const Collection& collection, const HistoryEvent& event) {
    const auto found = m_byCollection.find(&collection);
    if (found == m_byCollection.end())
        return;
    const std::vector<std::uint64_t> ids(found->second.begin(), found->second.end());
    for (const std::uint64_t id : ids) {
        const auto watcher = m_watchers.find(id);
        if (watcher == m_watchers.end())
            continue;
        pass(*watcher->second, event);
        if (watcher->second->waiting.size() > watcher->second->maxWaiting ||
            watcher->second->waitingBytes > watcher->second->maxWaitingBytes)
            end(id);
    }
}

void WatchHub::pass(Watcher& watcher, const HistoryEvent& event) {
    const bool now = event.kind != EventKind::Deleted && watcher.filter.matches(*event.now);
    const bool before = event.before && watcher.filter.matches(*event.before);
    if (now)
        tell(watcher, before ? "MODIFIED" : "ADDED", event.now);
    else if (before)
        tell(watcher, "DELETED",
             event.kind == EventKind::Deleted ? event.now : withVersion(*event.before, event.rv));
}

std::string WatchHub::eventText(Watcher& watcher, const char* type, const EntryPtr& entry) {
    const auto make = [&] {
        return std::string("{\"type\":\"") + type +
               "\",\"object\":" + renderEntry(*watcher.exchange, *entry, !watcher.toldColumns) + "}\n";
    };
    if (watcher.exchange->format.view != View::Object) {
        std::string text = make();
        watcher.toldColumns = true;
        return text;
    }
    const std::string& version = watcher.exchange->spec->gvr.version;
    if (m_lastEntry != entry || m_lastType != type || m_lastVersion != version) {
        m_lastText = make();
        m_lastType = type;
        m_lastVersion = version;
        m_lastEntry = entry;
    }
    return m_lastText;
}

std::string WatchHub::bookmarkText(const Watcher& watcher, bool initialEnd) const {
    kube::JsonObject metadata{{"resourceVersion", std::to_string(m_state.committedRv())}};
    if (initialEnd)
        metadata["annotations"] = kube::JsonObject{{"k8s.io/initial-events-end", "true"}};
    const Exchange& exchange = *watcher.exchange;
    kube::JsonObject object{{"kind", exchange.spec->kind},
                            {"apiVersion", exchange.spec->gvk().apiVersion()},
                            {"metadata", std::move(metadata)}};
    if (exchange.format.view != View::Object) {
        object["kind"] = "PartialObjectMetadata";
        object["apiVersion"] = "meta.k8s.io/v1";
    }
    if (exchange.format.view == View::Table)
        object = {{"kind", "Table"},
                  {"apiVersion", "meta.k8s.io/v1"},
                  {"metadata", kube::JsonObject{{"resourceVersion", std::to_string(m_state.committedRv())}}},
                  {"columnDefinitions", nullptr},
                  {"rows", kube::JsonArray{
                               kube::JsonObject{{"cells", nullptr}, {"object", kube::JsonObject(object)}}}}};
    return "{\"type\":\"BOOKMARK\",\"object\":" + kube::printJson(object) + "}\n";
}

void WatchHub::keep(Watcher& watcher, Waiting event) {
    watcher.waitingBytes += event.size();
    watcher.waiting.push_back(std::move(event));
}

void WatchHub::tell(Watcher& watcher, const char* type, EntryPtr entry) {
    if (watcher.blocked)
        keep(watcher, {.type = type, .entry = std::move(entry)});
    else
        send(watcher, eventText(watcher, type, entry));
}

void WatchHub::send(Watcher& watcher, std::string text) {
    if (watcher.blocked)
        keep(watcher, {.text = std::move(text)});
    else if (!watcher.exchange->writer->write(std::move(text)))
        watcher.blocked = true;
}

void WatchHub::drained(std::uint64_t id) {
    const auto found = m_watchers.find(id);
    if (found == m_watchers.end())
        return;
    Watcher& watcher = *found->second;
    watcher.blocked = false;
    while (!watcher.blocked && !watcher.waiting.empty()) {
        Waiting event = std::move(watcher.waiting.front());
        watcher.waiting.pop_front();
        watcher.waitingBytes -= event.size();
        send(watcher, event.entry ? eventText(watcher, event.type, event.entry) : std::move(event.text));
    }
}

void WatchHub::end(std::uint64_t id) {
    auto node = m_watchers.extract(id);
    if (node.empty())
        return;
    const Watcher& watcher = *node.mapped();
    const auto ids = m_byCollection.find(watcher.collection);
    ids->second.erase(id);
    if (ids->second.empty())
        m_byCollection.erase(ids);
    net::ResponseWriter& writer = *watcher.exchange->writer;
    writer.setOnClosed({});
    writer.setOnDrained({});
    if (!writer.isClosed())
        writer.finish();
    if (m_watchers.empty())
        m_bookmarkTimer.cancel();
}

void WatchHub::endAll(const Collection& collection) {
    const auto found = m_byCollection.find(&collection);
    if (found == m_byCollection.end())
        return;
    const std::vector<std::uint64_t> ids(found->second.begin(), found->second.end());
    for (const std::uint64_t id : ids)
        end(id);
}

std::size_t WatchHub::sizeOf(const Collection& collection) const {
    const auto found = m_byCollection.find(&collection);
    return found == m_byCollection.end() ? 0 : found->second.size();
}

void WatchHub::armBookmarks() {
    if (m_bookmarkTimer.isActive())
        return;
    m_bookmarkTimer = m_clock.after(kBookmarkEvery, [this] {
        for (const auto& [id, watcher] : m_watchers)
            if (watcher->bookmarks && !watcher->blocked)
                send(*watcher, bookmarkText(*watcher, false));
        m_bookmarkTimer = Request();
        if (!m_watchers.empty())
            armBookmarks();
    });
}

}  // namespace kubefed::apiserver

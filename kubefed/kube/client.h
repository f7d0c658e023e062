// SPDX-License-Identifier: Apache-2.0
//
// A typed-by-name client of one Kubernetes API server, on one thread, over any HttpTransport. Every call
// returns an owning handle (see Request). API errors carry ApiStatus; transport errors do not. The client
// does not retry by itself except that it obeys nothing silently: callers (Reflector, workers) decide with
// Error::retryAfter. Objects are decoded on this thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/kube/object.h"
#include "kubefed/net/http.h"

namespace kubefed::kube {

struct ListOptions {
    std::string ns = {};  // empty: all namespaces, or cluster-scoped
    std::string labelSelector = {};
    std::string fieldSelector = {};
    std::string resourceVersion = {};  // "" most recent, "0" any
    int limit = 500;                   // page size; 0: one page
    std::string continueToken = {};
    Duration timeout{60'000};
};

struct ObjectList {
    std::string resourceVersion;
    std::string continueToken;
    std::vector<Object> items;  // apiVersion and kind filled in (lists leave them out)
};

enum class EventType { Added, Modified, Deleted, Bookmark };

struct WatchEvent {
    EventType type = EventType::Added;
    Object object;
};

struct WatchOptions {
    std::string ns = {};
    std::string labelSelector = {};
    std::string fieldSelector = {};
    std::string resourceVersion = {};
    bool sendInitialEvents = false;   // with resourceVersionMatch=NotOlderThan (streaming list)
    Duration serverTimeout{300'000};  // timeoutSeconds; the caller jitters it
    Duration idleTimeout{0};
};

class WatchHandler {
public:
    virtual ~WatchHandler() = default;
    // The server accepted the watch (before any event).
    virtual void onWatchBegin() {}
    // False pauses the stream until Client::resumeWatch().
    virtual bool onEvent(WatchEvent event) = 0;
    // ok: the server ended it (timeout); an ERROR event or a failing request gives its Error (410:
    // "Expired").
    virtual void onWatchEnd(Result<void> result) = 0;
};

enum class PatchType { JsonPatch, Merge, Strategic, Apply };

struct WriteOptions {
    std::string fieldManager = {};
    bool force = false;  // apply only
    bool dryRun = false;
    std::string fieldValidation = {};  // "", "Strict", "Warn", "Ignore"
    std::string subresource = {};      // "status", "scale", "token", "binding"
    Duration timeout{30'000};
};

struct DeleteOptions {
    std::string uid = {};                // precondition; empty: none
    std::string resourceVersion = {};    // precondition; empty: none
    std::string propagationPolicy = {};  // "", "Orphan", "Background", "Foreground"
    std::optional<int> gracePeriodSeconds = {};
    bool dryRun = false;
    Duration timeout{30'000};
};

struct ServerVersion {
    int major = 0;
    int minor = 0;
    std::string gitVersion;
};

class Client {
public:
    Client(std::shared_ptr<net::HttpTransport> transport, std::string userAgent);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] Request get(const Gvr& gvr, const ObjectKey& key, Callback<Object> done);
    [[nodiscard]] Request list(const Gvr& gvr, ListOptions options, Callback<ObjectList> done);  // one page
    [[nodiscard]] Request watch(const Gvr& gvr, WatchOptions options, WatchHandler& handler);
    // Events that had arrived with the one that paused are handed over from inside this call.
    void resumeWatch(WatchHandler& handler);
    [[nodiscard]] Request create(const Gvr& gvr, const Object& object, WriteOptions options,
                                 Callback<Object> done);
    [[nodiscard]] Request update(const Gvr& gvr, const Object& object, WriteOptions options,
                                 Callback<Object> done);
    [[nodiscard]] Request patch(const Gvr& gvr, const ObjectKey& key, PatchType type, std::string body,
                                WriteOptions options, Callback<Object> done);
    // The deleted or deleting object, or the Status that some types answer.
    [[nodiscard]] Request remove(const Gvr& gvr, const ObjectKey& key, DeleteOptions options,
                                 Callback<Object> done);

    [[nodiscard]] Request version(Duration timeout, Callback<ServerVersion> done);
    // The body of a plain GET such as /readyz?verbose; statuses >= 400 are errors.
    [[nodiscard]] Request raw(std::string target, Duration timeout, Callback<net::HttpResponse> done);
    // The same for a request of one's own (another Accept header, for Tables and discovery).
    [[nodiscard]] Request sendRaw(net::HttpRequest request, Callback<net::HttpResponse> done);
    [[nodiscard]] net::HttpTransport& transport();

private:
    class Impl;
    std::shared_ptr<Impl> m_impl;
};

}  // namespace kubefed::kube

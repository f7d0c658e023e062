// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/client.h"

#include <charconv>
#include <unordered_map>

#include "kubefed/kube/query.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/kube/watch.h"

namespace kubefed::kube {
namespace {

Result<Json> decode(Result<net::HttpResponse> response) {
    if (!response)
        return fail(std::move(response.error()));
    if (response->status >= 400 || response->status < 200)
        return fail(
            fromHttp(response->status, response->body, net::header(response->headers, "retry-after")));
    auto parsed = parseJson(response->body);
    if (!parsed)
        return fail(Code::DataLoss, "the answer is not JSON: " + parsed.error().message);
    return parsed;
}

Result<Object> decodeObject(Result<net::HttpResponse> response) {
    auto parsed = decode(std::move(response));
    if (!parsed)
        return fail(std::move(parsed.error()));
    if (!parsed->is_object())
        return fail(Code::DataLoss, "the answer is not a JSON object");
    return Object(std::move(parsed->get_object()));
}

// Items of a list come without apiVersion and kind; they stand in the list ("PodList").
Result<ObjectList> decodeList(Result<net::HttpResponse> response) {
    auto parsed = decode(std::move(response));
    if (!parsed)
        return fail(std::move(parsed.error()));
    JsonObject* document = parsed->if_object();
    if (document == nullptr)
        return fail(Code::DataLoss, "the answer is not a JSON object");
    ObjectList list;
    list.resourceVersion = stringAt(*document, {"metadata", "resourceVersion"});
    list.continueToken = stringAt(*document, {"metadata", "continue"});
    const std::string apiVersion(stringAt(*document, {"apiVersion"}));
    std::string kind(stringAt(*document, {"kind"}));
    if (!kind.ends_with("List"))
        return fail(Code::DataLoss, "the answer is a \"" + kind + "\", not a list");
    kind.resize(kind.size() - 4);
    Json* items = document->if_contains("items");
    if (items == nullptr || !items->is_array())
        return list;  // "items": null
    list.items.reserve(items->get_array().size());
    for (Json& item : items->get_array()) {
        if (!item.is_object())
            return fail(Code::DataLoss, "a list item is not a JSON object");
        JsonObject& object = item.get_object();
        if (!object.contains("apiVersion"))
            object.emplace("apiVersion", apiVersion);
        if (!object.contains("kind"))
            object.emplace("kind", kind);
        list.items.emplace_back(std::move(object));
    }
    return list;
}

std::string_view contentType(PatchType type) {
    switch (type) {
        case PatchType::JsonPatch:
            return "application/json-patch+json";
        case PatchType::Merge:
            return "application/merge-patch+json";
        case PatchType::Strategic:
            return "application/strategic-merge-patch+json";
        case PatchType::Apply:
            return "application/apply-patch+yaml";
    }
    return "application/json";
}

Query writeQuery(const WriteOptions& options) {
    Query query;
    query.add("fieldManager", options.fieldManager);
    query.add("fieldValidation", options.fieldValidation);
    query.add("dryRun", options.dryRun ? "All" : "");
    return query;
}

std::string deleteBody(const DeleteOptions& options) {
    JsonObject body{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
    if (!options.uid.empty())
        ensureObject(body, {"preconditions"})["uid"] = options.uid;
    if (!options.resourceVersion.empty())
        ensureObject(body, {"preconditions"})["resourceVersion"] = options.resourceVersion;
    if (!options.propagationPolicy.empty())
        body["propagationPolicy"] = options.propagationPolicy;
    if (options.gracePeriodSeconds)
        body["gracePeriodSeconds"] = *options.gracePeriodSeconds;
    if (options.dryRun)
        body["dryRun"] = JsonArray{"All"};
    return printJson(body);
}

// "34+" on some providers.
int leadingNumber(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string pathOf(const Gvr& gvr, const ObjectKey& key, std::string_view subresource = {}) {
    return gvr.path(percentEncode(key.ns), percentEncode(key.name), subresource);
}

}  // namespace

class Client::Impl {
public:
    Impl(std::shared_ptr<net::HttpTransport> transport, std::string userAgent)
        : m_transport(std::move(transport)), m_userAgent(std::move(userAgent)) {}

    net::HttpRequest request(std::string method, std::string target, Duration timeout, std::string body = {},
                             std::string_view type = "application/json") const {
        net::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers = {{"accept", "application/json"}, {"user-agent", m_userAgent}};
        if (!body.empty())
            request.headers.emplace_back("content-type", type);
        request.body = std::move(body);
        request.timeout = timeout;
        return request;
    }

    Request send(net::HttpRequest request, Callback<Object> done) const {
        return m_transport->send(std::move(request),
                                 [done = std::move(done)](Result<net::HttpResponse> r) mutable {
                                     done(decodeObject(std::move(r)));
                                 });
    }

    std::shared_ptr<net::HttpTransport> m_transport;
    std::string m_userAgent;
    std::unordered_map<WatchHandler*, std::weak_ptr<Watch>> m_watches;
};

Client::Client(std::shared_ptr<net::HttpTransport> transport, std::string userAgent)
    : m_impl(std::make_shared<Impl>(std::move(transport), std::move(userAgent))) {}
Client::~Client() = default;

Request Client::get(const Gvr& gvr, const ObjectKey& key, Callback<Object> done) {
    return m_impl->send(m_impl->request("GET", pathOf(gvr, key), Duration(30'000)), std::move(done));
}

Request Client::list(const Gvr& gvr, ListOptions options, Callback<ObjectList> done) {
    Query query;
    query.add("labelSelector", options.labelSelector);
    query.add("fieldSelector", options.fieldSelector);
    if (options.limit > 0)
        query.add("limit", std::to_string(options.limit));
    query.add("continue", options.continueToken);
    // A continue token fixes the version by itself; both together are refused.
    if (options.continueToken.empty())
        query.add("resourceVersion", options.resourceVersion);
    net::HttpRequest request =
        m_impl->request("GET", pathOf(gvr, {options.ns, {}}) + query.text(), options.timeout);
    return m_impl->m_transport->send(std::move(request),
                                     [done = std::move(done)](Result<net::HttpResponse> response) mutable {
                                         done(decodeList(std::move(response)));
                                     });
}

Request Client::watch(const Gvr& gvr, WatchOptions options, WatchHandler& handler) {
    class WatchState final : public Request::State {
    public:
        WatchState(std::shared_ptr<Watch> watch, std::weak_ptr<Impl> client, WatchHandler* handler)
            : m_watch(std::move(watch)), m_client(std::move(client)), m_handler(handler) {}
        ~WatchState() override {
            m_watch->cancel();
            const auto client = m_client.lock();
            if (!client)
                return;
            const auto it = client->m_watches.find(m_handler);
            if (it != client->m_watches.end() && it->second.lock() == m_watch)
                client->m_watches.erase(it);
        }

    private:
        std::shared_ptr<Watch> m_watch;
        std::weak_ptr<Impl> m_client;
        WatchHandler* m_handler;
    };

    Query query;
    query.add("watch", "true");
    query.add("allowWatchBookmarks", "true");
    query.add("labelSelector", options.labelSelector);
    query.add("fieldSelector", options.fieldSelector);
    query.add("resourceVersion", options.resourceVersion);
    if (options.sendInitialEvents) {
        query.add("sendInitialEvents", "true");
        query.add("resourceVersionMatch", "NotOlderThan");
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.serverTimeout).count();
    query.add("timeoutSeconds", std::to_string(seconds));
    net::HttpRequest request =
        m_impl->request("GET", pathOf(gvr, {options.ns, {}}) + query.text(), Duration(30'000));
    request.idleTimeout = options.idleTimeout;
    auto watch = std::make_shared<Watch>(handler);
    m_impl->m_watches[&handler] = watch;
    watch->start(*m_impl->m_transport, std::move(request));
    return Request(std::make_unique<WatchState>(std::move(watch), m_impl, &handler));
}

void Client::resumeWatch(WatchHandler& handler) {
    const auto it = m_impl->m_watches.find(&handler);
    if (it == m_impl->m_watches.end())
        return;
    const auto transport = m_impl->m_transport;
    if (const auto watch = it->second.lock(); watch && watch->resume())
        transport->resume(*watch);
}

Request Client::create(const Gvr& gvr, const Object& object, WriteOptions options, Callback<Object> done) {
    ObjectKey key = object.key();
    if (options.subresource.empty())
        key.name.clear();
    return m_impl->send(
        m_impl->request("POST", pathOf(gvr, key, options.subresource) + writeQuery(options).text(),
                        options.timeout, object.text()),
        std::move(done));
}

Request Client::update(const Gvr& gvr, const Object& object, WriteOptions options, Callback<Object> done) {
    const std::string target = pathOf(gvr, object.key(), options.subresource) + writeQuery(options).text();
    return m_impl->send(m_impl->request("PUT", target, options.timeout, object.text()), std::move(done));
}

Request Client::patch(const Gvr& gvr, const ObjectKey& key, PatchType type, std::string body,
                      WriteOptions options, Callback<Object> done) {
    Query query = writeQuery(options);
    query.add("force", type == PatchType::Apply && options.force ? "true" : "");
    net::HttpRequest request = m_impl->request("PATCH", pathOf(gvr, key, options.subresource) + query.text(),
                                               options.timeout, std::move(body), contentType(type));
    request.idempotent = type == PatchType::Apply;
    return m_impl->send(std::move(request), std::move(done));
}

Request Client::remove(const Gvr& gvr, const ObjectKey& key, DeleteOptions options, Callback<Object> done) {
    return m_impl->send(m_impl->request("DELETE", pathOf(gvr, key), options.timeout, deleteBody(options)),
                        std::move(done));
}

Request Client::version(Duration timeout, Callback<ServerVersion> done) {
    return m_impl->send(
        m_impl->request("GET", "/version", timeout), [done = std::move(done)](Result<Object> r) mutable {
            if (!r)
                return done(fail(std::move(r.error())));
            const JsonObject& document = r->document();
            done(ServerVersion{.major = leadingNumber(stringAt(document, {"major"})),
                               .minor = leadingNumber(stringAt(document, {"minor"})),
                               .gitVersion = std::string(stringAt(document, {"gitVersion"}))});
        });
}

Request Client::raw(std::string target, Duration timeout, Callback<net::HttpResponse> done) {
    net::HttpRequest request = m_impl->request("GET", std::move(target), timeout);
    request.headers.front().second = "*/*";
    return sendRaw(std::move(request), std::move(done));
}

Request Client::sendRaw(net::HttpRequest request, Callback<net::HttpResponse> done) {
    return m_impl->m_transport->send(
        std::move(request), [done = std::move(done)](Result<net::HttpResponse> response) mutable {
            if (response && response->status >= 400)
                return done(fail(fromHttp(response->status, response->body,
                                          net::header(response->headers, "retry-after"))));
            done(std::move(response));
        });
}

net::HttpTransport& Client::transport() {
    return *m_impl->m_transport;
}

}  // namespace kubefed::kube

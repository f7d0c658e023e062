// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/discovery.h"

#include <algorithm>
#include <deque>
#include <map>

namespace kubefed::kube {
namespace {

constexpr std::string_view kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

std::vector<std::string> strings(const JsonObject& object, std::string_view key) {
    std::vector<std::string> out;
    if (const JsonArray* array = arrayAt(object, {key}))
        for (const Json& value : *array)
            if (value.is_string())
                out.emplace_back(view(value.get_string()));
    return out;
}

bool isAggregated(const JsonObject& document) {
    return stringAt(document, {"kind"}) == "APIGroupDiscoveryList";
}

// One resource of an APIGroupDiscovery.
ApiResource aggregatedResource(const JsonObject& entry, const std::string& group,
                               const std::string& version) {
    ApiResource resource;
    resource.gvr = {group, version, std::string(stringAt(entry, {"resource"}))};
    resource.kind = stringAt(entry, {"responseKind", "kind"});
    resource.singular = stringAt(entry, {"singularResource"});
    resource.namespaced = stringAt(entry, {"scope"}) == "Namespaced";
    resource.shortNames = strings(entry, "shortNames");
    resource.categories = strings(entry, "categories");
    resource.verbs = strings(entry, "verbs");
    if (const JsonArray* subresources = arrayAt(entry, {"subresources"}))
        for (const Json& sub : *subresources)
            if (const JsonObject* object = sub.if_object())
                resource.subresources.emplace_back(stringAt(*object, {"subresource"}));
    return resource;
}

void readAggregated(const JsonObject& document, Discovery& out, std::vector<ApiResource>& resources) {
    const JsonArray* groups = arrayAt(document, {"items"});
    if (groups == nullptr)
        return;
    for (const Json& item : *groups) {
        const JsonObject* group = item.if_object();
        const JsonArray* versions = group != nullptr ? arrayAt(*group, {"versions"}) : nullptr;
        if (versions == nullptr)
            continue;
        const std::string name(stringAt(*group, {"metadata", "name"}));
        for (const Json& entry : *versions) {
            const JsonObject* version = entry.if_object();
            if (version == nullptr)
                continue;
            const std::string versionName(stringAt(*version, {"version"}));
            if (stringAt(*version, {"freshness"}) == "Stale") {
                out.incomplete.push_back(GroupVersion{name, versionName}.apiVersion());
                continue;
            }
            if (const JsonArray* list = arrayAt(*version, {"resources"}))
                for (const Json& resource : *list)
                    if (const JsonObject* object = resource.if_object())
                        resources.push_back(aggregatedResource(*object, name, versionName));
        }
    }
}

// An APIResourceList: subresources stand in it as "pods/status".
void readResourceList(const JsonObject& document, const GroupVersion& gv,
                      std::vector<ApiResource>& resources) {
    const JsonArray* list = arrayAt(document, {"resources"});
    if (list == nullptr)
        return;
    std::map<std::string, std::vector<std::string>, std::less<>> subresources;
    const std::size_t start = resources.size();
    for (const Json& item : *list) {
        const JsonObject* entry = item.if_object();
        if (entry == nullptr)
            continue;
        const std::string name(stringAt(*entry, {"name"}));
        if (const auto slash = name.find('/'); slash != std::string::npos) {
            subresources[name.substr(0, slash)].push_back(name.substr(slash + 1));
            continue;
        }
        resources.push_back({.gvr = {gv.group, gv.version, name},
                             .kind = std::string(stringAt(*entry, {"kind"})),
                             .singular = std::string(stringAt(*entry, {"singularName"})),
                             .namespaced = boolAt(*entry, {"namespaced"}, false),
                             .shortNames = strings(*entry, "shortNames"),
                             .categories = strings(*entry, "categories"),
                             .verbs = strings(*entry, "verbs"),
                             .subresources = {}});
    }
    for (std::size_t i = start; i < resources.size(); ++i)
        if (const auto it = subresources.find(resources[i].gvr.resource); it != subresources.end())
            resources[i].subresources = it->second;
}

// Asks for /api and /apis; where a server answers them in the old form, for each group version after that.
class Discoverer final : public Request::State, public std::enable_shared_from_this<Discoverer> {
public:
    Discoverer(Client& client, Duration timeout, Callback<Discovery> done)
        : m_client(client), m_timeout(timeout), m_done(std::move(done)) {}

    void start() {
        ask("/api", [this](const JsonObject& document) { onCore(document); });
    }
    void cancel() {
        m_done = nullptr;
        m_request.cancel();
    }

private:
    template <class Then>
    void ask(std::string target, Then then) {
        net::HttpRequest request;
        request.target = std::move(target);
        request.headers = {{"accept", std::string(kAggregated)}};
        request.timeout = m_timeout;
        m_request = m_client.sendRaw(std::move(request), [this, then](Result<net::HttpResponse> response) {
            const auto self = shared_from_this();
            m_request.cancel();
            if (!response)
                return onFailure(std::move(response.error()));
            const auto document = parseJson(response->body);
            if (!document || !document->is_object())
                return onFailure(
                    Error{.code = Code::DataLoss, .message = "discovery did not answer a JSON object"});
            then(document->get_object());
        });
    }

    void onCore(const JsonObject& document) {
        if (isAggregated(document))
            readAggregated(document, m_out, m_resources);
        else
            for (std::string& version : strings(document, "versions"))
                m_todo.push_back({"", std::move(version)});
        ask("/apis", [this](const JsonObject& groups) { onGroups(groups); });
    }

    void onGroups(const JsonObject& document) {
        if (isAggregated(document)) {
            readAggregated(document, m_out, m_resources);
        } else if (const JsonArray* groups = arrayAt(document, {"groups"})) {
            for (const Json& item : *groups)
                if (const JsonObject* group = item.if_object())
                    addVersions(*group);
        }
        nextVersion();
    }

    // The preferred version first.
    void addVersions(const JsonObject& group) {
        const std::string preferred(stringAt(group, {"preferredVersion", "groupVersion"}));
        if (!preferred.empty())
            m_todo.push_back(GroupVersion::parse(preferred));
        if (const JsonArray* versions = arrayAt(group, {"versions"}))
            for (const Json& item : *versions)
                if (const JsonObject* version = item.if_object())
                    if (const std::string_view gv = stringAt(*version, {"groupVersion"}); gv != preferred)
                        m_todo.push_back(GroupVersion::parse(gv));
    }

    void nextVersion() {
        if (m_todo.empty())
            return finish();
        m_current = std::move(m_todo.front());
        m_todo.pop_front();
        const std::string prefix = m_current->group.empty() ? "/api/" : "/apis/";
        ask(prefix + m_current->apiVersion(), [this](const JsonObject& document) {
            readResourceList(document, *m_current, m_resources);
            nextVersion();
        });
    }

    void onFailure(Error error) {
        if (!m_current)
            return std::exchange(m_done,
                                 nullptr)(fail(std::move(error).withContext("discovering the served types")));
        m_out.incomplete.push_back(m_current->apiVersion());
        nextVersion();
    }

    void finish() {
        m_out.apis = ApiSet(std::move(m_resources));
        std::exchange(m_done, nullptr)(std::move(m_out));
    }

    Client& m_client;
    Duration m_timeout;
    Callback<Discovery> m_done;
    Request m_request;
    Discovery m_out;
    std::vector<ApiResource> m_resources;
    std::deque<GroupVersion> m_todo;
    std::optional<GroupVersion> m_current;  // set in the fallback's second half
};

class DiscoveryHandle final : public Request::State {
public:
    explicit DiscoveryHandle(std::shared_ptr<Discoverer> discoverer) : m_discoverer(std::move(discoverer)) {}
    ~DiscoveryHandle() override { m_discoverer->cancel(); }

private:
    std::shared_ptr<Discoverer> m_discoverer;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return out;
}

// Levenshtein distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

bool namesResource(const ApiResource& resource, std::string_view name) {
    return resource.gvr.resource == name || resource.singular == name || lower(resource.kind) == name ||
           std::ranges::find(resource.shortNames, name) != resource.shortNames.end();
}

}  // namespace

ApiSet::ApiSet(std::vector<ApiResource> resources) : m_resources(std::move(resources)) {}

const ApiResource* ApiSet::byKind(const Gvk& gvk) const {
    const auto it = std::ranges::find_if(m_resources, [&](const ApiResource& r) { return r.gvk() == gvk; });
    return it == m_resources.end() ? nullptr : &*it;
}

const ApiResource* ApiSet::byResource(const Gvr& gvr) const {
    const auto it = std::ranges::find_if(m_resources, [&](const ApiResource& r) { return r.gvr == gvr; });
    return it == m_resources.end() ? nullptr : &*it;
}

Result<ApiResource> ApiSet::resolve(std::string_view typed) const {
    const std::string wanted = lower(typed);
    const auto dot = wanted.find('.');
    const std::string name = wanted.substr(0, dot);
    const std::string rest = dot == std::string::npos ? std::string() : wanted.substr(dot + 1);
    for (const ApiResource& resource : m_resources) {
        if (!namesResource(resource, name))
            continue;
        const Gvr& gvr = resource.gvr;
        const bool groupFits = rest.empty() || rest == gvr.group || rest == gvr.version + "." + gvr.group ||
                               (gvr.group.empty() && rest == gvr.version);
        if (groupFits)
            return resource;
    }
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const ApiResource& resource : m_resources) {
        const std::size_t d =
            std::min(distance(name, resource.gvr.resource), distance(name, resource.singular));
        if (d <= 2 && d < name.size())
            near.emplace_back(d, resource.gvr.text());
    }
    std::ranges::sort(near);
    std::string message = "the server does not serve a type \"" + std::string(typed) + "\"";
    for (std::size_t i = 0; i < near.size() && i < 3; ++i)
        message += (i == 0 ? "; did you mean \"" : "\", \"") + near[i].second;
    if (!near.empty())
        message += "\"?";
    return fail(Code::NotFound, std::move(message));
}

Request discover(Client& client, Duration timeout, Callback<Discovery> done) {
    auto discoverer = std::make_shared<Discoverer>(client, timeout, std::move(done));
    discoverer->start();
    return Request(std::make_unique<DiscoveryHandle>(std::move(discoverer)));
}

}  // namespace kubefed::kube

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/get.h"

#include <algorithm>
#include <ostream>

#include "kubefed/cli/format/clusters.h"
#include "kubefed/cli/member_errors.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/query.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::cli {
namespace {

constexpr std::string_view kTableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

// It is on the same machine or one that was reached a moment ago; who waits longer has a table without it.
constexpr Duration kLiveDeadline{1'000};

bool isClusters(std::string_view type) {
    return type == "clusters" || type == "cluster";
}

}  // namespace

std::expected<std::vector<Query>, CliError> readQueries(const std::vector<std::string>& arguments) {
    std::vector<Query> queries;
    const auto usage = [&arguments](std::string message) {
        return std::unexpected(CliError{.id = "KF1008",
                                        .message = std::move(message),
                                        .evidence = "given: " + spaced(arguments),
                                        .remedy = "kubefed get TYPE[,TYPE...], kubefed get TYPE NAME..., or "
                                                  "kubefed get TYPE/NAME...",
                                        .changed = "nothing was changed"});
    };
    const bool slashes =
        std::ranges::any_of(arguments, [](const auto& a) { return a.find('/') != std::string::npos; });
    if (slashes) {
        for (const std::string& argument : arguments) {
            const auto slash = argument.find('/');
            if (slash == std::string::npos || slash == 0 || slash + 1 == argument.size())
                return usage("\"" + argument + "\" is not TYPE/NAME");
            queries.push_back({argument.substr(0, slash), argument.substr(slash + 1)});
        }
        return queries;
    }
    if (arguments.empty() || arguments.front().empty())
        return usage("a type is missing");
    std::vector<std::string> types;
    std::string_view rest = arguments.front();
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        if (comma > 0)
            types.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    for (const std::string& type : types) {
        if (arguments.size() == 1)
            queries.push_back({type, {}});
        for (std::size_t i = 1; i < arguments.size(); ++i)
            queries.push_back({type, arguments[i]});
    }
    return queries;
}

std::string membersText(const std::string& those, const std::vector<std::string>& names) {
    return names.empty() ? those + " are none" : those + " are " + nameList(names);
}

CliError noSuchMember(const std::string& federation, const std::string& name, std::string evidence) {
    return {.id = "KF1120",
            .message = "federation \"" + federation + "\" has no member \"" + name + "\"",
            .evidence = std::move(evidence),
            .remedy = "kubefed get clusters lists them",
            .changed = "nothing was changed"};
}

Get::Get(Environment& environment, GetOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void Get::run() {
    auto queries = readQueries(m_options.arguments);
    if (!queries)
        return fail(queries.error());
    m_queries = std::move(*queries);
    m_single = m_queries.size() == 1 && !m_queries.front().name.empty();
    if (!connect())
        return;
    if (std::ranges::all_of(m_queries, [](const Query& query) { return isClusters(query.type); }))
        return next();
    m_request = kube::discover(client(), Duration(10'000), [this](Result<kube::Discovery> discovery) {
        if (!discovery)
            return failWith(discovery.error(), "reading what the federation serves");
        m_apis = std::move(discovery->apis);
        next();
    });
}

void Get::next() {
    if (m_next == m_queries.size()) {
        printDocuments();
        return finish(kDone);
    }
    const Query query = m_queries[m_next++];
    const bool documents =
        m_options.output == "yaml" || m_options.output == "json" || m_options.output == "name";
    if (isClusters(query.type) && !documents)
        return askClusters();
    auto resource =
        isClusters(query.type)
            ? Result<kube::ApiResource>(kube::ApiResource{.gvr = fed::memberClusters(),
                                                          .kind = std::string(fed::kMemberClusterKind),
                                                          .singular = "membercluster"})
            : m_apis.resolve(query.type);
    if (!resource)
        return fail({.id = "KF1010",
                     .message = resource.error().text(),
                     .evidence = "federation \"" + federationName() + "\" serves " +
                                 counted(static_cast<std::int64_t>(m_apis.resources().size()), "type"),
                     .remedy = typesRemedy(federation()),
                     .changed = "nothing was changed"});
    if (documents)
        return askObjects(*resource, query.name, {});
    askTable(*resource, query.name);
}

std::string Get::namespaceFor(const kube::ApiResource& resource) const {
    if (!resource.namespaced || m_options.allNamespaces)
        return {};
    return m_options.ns.empty() ? federation().ns : m_options.ns;
}

// ---- Members

void Get::askClusters() {
    m_request = client().list(fed::memberClusters(), {.labelSelector = m_options.labelSelector, .limit = 0},
                              [this](Result<kube::ObjectList> list) {
                                  if (!list)
                                      return failWith(list.error(), "listing members");
                                  readMembers(m_queries[m_next - 1], list->items);
                              });
}

void Get::readMembers(const Query& query, const std::vector<kube::Object>& objects) {
    m_members.clear();
    for (const kube::Object& object : objects)
        if (auto member = fed::MemberCluster::decode(object);
            member && (query.name.empty() || query.name == member->name))
            m_members.push_back(std::move(*member));
    if (m_members.empty() && !query.name.empty()) {
        std::vector<std::string> names;
        for (const kube::Object& object : objects)
            names.emplace_back(object.name());
        const std::string those = m_options.labelSelector.empty()
                                      ? std::string("its members")
                                      : "its members with labels " + m_options.labelSelector;
        return fail(noSuchMember(federationName(), query.name, membersText(those, names)));
    }
    if (m_members.empty()) {
        env().report.line("federation \"" + federationName() +
                          "\" has no members yet. Next: kubefed join NAME --cluster-context CONTEXT");
        return next();
    }
    if (m_live)
        return printMembers();
    m_live = std::make_unique<LiveClusters>(
        env(), client(), federation().identity, kLiveDeadline, [this](Result<LiveMembers> live) {
            if (live)
                m_liveMembers = std::move(*live);
            else
                env().report.warn(
                    "SEEN is as it was written, up to a minute ago; the controller does not say: " +
                    live.error().text());
            printMembers();
        });
}

void Get::printMembers() {
    const WallTime now = env().clock.wallNow();
    LiveView live;
    if (m_liveMembers)
        live = {.clusters = m_liveMembers->clusters, .now = m_liveMembers->now, .info = m_liveMembers->info};
    show(clusterTable(m_members, now, live).text());
    next();
}

// ---- Tables

void Get::askTable(const kube::ApiResource& resource, const std::string& name) {
    kube::Query parameters;
    parameters.add("labelSelector", name.empty() ? m_options.labelSelector : "");
    net::HttpRequest request;
    request.target =
        resource.gvr.path(kube::percentEncode(namespaceFor(resource)), kube::percentEncode(name)) +
        parameters.text();
    request.headers = {{"accept", std::string(kTableAccept)}};
    m_request = client().sendRaw(std::move(request), [this, resource](Result<net::HttpResponse> answer) {
        onTable(resource, std::move(answer));
    });
}

void Get::onTable(const kube::ApiResource& resource, Result<net::HttpResponse> answer) {
    const Query& query = m_queries[m_next - 1];
    if (!answer)
        return failWith(answer.error(),
                        "getting " + query.type + (query.name.empty() ? "" : "/" + query.name));
    const auto document = kube::parseJson(answer->body);
    auto table = document && document->is_object()
                     ? readServerTable(document->get_object(),
                                       {.wide = m_options.output == "wide",
                                        .withNamespace = m_options.allNamespaces && resource.namespaced,
                                        .namePrefix = m_queries.size() > 1 ? resource.singular + "/" : ""})
                     : Result<Table>(kubefed::fail(Code::DataLoss, "the server answered no JSON"));
    if (!table)
        return failWith(table.error(), "getting " + query.type);
    if (!table->rows.empty())
        show(table->text());
    else if (m_queries.size() == 1)
        env().report.line(!resource.namespaced || m_options.allNamespaces
                              ? std::string("No resources found")
                              : "No resources found in " + namespaceFor(resource) + " namespace.");
    next();
}

// Tables of several types stand apart.
void Get::show(const std::string& text) {
    if (m_shownAny)
        env().out << '\n';
    m_shownAny = true;
    env().out << text << std::flush;
}

// ---- Documents

void Get::askObjects(const kube::ApiResource& resource, const std::string& name, std::string continueToken) {
    if (!name.empty()) {
        m_request = client().get(resource.gvr, {namespaceFor(resource), name},
                                 [this, name](Result<kube::Object> object) {
                                     if (!object)
                                         return failWith(object.error(), "getting " + name);
                                     collect({std::move(*object)});
                                     next();
                                 });
        return;
    }
    kube::ListOptions options;
    options.ns = namespaceFor(resource);
    options.labelSelector = m_options.labelSelector;
    options.continueToken = std::move(continueToken);
    m_request =
        client().list(resource.gvr, std::move(options), [this, resource](Result<kube::ObjectList> list) {
            if (!list)
                return failWith(list.error(), "listing " + resource.gvr.text());
            collect(std::move(list->items));
            if (!list->continueToken.empty())
                return askObjects(resource, {}, std::move(list->continueToken));
            next();
        });
}

void Get::collect(std::vector<kube::Object> objects) {
    for (kube::Object& object : objects) {
        if (m_options.output != "name") {
            m_documents.push_back(std::move(object));
            continue;
        }
        const auto* resource = m_apis.byKind(object.gvk());
        std::string type = resource != nullptr ? resource->singular : std::string("membercluster");
        if (const auto gvk = object.gvk(); !gvk.group.empty())
            type += "." + gvk.group;
        env().out << type << '/' << object.name() << '\n';
    }
}

void Get::printDocuments() {
    if (m_options.output != "yaml" && m_options.output != "json")
        return;
    kube::Json document;
    if (m_single && m_documents.size() == 1) {
        document = std::move(m_documents.front().document());
    } else {
        kube::JsonArray items;
        for (kube::Object& object : m_documents)
            items.emplace_back(std::move(object.document()));
        document = kube::JsonObject{{"apiVersion", "v1"},
                                    {"kind", "List"},
                                    {"metadata", kube::JsonObject{}},
                                    {"items", std::move(items)}};
    }
    // Nobody reads managedFields, and they are most of the text; kubectl hides them as well.
    const auto hide = [](kube::JsonObject& object) { kube::erase(object, {"metadata", "managedFields"}); };
    hide(document.get_object());
    if (auto* items = document.get_object().if_contains("items"); items != nullptr && items->is_array())
        for (kube::Json& item : items->get_array())
            if (item.is_object())
                hide(item.get_object());
    env().out << (m_options.output == "yaml" ? kube::printYaml(document) : kube::printJson(document) + "\n");
}

}  // namespace kubefed::cli

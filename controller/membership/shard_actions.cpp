// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/shard_actions.h"

#include <algorithm>

#include "controller/ids.h"
#include "kubefed/fed/names.h"
#include "kubefed/fed/reclaim.h"
#include "kubefed/kube/query.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::controller {
namespace {

constexpr std::string_view kUserAgent = "kubefed-controller";
const kube::Gvr kNamespaces{"", "v1", "namespaces"};

net::HttpRequest request(std::string method, std::string target, std::string_view type, std::string body,
                         Duration timeout) {
    net::HttpRequest result;
    result.method = std::move(method);
    result.target = std::move(target);
    result.headers = {{"accept", "application/json"}, {"user-agent", std::string(kUserAgent)}};
    if (!body.empty())
        result.headers.emplace_back("content-type", std::string(type));
    result.body = std::move(body);
    result.timeout = timeout;
    return result;
}

std::string path(const ActionRequest& what, bool named) {
    const kube::Gvr gvr = fed::enabledKinds()[what.kind].gvr();
    return gvr.path(kube::percentEncode(what.key.ns),
                    named ? kube::percentEncode(what.key.name) : std::string());
}

std::string namespaceBody(const std::string& name, std::string_view federationId) {
    kube::JsonObject labels;
    labels[fed::kFederationLabel] = federationId;
    kube::JsonObject metadata;
    metadata["name"] = name;
    metadata["labels"] = std::move(labels);
    kube::JsonObject body{{"apiVersion", "v1"}, {"kind", "Namespace"}};
    body["metadata"] = std::move(metadata);
    return kube::printJson(body);
}

}  // namespace

net::HttpRequest toGet(const ActionRequest& what) {
    return request("GET", path(what, true), {}, {}, what.timeout);
}

net::HttpRequest toHttp(const ActionRequest& what, std::string_view federationId) {
    constexpr std::string_view kJson = "application/json";
    switch (what.action.kind) {
        case fed::ActionKind::EnsureNamespace:
            return request("POST", kNamespaces.path() + "?fieldManager=kubefed", kJson,
                           namespaceBody(what.key.ns, federationId), what.timeout);
        case fed::ActionKind::Create:
            return request("POST", path(what, false) + "?fieldManager=kubefed", kJson, what.action.body,
                           what.timeout);
        case fed::ActionKind::Migrate:
        case fed::ActionKind::Reclaim:
            return request("PATCH", path(what, true) + "?fieldManager=kubefed", "application/json-patch+json",
                           what.action.body, what.timeout);
        case fed::ActionKind::Apply:
            return request("PATCH", path(what, true) + "?fieldManager=kubefed&force=true",
                           "application/apply-patch+yaml", what.action.body, what.timeout);
        case fed::ActionKind::Delete:
            return request("DELETE", path(what, true), kJson,
                           R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":")" +
                               what.action.uid + R"("},"propagationPolicy":"Background"})",
                           what.timeout);
        case fed::ActionKind::Inspect:
        case fed::ActionKind::None:
            break;
    }
    return toGet(what);
}

Result<kube::Object> toObject(Result<net::HttpResponse> response) {
    if (!response)
        return fail(std::move(response.error()));
    if (response->status < 200 || response->status >= 300)
        return fail(
            kube::fromHttp(response->status, response->body, net::header(response->headers, "retry-after")));
    return kube::Object::parse(response->body);
}

Result<ActionAnswer> toAnswer(const ActionRequest& what, Result<net::HttpResponse> response,
                              std::string_view federationId) {
    Result<kube::Object> object = toObject(std::move(response));
    if (!object) {
        const bool exists = object.error().isReason("AlreadyExists");
        if (what.action.kind == fed::ActionKind::EnsureNamespace && exists)
            return ActionAnswer{};
        return fail(std::move(object.error()));
    }
    ActionAnswer answer;
    if (what.action.kind == fed::ActionKind::EnsureNamespace)
        return answer;
    if (what.action.kind == fed::ActionKind::Delete) {
        // A Status or an object without finalizers and grace: it is gone. Otherwise it is going.
        answer.gone = object->kind() == "Status";
        return answer;
    }
    return toAnswer(what, *object, federationId);
}

ActionAnswer toAnswer(const ActionRequest& what, const kube::Object& live, std::string_view federationId) {
    ActionAnswer answer;
    answer.object = fed::project(live, fed::enabledKinds()[what.kind], federationId);
    return answer;
}

bool needsLive(const fed::Action& action) {
    return action.kind == fed::ActionKind::Reclaim ||
           (action.kind == fed::ActionKind::Apply && action.keepTolerations);
}

Result<std::string> bodyFor(const ActionRequest& what, const kube::Object& live) {
    if (what.action.kind != fed::ActionKind::Reclaim)
        return withLiveTolerations(what.action.body, live);
    if (live.uid() != what.action.uid)
        return fail(kube::notFound(fed::enabledKinds()[what.kind].gvr(), what.key.name));
    const Result<kube::Object> wanted = kube::Object::parse(what.action.body);
    if (!wanted)
        return fail(wanted.error());
    return fed::reclaimPatch(live, wanted->document());
}

Result<std::string> withLiveTolerations(std::string_view body, const kube::Object& live) {
    Result<kube::Object> wanted = kube::Object::parse(body);
    if (!wanted)
        return fail(std::move(wanted.error()));
    kube::JsonArray tolerations;
    if (const kube::JsonArray* present = kube::arrayAt(live.document(), {"spec", "tolerations"}))
        tolerations = *present;
    if (const kube::JsonArray* asked = kube::arrayAt(wanted->document(), {"spec", "tolerations"}))
        for (const kube::Json& one : *asked)
            if (std::ranges::none_of(tolerations,
                                     [&](const kube::Json& known) { return kube::equal(known, one); }))
                tolerations.push_back(one);
    if (!tolerations.empty())
        kube::ensureObject(wanted->document(), {"spec"})["tolerations"] = std::move(tolerations);
    wanted->metadata()["resourceVersion"] = live.resourceVersion();
    return wanted->text();
}

}  // namespace kubefed::controller

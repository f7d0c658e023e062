// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::apiserver {
namespace {

kube::JsonArray toArray(const std::vector<std::string>& values) {
    return kube::JsonArray(values.begin(), values.end());
}

kube::JsonObject userInfo(const User& user) {
    kube::JsonObject info{{"username", user.name}};
    if (!user.uid.empty())
        info["uid"] = user.uid;
    info["groups"] = toArray(user.groups);
    return info;
}

kube::JsonObject reviewToken(const Services& services, const Exchange& exchange,
                             const kube::JsonObject& review) {
    const std::string_view token = kube::stringAt(review, {"spec", "token"});
    const std::optional<User> user = services.tokens.verify(token, services.state, exchange.now);
    if (!user)
        return {{"user", kube::JsonObject()}, {"error", "invalid bearer token"}};
    return {{"authenticated", true},
            {"user", userInfo(*user)},
            {"audiences", kube::JsonArray{"https://kubernetes.default.svc"}}};
}

User subjectOf(const kube::JsonObject& review) {
    User user{std::string(kube::stringAt(review, {"spec", "user"})),
              std::string(kube::stringAt(review, {"spec", "uid"})),
              {}};
    if (const kube::JsonArray* groups = kube::arrayAt(review, {"spec", "groups"}))
        for (const kube::Json& group : *groups)
            if (group.is_string())
                user.groups.emplace_back(kube::view(group.get_string()));
    return user;
}

kube::JsonObject reviewAccess(const Services& services, const User& user, const kube::JsonObject& review) {
    Attributes attributes;
    attributes.user = &user;
    if (const kube::JsonObject* asked = kube::objectAt(review, {"spec", "resourceAttributes"})) {
        const auto text = [&](std::string_view key) { return std::string(kube::stringAt(*asked, {key})); };
        attributes.verb = text("verb");
        attributes.group = text("group");
        attributes.resource = text("resource");
        attributes.subresource = text("subresource");
        attributes.ns = text("namespace");
        attributes.name = text("name");
    } else {
        attributes.isResource = false;
        attributes.verb = kube::stringAt(review, {"spec", "nonResourceAttributes", "verb"});
        attributes.path = kube::stringAt(review, {"spec", "nonResourceAttributes", "path"});
    }
    const Verdict verdict = authorize(attributes, services.state);
    kube::JsonObject status{{"allowed", verdict.allowed}};
    if (!verdict.reason.empty())
        status["reason"] = verdict.reason;
    return status;
}

// What a SubjectAccessReview must say; empty: it does.
std::vector<kube::StatusCause> reviewProblems(const kube::JsonObject& review, bool ofSubject) {
    std::vector<kube::StatusCause> problems;
    const bool resource = kube::objectAt(review, {"spec", "resourceAttributes"}) != nullptr;
    const bool path = kube::objectAt(review, {"spec", "nonResourceAttributes"}) != nullptr;
    if (resource == path)
        problems.push_back(
            {"FieldValueInvalid",
             std::string("Invalid value: null: ") +
                 (path ? "cannot be specified in combination with resourceAttributes"
                       : "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
             path ? "spec.nonResourceAttributes" : "spec.resourceAttributes"});
    const kube::JsonArray* groups = kube::arrayAt(review, {"spec", "groups"});
    if (ofSubject && kube::stringAt(review, {"spec", "user"}).empty() &&
        (groups == nullptr || groups->empty()))
        problems.push_back({"FieldValueInvalid",
                            "Invalid value: \"\": at least one of user or group must be specified",
                            "spec.user"});
    return problems;
}

kube::JsonObject rulesStatus(const Services& services, const Exchange& exchange,
                             const kube::JsonObject& review) {
    return rulesFor(exchange.user, kube::stringAt(review, {"spec", "namespace"}), services.state);
}

}  // namespace

void handleReview(Services& services, const ExchangePtr& exchange) {
    const ResourceSpec& spec = *exchange->spec;
    Result<kube::JsonObject> review =
        readObject(*exchange, spec.gvk(), spec.schema.get(), FieldValidation::Warn);
    if (!review)
        return exchange->fail(review.error());
    kube::ensureObject(*review, {"metadata"}).erase("creationTimestamp");
    if (spec.kind != "SelfSubjectReview" && spec.kind != "SelfSubjectRulesReview" && spec.schema)
        kube::updateManagedFields(
            nullptr, *review, spec.schema->root(),
            {exchange->fieldManager, "", spec.gvk().apiVersion(), toRfc3339(exchange->now)});
    const bool ofSubject = spec.kind == "SubjectAccessReview" || spec.kind == "LocalSubjectAccessReview";
    if (ofSubject || spec.kind == "SelfSubjectAccessReview") {
        std::vector<kube::StatusCause> problems = reviewProblems(*review, ofSubject);
        const std::string_view ns = kube::stringAt(*review, {"spec", "resourceAttributes", "namespace"});
        if (spec.kind == "LocalSubjectAccessReview" && ns != exchange->info.ns)
            return exchange->fail(kube::badRequest(
                "spec.resourceAttributes.namespace must match namespace: " + exchange->info.ns));
        if (!problems.empty())
            // Without a kind: kube-apiserver names none here.
            return exchange->fail(
                kube::invalid({spec.gvr.group, spec.gvr.version, ""}, "", std::move(problems)));
        (*review)["status"] =
            reviewAccess(services, ofSubject ? subjectOf(*review) : exchange->user, *review);
    } else if (spec.kind == "TokenReview") {
        if (kube::stringAt(*review, {"spec", "token"}).empty())
            return exchange->fail(kube::badRequest("token is required for TokenReview in authentication"));
        (*review)["status"] = reviewToken(services, *exchange, *review);
    } else if (spec.kind == "SelfSubjectRulesReview") {
        (*review)["status"] = rulesStatus(services, *exchange, *review);
        (*review)["spec"] = kube::JsonObject();  // kube-apiserver does not repeat what it was asked
    } else if (spec.kind == "SelfSubjectReview") {
        kube::ensureObject(*review, {"metadata"})["creationTimestamp"] = toRfc3339(exchange->now);
        (*review)["status"] = kube::JsonObject{{"userInfo", userInfo(exchange->user)}};
    } else {
        return exchange->fail(genericError(404));
    }
    exchange->respondJson(201, kube::printJson(*review));
}

}  // namespace kubefed::apiserver

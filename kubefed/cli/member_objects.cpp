// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/member_objects.h"

#include <set>

#include "kubefed/fed/kinds.h"
#include "kubefed/fed/names.h"
#include "kubefed/util/base64.h"

namespace kubefed::cli {
namespace {

using kube::JsonArray;
using kube::JsonObject;

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";

kube::Gvr rbac(std::string resource) {
    return {std::string(kRbac), "v1", std::move(resource)};
}

kube::Object rbacObject(std::string_view kind, std::string_view ns, const std::string& name) {
    return kube::Object::make({std::string(kRbac), "v1", std::string(kind)}, ns, name);
}

JsonArray array(std::initializer_list<std::string_view> texts) {
    JsonArray out;
    for (const std::string_view text : texts)
        out.emplace_back(text);
    return out;
}

// One rule for each API group of the enabled types, and what placing needs to know of nodes.
JsonArray clusterRules() {
    std::map<std::string, std::set<std::string>> groups;
    for (const fed::KindTraits& kind : fed::enabledKinds())
        groups[std::string(kind.group)].emplace(kind.resource);
    JsonArray rules;
    for (const auto& [group, resources] : groups) {
        JsonArray names;
        for (const std::string& resource : resources)
            names.emplace_back(resource);
        rules.push_back(
            JsonObject{{"apiGroups", array({group})},
                       {"resources", std::move(names)},
                       {"verbs", array({"get", "list", "watch", "create", "update", "patch", "delete"})}});
    }
    rules.push_back(JsonObject{{"apiGroups", array({""})},
                               {"resources", array({"nodes"})},
                               {"verbs", array({"get", "list", "watch"})}});
    rules.push_back(
        JsonObject{{"nonResourceURLs", array({"/readyz", "/version"})}, {"verbs", array({"get"})}});
    return rules;
}

JsonArray subjects(const std::string& account) {
    return {JsonObject{{"kind", "ServiceAccount"}, {"name", account}, {"namespace", fed::kSystemNamespace}}};
}

JsonObject roleRef(std::string_view kind, const std::string& name) {
    return {{"apiGroup", kRbac}, {"kind", kind}, {"name", name}};
}

}  // namespace

std::vector<ManagedObject> memberObjects(const FederationRef& federation) {
    const std::string role = "kubefed:" + federation.name;
    const std::string_view ns = fed::kSystemNamespace;
    std::vector<ManagedObject> objects;
    objects.push_back({namespaces(), kube::Object::make({"", "v1", "Namespace"}, "", ns)});
    objects.push_back(
        {serviceAccounts(), kube::Object::make({"", "v1", "ServiceAccount"}, ns, federation.name)});

    auto clusterRole = rbacObject("ClusterRole", "", role);
    clusterRole.document()["rules"] = clusterRules();
    objects.push_back({rbac("clusterroles"), std::move(clusterRole)});

    auto clusterBinding = rbacObject("ClusterRoleBinding", "", role);
    clusterBinding.document()["roleRef"] = roleRef("ClusterRole", role);
    clusterBinding.document()["subjects"] = subjects(federation.name);
    objects.push_back({rbac("clusterrolebindings"), std::move(clusterBinding)});

    // A namespaced role, so that no account of the same name elsewhere is covered.
    auto tokenRole = rbacObject("Role", ns, role);
    tokenRole.document()["rules"] = JsonArray{JsonObject{{"apiGroups", array({""})},
                                                         {"resources", array({"serviceaccounts/token"})},
                                                         {"resourceNames", array({federation.name})},
                                                         {"verbs", array({"create"})}}};
    objects.push_back({rbac("roles"), std::move(tokenRole)});

    auto tokenBinding = rbacObject("RoleBinding", ns, role);
    tokenBinding.document()["roleRef"] = roleRef("Role", role);
    tokenBinding.document()["subjects"] = subjects(federation.name);
    objects.push_back({rbac("rolebindings"), std::move(tokenBinding)});

    for (ManagedObject& object : objects)
        if (object.object.kind() != "Namespace")  // shared by all federations that the member is in
            object.object.setAnnotation(kOwnerAnnotation, federation.id);
    return objects;
}

std::size_t memberTypeCount() {
    return fed::enabledKinds().size() + 1;
}

std::string Right::text() const {
    std::string out = verb + " " + resource;
    if (!subresource.empty())
        out += "/" + subresource;
    if (!group.empty())
        out += "." + group;
    if (!name.empty())
        out += " \"" + name + "\"";
    if (!ns.empty())
        out += " in namespace " + ns;
    return out;
}

std::vector<Right> rightsInMember() {
    const std::string system(fed::kSystemNamespace);
    const std::string group(kRbac);
    return {{"get", "", "namespaces", "", "", "kube-system"},
            {"create", "", "namespaces", "", "", ""},
            {"create", "", "serviceaccounts", "", system, ""},
            {"create", "", "serviceaccounts", "token", system, ""},
            {"create", group, "clusterroles", "", "", ""},
            {"create", group, "clusterrolebindings", "", "", ""},
            {"create", group, "roles", "", system, ""},
            {"create", group, "rolebindings", "", system, ""}};
}

std::vector<Right> rightsInFederation() {
    return {{"create", std::string(fed::kGroup), "memberclusters", "", "", ""},
            {"create", "", "secrets", "", std::string(fed::kSystemNamespace), ""}};
}

kube::Object accessReview(const Right& right) {
    kube::Object review(
        JsonObject{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectAccessReview"}});
    JsonObject& attributes = kube::ensureObject(review.document(), {"spec", "resourceAttributes"});
    attributes["verb"] = right.verb;
    attributes["group"] = right.group;
    attributes["resource"] = right.resource;
    if (!right.subresource.empty())
        attributes["subresource"] = right.subresource;
    if (!right.ns.empty())
        attributes["namespace"] = right.ns;
    if (!right.name.empty())
        attributes["name"] = right.name;
    return review;
}

ManagedObject memberCluster(const MemberSpec& spec) {
    auto object = kube::Object::make(
        {std::string(fed::kGroup), std::string(fed::kVersion), std::string(fed::kMemberClusterKind)}, "",
        spec.name);
    for (const auto& [key, value] : spec.labels)
        object.setLabel(key, value);
    for (const auto& [key, value] : spec.annotations)
        object.setAnnotation(key, value);
    if (!spec.confirmedUid.empty())
        object.setAnnotation(fed::kConfirmUidAnnotation, spec.confirmedUid);
    JsonObject& body = kube::ensureObject(object.document(), {"spec"});
    body = spec.others;
    body["apiEndpoint"] = spec.endpoint;
    if (!spec.caPem.empty())
        body["caBundle"] = base64Encode(spec.caPem);
    kube::ensureObject(body, {"credentials", "secretRef"})["name"] = spec.secretName;
    if (!spec.tlsServerName.empty())
        body["tlsServerName"] = spec.tlsServerName;
    return {fed::memberClusters(), std::move(object)};
}

ManagedObject memberSecret(const MemberSpec& spec, std::string_view token, std::string_view expires) {
    auto object = kube::Object::make({"", "v1", "Secret"}, fed::kSystemNamespace, spec.secretName);
    object.setLabel("kubefed.io/member", spec.name);
    object.setAnnotation(fed::kTokenExpiryAnnotation, expires);
    object.document()["type"] = "Opaque";
    object.document()["data"] = JsonObject{{"token", base64Encode(token)}};
    return {secrets(), std::move(object)};
}

kube::Object tokenRequest(const FederationRef& federation, std::int64_t seconds) {
    auto request = kube::Object::make({"authentication.k8s.io", "v1", "TokenRequest"}, fed::kSystemNamespace,
                                      federation.name);
    kube::ensureObject(request.document(), {"spec"})["expirationSeconds"] = seconds;
    return request;
}

kube::Gvr accessReviews() {
    return {"authorization.k8s.io", "v1", "selfsubjectaccessreviews"};
}
kube::Gvr serviceAccounts() {
    return {"", "v1", "serviceaccounts"};
}
kube::Gvr namespaces() {
    return {"", "v1", "namespaces"};
}
kube::Gvr secrets() {
    return {"", "v1", "secrets"};
}
kube::Gvr configMaps() {
    return {"", "v1", "configmaps"};
}

}  // namespace kubefed::cli

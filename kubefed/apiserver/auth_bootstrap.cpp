// SPDX-License-Identifier: Apache-2.0
// The roles that every server starts with. admin, edit and view gather what carries their label, so that a
// CRD's own roles join them; ours for kubefed.io are placed like this: who edits a namespace may place what
// is in it (PlacementPolicies), only cluster administrators change clusters, cluster-wide policies and
// plugins.
#include <algorithm>

#include "kubefed/apiserver/auth.h"
#include "kubefed/apiserver/auth_rules.h"

namespace kubefed::apiserver {

namespace {

using Texts = std::vector<std::string_view>;

const Texts kRead = {"get", "list", "watch"};
const Texts kWrite = {"create", "delete", "deletecollection", "patch", "update"};
constexpr std::string_view kRbac = "rbac.authorization.k8s.io";
constexpr std::string_view kFederation = "kubefed.io";
constexpr std::string_view kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

kube::JsonArray toArray(const Texts& values) {
    kube::JsonArray array;
    for (const std::string_view value : values)
        array.emplace_back(value);
    return array;
}

kube::JsonObject rule(const Texts& groups, const Texts& resources, const Texts& verbs) {
    return {{"apiGroups", toArray(groups)}, {"resources", toArray(resources)}, {"verbs", toArray(verbs)}};
}

kube::JsonObject urlRule(const Texts& urls, const Texts& verbs) {
    return {{"nonResourceURLs", toArray(urls)}, {"verbs", toArray(verbs)}};
}

kube::Object named(std::string_view kind, std::string_view name) {
    kube::Object object = kube::Object::make({std::string(kRbac), "v1", std::string(kind)}, {}, name);
    object.setLabel("kubernetes.io/bootstrapping", "rbac-defaults");
    object.setAnnotation(kAutoUpdate, "true");
    return object;
}

kube::Object role(std::string_view name, std::initializer_list<kube::JsonObject> rules) {
    kube::Object object = named("ClusterRole", name);
    kube::JsonArray array;
    for (const kube::JsonObject& one : rules)
        array.push_back(one);
    object.document()["rules"] = std::move(array);
    return object;
}

constexpr std::string_view kAggregate = "rbac.authorization.k8s.io/aggregate-to-";

kube::Object aggregating(std::string_view name, const Texts& sources) {
    kube::Object object = role(name, {});
    kube::JsonArray selectors;
    for (const std::string_view source : sources)
        selectors.push_back(kube::JsonObject{
            {"matchLabels", kube::JsonObject{{std::string(kAggregate) + std::string(source), "true"}}}});
    object.document()["aggregationRule"] = kube::JsonObject{{"clusterRoleSelectors", std::move(selectors)}};
    return object;
}

kube::Object labelled(kube::Object object, std::string_view target) {
    object.setLabel(std::string(kAggregate) + std::string(target), "true");
    return object;
}

kube::Object binding(std::string_view name, const Texts& groups) {
    kube::Object object = named("ClusterRoleBinding", name);
    object.document()["roleRef"] =
        kube::JsonObject{{"apiGroup", kRbac}, {"kind", "ClusterRole"}, {"name", name}};
    kube::JsonArray subjects;
    for (const std::string_view group : groups)
        subjects.push_back(kube::JsonObject{{"apiGroup", kRbac}, {"kind", "Group"}, {"name", group}});
    object.document()["subjects"] = std::move(subjects);
    return object;
}

kube::Object viewRole() {
    return labelled(
        role("system:aggregate-to-view",
             {rule({""},
                   {"configmaps", "endpoints", "events", "namespaces", "namespaces/status", "pods",
                    "pods/status", "replicationcontrollers", "replicationcontrollers/scale",
                    "replicationcontrollers/status", "serviceaccounts", "services", "services/status"},
                   kRead),
              rule({"discovery.k8s.io"}, {"endpointslices"}, kRead),
              rule({kFederation}, {"placementpolicies", "placements"}, kRead),
              // By gRPC: the live fleet as far as it lies in the namespace, and why a thing is where it is.
              rule({kFederation}, {"fleets"}, {"watch"}), rule({kFederation}, {"explanations"}, {"create"})}),
        "view");
}

kube::Object editRole() {
    Texts readWrite = kRead;
    readWrite.insert(readWrite.end(), kWrite.begin(), kWrite.end());
    return labelled(role("system:aggregate-to-edit",
                         {rule({""}, {"secrets"}, kRead), rule({""}, {"serviceaccounts"}, {"impersonate"}),
                          rule({""},
                               {"configmaps", "endpoints", "events", "pods", "replicationcontrollers",
                                "replicationcontrollers/scale", "secrets", "serviceaccounts", "services"},
                               kWrite),
                          rule({""}, {"serviceaccounts/token"}, {"create"}),
                          rule({"coordination.k8s.io"}, {"leases"}, readWrite),
                          rule({kFederation}, {"placementpolicies"}, kWrite)}),
                    "edit");
}

kube::Object adminRole() {
    Texts all = kRead;
    all.insert(all.end(), kWrite.begin(), kWrite.end());
    return labelled(role("system:aggregate-to-admin",
                         {rule({"authorization.k8s.io"}, {"localsubjectaccessreviews"}, {"create"}),
                          rule({kRbac}, {"rolebindings", "roles"}, all)}),
                    "admin");
}

// All of the window and of `kubefed get`, `why` and `policy list`, and nothing that can be changed. `view`
// cannot give it: who views a namespace sees no clusters.
kube::Object fleetViewerRole() {
    return role("kubefed-fleet-viewer",
                {rule({kFederation},
                      {"clusterplacementpolicies", "memberclusters", "placementpolicies", "placements",
                       "policyplugins"},
                      kRead),
                 rule({kFederation}, {"fleets"}, {"watch"}),
                 rule({kFederation}, {"explanations"}, {"create"}), rule({""}, {"events"}, kRead)});
}

// Labels and annotations that a person gave another value keep it.
void addMissing(kube::JsonObject& object, const kube::JsonObject& wanted, std::string_view map) {
    const kube::JsonObject* values = kube::objectAt(wanted, {"metadata", map});
    if (values == nullptr)
        return;
    kube::JsonObject& present = kube::ensureObject(object, {"metadata", map});
    for (const auto& [key, value] : *values)
        if (!present.contains(key))
            present[key] = value;
}

// Appends the elements of the wanted list that `isThere(element)` does not know.
template <class IsThere>
void addMissing(kube::JsonObject& object, const kube::JsonArray* wanted, std::string_view list,
                IsThere isThere) {
    kube::JsonArray missing;
    for (const kube::Json& element : wanted == nullptr ? kube::JsonArray() : *wanted)
        if (!isThere(element))
            missing.push_back(element);
    if (missing.empty())
        return;
    kube::Json& value = object[list];
    kube::JsonArray& present = value.is_array() ? value.get_array() : value.emplace_array();
    present.insert(present.end(), missing.begin(), missing.end());
}

// Is it among the elements of a list, word for word?
auto isIn(const kube::JsonArray* list) {
    return [list](const kube::Json& element) {
        return list != nullptr && std::ranges::any_of(*list, [&](const kube::Json& other) {
                   return kube::equal(other, element);
               });
    };
}

// Do the rules of a list, taken together, grant all that a rule does?
auto isGrantedBy(const kube::JsonArray* list) {
    std::vector<PolicyRule> owned;
    for (const kube::Json& rule : list == nullptr ? kube::JsonArray() : *list)
        if (rule.is_object())
            owned.push_back(parseRule(rule.get_object()));
    return [owned = std::move(owned)](const kube::Json& rule) {
        return std::ranges::all_of(breakDown(parseRule(rule.get_object())), [&](const PolicyRule& single) {
            return std::ranges::any_of(owned, [&](const PolicyRule& owner) { return covers(owner, single); });
        });
    };
}

}  // namespace

std::optional<kube::JsonObject> completedRbac(const kube::JsonObject& present,
                                              const kube::JsonObject& wanted) {
    const kube::Json* role = kube::find(wanted, {"roleRef"});
    const kube::Json* bound = kube::find(present, {"roleRef"});
    const kube::JsonArray* rules = kube::arrayAt(present, {"rules"});
    // A person's own instead of what is gathered, which would take their place.
    const bool isOwn = wanted.contains("aggregationRule") && !present.contains("aggregationRule") &&
                       rules != nullptr && !rules->empty();
    if (isOwn || kube::stringAt(present, {"metadata", "annotations", kAutoUpdate}) == "false" ||
        (role != nullptr && (bound == nullptr || !kube::equal(*role, *bound))))
        return std::nullopt;
    kube::JsonObject object = present;
    addMissing(object, wanted, "labels");
    addMissing(object, wanted, "annotations");
    addMissing(object, kube::arrayAt(wanted, {"rules"}), "rules", isGrantedBy(rules));
    addMissing(object, kube::arrayAt(wanted, {"subjects"}), "subjects",
               isIn(kube::arrayAt(present, {"subjects"})));
    if (const kube::JsonArray* selectors = kube::arrayAt(wanted, {"aggregationRule", "clusterRoleSelectors"}))
        addMissing(kube::ensureObject(object, {"aggregationRule"}), selectors, "clusterRoleSelectors",
                   isIn(kube::arrayAt(present, {"aggregationRule", "clusterRoleSelectors"})));
    else
        object.erase("aggregationRule");  // it would take over the rules
    if (kube::equal(object, present))
        return std::nullopt;
    return object;
}

std::string addedToRbac(const kube::JsonObject& present, const kube::JsonObject& completed) {
    std::string text;
    const auto tell = [&](std::string_view what, const std::string& value) {
        text.append(text.empty() ? "" : ", ").append(what).append(" ").append(value);
    };
    for (const std::string_view map : {"labels", "annotations"})
        if (const kube::JsonObject* values = kube::objectAt(completed, {"metadata", map}))
            for (const auto& [key, value] : *values)
                if (kube::find(present, {"metadata", map, kube::view(key)}) == nullptr)
                    tell(map, std::string(kube::view(key)));
    const auto tellList = [&](std::string_view what, std::initializer_list<std::string_view> path) {
        const kube::JsonArray* before = kube::arrayAt(present, path);
        if (const kube::JsonArray* after = kube::arrayAt(completed, path))
            for (std::size_t i = before == nullptr ? 0 : before->size(); i < after->size(); ++i)
                tell(what, kube::printCanonical((*after)[i]));
    };
    tellList("rule", {"rules"});
    tellList("selector", {"aggregationRule", "clusterRoleSelectors"});
    tellList("subject", {"subjects"});
    if (present.contains("aggregationRule") && !completed.contains("aggregationRule"))
        tell("no", "aggregationRule");
    return text;
}

std::vector<kube::Object> bootstrapRbac() {
    const Texts everyone = {"system:authenticated", "system:unauthenticated"};
    std::vector<kube::Object> objects;
    objects.push_back(role("cluster-admin", {rule({"*"}, {"*"}, {"*"}), urlRule({"*"}, {"*"})}));
    objects.push_back(aggregating("admin", {"admin", "edit", "view"}));
    objects.push_back(labelled(aggregating("edit", {"edit", "view"}), "admin"));
    objects.push_back(labelled(aggregating("view", {"view"}), "edit"));
    objects.push_back(adminRole());
    objects.push_back(editRole());
    objects.push_back(viewRole());
    objects.push_back(fleetViewerRole());
    objects.push_back(
        role("system:discovery", {urlRule({"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
                                           "/openapi", "/openapi/*", "/readyz", "/version", "/version/"},
                                          {"get"})}));
    objects.push_back(role("system:public-info-viewer",
                           {urlRule({"/healthz", "/livez", "/readyz", "/version", "/version/"}, {"get"})}));
    objects.push_back(role(
        "system:basic-user",
        {rule({"authorization.k8s.io"}, {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}, {"create"}),
         rule({"authentication.k8s.io"}, {"selfsubjectreviews"}, {"create"})}));
    objects.push_back(binding("cluster-admin", {"system:masters"}));
    objects.push_back(binding("system:discovery", {"system:authenticated"}));
    objects.push_back(binding("system:public-info-viewer", everyone));
    objects.push_back(binding("system:basic-user", {"system:authenticated"}));
    return objects;
}

}  // namespace kubefed::apiserver

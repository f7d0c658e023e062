// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/apiserver/auth_rules.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";

bool isMaster(const User& user) {
    return std::ranges::find(user.groups, "system:masters") != user.groups.end();
}

bool may(const User& user, std::string_view verb, std::string_view resource, std::string_view ns,
         std::string_view name, const ObjectReader& objects) {
    Attributes attributes;
    attributes.user = &user;
    attributes.verb = verb;
    attributes.group = kRbac;
    attributes.resource = resource;
    attributes.ns = ns;
    attributes.name = name;
    return authorize(attributes, objects).allowed;
}

std::vector<PolicyRule> everything() {
    return {{{"*"}, {"*"}, {"*"}, {}, {}}, {{"*"}, {}, {}, {}, {"*"}}};
}

// Of `wanted`, what no rule of `owned` covers, one to a line.
std::string missingRules(const std::vector<PolicyRule>& wanted, const std::vector<PolicyRule>& owned) {
    std::string missing;
    for (const PolicyRule& rule : wanted)
        for (const PolicyRule& single : breakDown(rule))
            if (std::ranges::none_of(owned, [&](const PolicyRule& owner) { return covers(owner, single); }))
                missing += "\n" + describeRule(single);
    return missing;
}

std::string escalation(const User& user, const std::string& missing) {
    std::string groups;
    for (const std::string& group : user.groups)
        groups.append(groups.empty() ? "" : " ").append("\"").append(group).append("\"");
    return "user \"" + user.name + "\" (groups=[" + groups +
           "]) is attempting to grant RBAC permissions not currently held:" + missing;
}

bool aggregatesRules(const kube::JsonObject& role) {
    const kube::JsonArray* selectors = kube::arrayAt(role, {"aggregationRule", "clusterRoleSelectors"});
    return selectors != nullptr && !selectors->empty();
}

}  // namespace

Verdict authorize(const Attributes& attributes, const ObjectReader& objects) {
    if (isMaster(*attributes.user))
        return {true, {}};
    Verdict verdict;
    forEachGrant(
        *attributes.user, attributes.isResource ? std::string_view(attributes.ns) : std::string_view(),
        objects, [&](const std::vector<PolicyRule>& rules, const std::string& why) {
            if (std::ranges::any_of(rules, [&](const PolicyRule& rule) { return allows(rule, attributes); }))
                verdict = {true, why};
            return !verdict.allowed;
        });
    return verdict;
}

kube::JsonObject rulesFor(const User& user, std::string_view ns, const ObjectReader& objects) {
    std::vector<PolicyRule> all;
    if (isMaster(user))
        all = everything();
    forEachGrant(user, ns, objects, [&](const std::vector<PolicyRule>& rules, const std::string&) {
        for (const PolicyRule& rule : rules)
            if (std::ranges::find(all, rule) == all.end())
                all.push_back(rule);
        return true;
    });
    kube::JsonArray resources, urls;
    for (const PolicyRule& rule : all)
        (rule.urls.empty() ? resources : urls).push_back(printRule(rule));
    return {{"incomplete", false},
            {"nonResourceRules", std::move(urls)},
            {"resourceRules", std::move(resources)}};
}

Result<void> checkGrant(const User& user, const kube::Gvr& resource, const kube::JsonObject& roleOrBinding,
                        const kube::JsonObject* previous, std::string_view ns, const ObjectReader& objects) {
    if (isMaster(user))
        return {};
    const kube::Object object{roleOrBinding};
    const std::string_view kind = object.kind();
    const bool binding = kind == "RoleBinding" || kind == "ClusterRoleBinding";
    std::vector<PolicyRule> wanted;
    if (binding) {
        const bool cluster = kube::stringAt(roleOrBinding, {"roleRef", "kind"}) == "ClusterRole";
        const std::string name(kube::stringAt(roleOrBinding, {"roleRef", "name"}));
        if (may(user, "bind", cluster ? "clusterroles" : "roles",
                cluster && kind == "ClusterRoleBinding" ? "" : ns, name, objects))
            return {};
        const kube::ObjectPtr role = roleOfRef(roleOrBinding, ns, objects);
        if (!role)
            return fail(kube::notFound(resource, name));
        wanted = rulesOf(*role, objects);
    } else {
        if (may(user, "escalate", kind == "ClusterRole" ? "clusterroles" : "roles", ns, object.name(),
                objects))
            return {};
        // What it gathers is judged below. What stands in it, whatever else it says: a server that does not
        // gather anew would grant it.
        wanted = ownRules(object);
    }
    std::vector<PolicyRule> owned;
    forEachGrant(user, kind.starts_with("Cluster") ? std::string_view() : ns, objects,
                 [&](const std::vector<PolicyRule>& rules, const std::string&) {
                     owned.insert(owned.end(), rules.begin(), rules.end());
                     return true;
                 });
    if (const std::string missing = missingRules(wanted, owned); !missing.empty())
        return fail(kube::forbidden(resource, object.name(), escalation(user, missing)));
    // What it selects later is nobody's to tell now, and dropping it takes from others.
    const bool aggregates =
        aggregatesRules(roleOrBinding) || (previous != nullptr && aggregatesRules(*previous));
    if (!binding && aggregates && !missingRules(everything(), owned).empty())
        return fail(kube::forbidden(resource, object.name(),
                                    "must have cluster-admin privileges to use the aggregationRule"));
    return {};
}

}  // namespace kubefed::apiserver

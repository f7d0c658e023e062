// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/auth_rules.h"

#include <algorithm>
#include <set>

#include "kubefed/kube/selector.h"

namespace kubefed::apiserver {

namespace {

const kube::Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
const kube::Gvr kRoles{"rbac.authorization.k8s.io", "v1", "roles"};

std::vector<std::string> texts(const kube::JsonObject& object, std::string_view key) {
    std::vector<std::string> values;
    if (const kube::JsonArray* array = kube::arrayAt(object, {key}))
        for (const kube::Json& value : *array)
            if (value.is_string())
                values.emplace_back(kube::view(value.get_string()));
    return values;
}

bool has(const std::vector<std::string>& values, std::string_view wanted) {
    return std::ranges::any_of(values,
                               [&](const std::string& value) { return value == "*" || value == wanted; });
}

// "*" is everything, "pods/log" itself, "*/scale" that subresource of everything.
bool hasResource(const std::vector<std::string>& resources, std::string_view resource,
                 std::string_view subresource) {
    const std::string combined =
        subresource.empty() ? std::string(resource) : std::string(resource) + "/" + std::string(subresource);
    return std::ranges::any_of(resources, [&](const std::string& rule) {
        return rule == "*" || rule == combined ||
               (!subresource.empty() && rule.starts_with("*/") &&
                std::string_view(rule).substr(2) == subresource);
    });
}

bool hasUrl(const std::vector<std::string>& urls, std::string_view path) {
    return std::ranges::any_of(urls, [&](const std::string& rule) {
        return rule == "*" || rule == path ||
               (rule.ends_with('*') &&
                path.starts_with(std::string_view(rule).substr(0, rule.find_last_not_of('*') + 1)));
    });
}

std::string quotedList(const std::vector<std::string>& values) {
    std::string text = "[";
    for (const std::string& value : values)
        text.append(text.size() > 1 ? " " : "").append("\"").append(value).append("\"");
    return text + "]";
}

void appendRules(const kube::Object& role, std::vector<PolicyRule>& rules) {
    if (const kube::JsonArray* array = kube::arrayAt(role.document(), {"rules"}))
        for (const kube::Json& rule : *array)
            if (rule.is_object()) {
                PolicyRule parsed = parseRule(rule.get_object());
                if (std::ranges::find(rules, parsed) == rules.end())
                    rules.push_back(std::move(parsed));
            }
}

bool isAggregated(const kube::Object& role) {
    return role.kind() == "ClusterRole" &&
           kube::arrayAt(role.document(), {"aggregationRule", "clusterRoleSelectors"}) != nullptr;
}

// One that cannot be read selects nothing.
std::vector<kube::LabelSelector> selectorsOf(const kube::Object& role) {
    std::vector<kube::LabelSelector> selectors;
    for (const kube::Json& json :
         *kube::arrayAt(role.document(), {"aggregationRule", "clusterRoleSelectors"}))
        if (json.is_object())
            if (Result<kube::LabelSelector> selector = kube::LabelSelector::fromJson(json.get_object()))
                selectors.push_back(std::move(*selector));
    return selectors;
}

bool isSubject(const User& user, const kube::JsonObject& subject, std::string_view bindingNs) {
    const std::string_view kind = kube::stringAt(subject, {"kind"});
    const std::string_view name = kube::stringAt(subject, {"name"});
    if (kind == "User")
        return user.name == name;
    if (kind == "Group")
        return std::ranges::find(user.groups, name) != user.groups.end();
    if (kind != "ServiceAccount")
        return false;
    const std::string_view given = kube::stringAt(subject, {"namespace"});
    const std::string ns(given.empty() ? bindingNs : given);
    return !ns.empty() && user.name == "system:serviceaccount:" + ns + ":" + std::string(name);
}

// The subject that makes the binding count, in words; empty: none.
std::string subjectIn(const kube::Object& binding, const User& user) {
    const kube::JsonArray* subjects = kube::arrayAt(binding.document(), {"subjects"});
    if (subjects == nullptr)
        return {};
    for (const kube::Json& subject : *subjects)
        if (subject.is_object() && isSubject(user, subject.get_object(), binding.ns())) {
            const std::string name(kube::stringAt(subject.get_object(), {"name"}));
            const std::string kind(kube::stringAt(subject.get_object(), {"kind"}));
            const std::string_view ns = kube::stringAt(subject.get_object(), {"namespace"});
            return kind + " \"" + name + (kind == "ServiceAccount" ? "/" + std::string(ns) : std::string()) +
                   "\"";
        }
    return {};
}

std::string whyOf(const kube::Object& binding, const std::string& subject) {
    const bool cluster = binding.ns().empty();
    const std::string name = std::string(binding.name()) + (cluster ? "" : "/" + std::string(binding.ns()));
    return std::string("RBAC: allowed by ") + (cluster ? "Cluster" : "") + "RoleBinding \"" + name +
           "\" of " + std::string(kube::stringAt(binding.document(), {"roleRef", "kind"})) + " \"" +
           std::string(kube::stringAt(binding.document(), {"roleRef", "name"})) + "\" to " + subject;
}

}  // namespace

PolicyRule parseRule(const kube::JsonObject& rule) {
    return {texts(rule, "verbs"), texts(rule, "apiGroups"), texts(rule, "resources"),
            texts(rule, "resourceNames"), texts(rule, "nonResourceURLs")};
}

kube::JsonObject printRule(const PolicyRule& rule) {
    kube::JsonObject object;
    const auto put = [&](std::string_view key, const std::vector<std::string>& values) {
        if (!values.empty())
            object[key] = kube::JsonArray(values.begin(), values.end());
    };
    put("verbs", rule.verbs);
    put("apiGroups", rule.groups);
    put("resources", rule.resources);
    put("resourceNames", rule.names);
    put("nonResourceURLs", rule.urls);
    return object;
}

std::string describeRule(const PolicyRule& rule) {
    std::string text = "{";
    const auto put = [&](std::string_view key, const std::vector<std::string>& values) {
        if (!values.empty())
            text.append(text.size() > 1 ? ", " : "").append(key).append(":").append(quotedList(values));
    };
    put("APIGroups", rule.groups);
    put("Resources", rule.resources);
    put("ResourceNames", rule.names);
    put("NonResourceURLs", rule.urls);
    put("Verbs", rule.verbs);
    return text + "}";
}

bool allows(const PolicyRule& rule, const Attributes& attributes) {
    if (!has(rule.verbs, attributes.verb))
        return false;
    if (!attributes.isResource)
        return hasUrl(rule.urls, attributes.path);
    return has(rule.groups, attributes.group) &&
           hasResource(rule.resources, attributes.resource, attributes.subresource) &&
           (rule.names.empty() || std::ranges::find(rule.names, attributes.name) != rule.names.end());
}

std::vector<PolicyRule> breakDown(const PolicyRule& rule) {
    std::vector<PolicyRule> singles;
    for (const std::string& verb : rule.verbs) {
        for (const std::string& url : rule.urls)
            singles.push_back({{verb}, {}, {}, {}, {url}});
        for (const std::string& group : rule.groups)
            for (const std::string& resource : rule.resources) {
                for (const std::string& name : rule.names)
                    singles.push_back({{verb}, {group}, {resource}, {name}, {}});
                if (rule.names.empty())
                    singles.push_back({{verb}, {group}, {resource}, {}, {}});
            }
    }
    return singles;
}

bool covers(const PolicyRule& owner, const PolicyRule& single) {
    if (!has(owner.verbs, single.verbs.front()))
        return false;
    if (!single.urls.empty()) {
        const std::string& url = single.urls.front();
        return hasUrl(owner.urls, url);
    }
    const std::string& resource = single.resources.front();
    const std::size_t slash = resource.find('/');
    const bool resourceCovered = hasResource(
        owner.resources, resource.substr(0, slash),
        slash == std::string::npos ? std::string_view() : std::string_view(resource).substr(slash + 1));
    return has(owner.groups, single.groups.front()) && resourceCovered &&
           (owner.names.empty() ||
            (!single.names.empty() &&
             std::ranges::find(owner.names, single.names.front()) != owner.names.end()));
}

std::vector<PolicyRule> ownRules(const kube::Object& role) {
    std::vector<PolicyRule> rules;
    appendRules(role, rules);
    return rules;
}

std::vector<PolicyRule> rulesOf(const kube::Object& role, const ObjectReader& objects) {
    if (!isAggregated(role))
        return ownRules(role);
    // What stands in aggregated roles was gathered once (role_aggregator.h): what is gone since counts no
    // longer, also in those that others gather. Each round looks one level deeper; a circle ends.
    std::vector<PolicyRule> rules;
    std::set<std::string, std::less<>> seen{std::string(role.name())};
    for (std::vector<kube::LabelSelector> wanted = selectorsOf(role); !wanted.empty();) {
        std::vector<kube::LabelSelector> deeper;
        objects.forEach(kClusterRoles, {}, [&](const kube::Object& other) {
            if (seen.contains(other.name()) ||
                std::ranges::none_of(wanted, [&](const auto& s) { return s.matches(other.labels()); }))
                return;
            seen.emplace(other.name());
            if (!isAggregated(other))
                return appendRules(other, rules);
            std::vector<kube::LabelSelector> more = selectorsOf(other);
            deeper.insert(deeper.end(), std::make_move_iterator(more.begin()),
                          std::make_move_iterator(more.end()));
        });
        wanted = std::move(deeper);
    }
    return rules;
}

kube::ObjectPtr roleOfRef(const kube::JsonObject& binding, std::string_view ns, const ObjectReader& objects) {
    const bool cluster = kube::stringAt(binding, {"roleRef", "kind"}) == "ClusterRole";
    const std::string name(kube::stringAt(binding, {"roleRef", "name"}));
    return cluster ? objects.get(kClusterRoles, {"", name}) : objects.get(kRoles, {std::string(ns), name});
}

std::vector<PolicyRule> rulesOfRef(const kube::JsonObject& binding, std::string_view ns,
                                   const ObjectReader& objects) {
    const kube::ObjectPtr role = roleOfRef(binding, ns, objects);
    return role == nullptr ? std::vector<PolicyRule>{} : rulesOf(*role, objects);
}

void forEachGrant(const User& user, std::string_view ns, const ObjectReader& objects,
                  const std::function<bool(const std::vector<PolicyRule>&, const std::string& why)>& visit) {
    bool wanted = true;
    const auto look = [&](const kube::Object& binding) {
        if (!wanted)
            return;
        if (const std::string subject = subjectIn(binding, user); !subject.empty())
            wanted = visit(rulesOfRef(binding.document(), binding.ns(), objects), whyOf(binding, subject));
    };
    objects.forEach({"rbac.authorization.k8s.io", "v1", "clusterrolebindings"}, {}, look);
    if (wanted && !ns.empty())
        objects.forEach({"rbac.authorization.k8s.io", "v1", "rolebindings"}, ns, look);
}

}  // namespace kubefed::apiserver

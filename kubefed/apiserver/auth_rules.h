// SPDX-License-Identifier: Apache-2.0
//
// RBAC rules as parsed from roles, and how they cover requests and each other. Internal to auth. Values.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/apiserver/auth.h"

namespace kubefed::apiserver {

struct PolicyRule {
    std::vector<std::string> verbs, groups, resources, names, urls;
    bool operator==(const PolicyRule&) const = default;
};

[[nodiscard]] PolicyRule parseRule(const kube::JsonObject& rule);
[[nodiscard]] kube::JsonObject printRule(const PolicyRule& rule);
// "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}", as refusals show it.
[[nodiscard]] std::string describeRule(const PolicyRule& rule);

[[nodiscard]] bool allows(const PolicyRule& rule, const Attributes& attributes);
// Splits into rules of one verb, one group, one resource and one name each.
[[nodiscard]] std::vector<PolicyRule> breakDown(const PolicyRule& rule);
[[nodiscard]] bool covers(const PolicyRule& owner, const PolicyRule& single);

// What stands in a role.
[[nodiscard]] std::vector<PolicyRule> ownRules(const kube::Object& role);
// What a role grants: of one with an aggregationRule, the rules of every ClusterRole that it selects, and of
// those that they select, as they are now.
[[nodiscard]] std::vector<PolicyRule> rulesOf(const kube::Object& role, const ObjectReader& objects);
// The role that a binding names; null where there is none.
[[nodiscard]] kube::ObjectPtr roleOfRef(const kube::JsonObject& binding, std::string_view ns,
                                        const ObjectReader& objects);
[[nodiscard]] std::vector<PolicyRule> rulesOfRef(const kube::JsonObject& binding, std::string_view ns,
                                                 const ObjectReader& objects);
// Every binding of the user that counts in `ns` (empty: cluster-wide ones only): visit(binding, rules, why)
// answers false to stop.
void forEachGrant(const User& user, std::string_view ns, const ObjectReader& objects,
                  const std::function<bool(const std::vector<PolicyRule>&, const std::string& why)>& visit);

}  // namespace kubefed::apiserver

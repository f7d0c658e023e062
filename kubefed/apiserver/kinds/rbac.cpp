// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";

bool hasAny(const kube::JsonObject& rule, std::string_view key) {
    const kube::JsonArray* values = arrayOf(rule, key);
    return values != nullptr && !values->empty();
}

class RoleStrategy final : public KindStrategy {
public:
    explicit RoleStrategy(bool cluster) : m_cluster(cluster) {}

    void applyDefaults(kube::JsonObject& object) const override {
        // `rules` is written even where it is empty (null): everything else that is empty goes.
        const kube::Json* rules = object.if_contains("rules");
        const bool empty = rules == nullptr || !rules->is_array();
        const bool emptyList = !empty && rules->get_array().empty();
        dropEmpty(object);
        if (empty)
            object["rules"] = nullptr;
        else if (emptyList)
            object["rules"] = kube::JsonArray{};
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        forEachObject(object, "rules", [&](const kube::JsonObject& rule, std::size_t i) {
            checkRule(checker, rule, Path("rules").index(i));
        });
        const kube::JsonObject* aggregation = objectOf(object, "aggregationRule");
        if (m_cluster && aggregation != nullptr) {
            const Path path("aggregationRule.clusterRoleSelectors");
            if (!hasAny(*aggregation, "clusterRoleSelectors"))
                checker.required(path,
                                 "at least one clusterRoleSelector required if aggregationRule is non-nil");
            forEachObject(*aggregation, "clusterRoleSelectors",
                          [&](const kube::JsonObject& selector, std::size_t i) {
                              checkLabelSelector(checker, &selector, path.index(i));
                          });
        }
        return checker.take();
    }

    [[nodiscard]] std::string_view nameRule() const override { return "path-segment"; }

private:
    void checkRule(Checker& checker, const kube::JsonObject& rule, const Path& path) const {
        if (!hasAny(rule, "verbs"))
            checker.required(path.child("verbs"), "verbs must contain at least one value");
        if (hasAny(rule, "nonResourceURLs")) {
            const Path urls = path.child("nonResourceURLs");
            const kube::Json& value = rule.at("nonResourceURLs");
            if (!m_cluster)
                checker.invalid(urls, value, "namespaced rules cannot apply to non-resource URLs");
            if (hasAny(rule, "apiGroups") || hasAny(rule, "resources") || hasAny(rule, "resourceNames"))
                checker.invalid(urls, value,
                                "rules cannot apply to both regular resources and non-resource URLs");
            return;
        }
        if (!hasAny(rule, "apiGroups"))
            checker.required(path.child("apiGroups"), "resource rules must supply at least one api group");
        if (!hasAny(rule, "resources"))
            checker.required(path.child("resources"), "resource rules must supply at least one resource");
    }

    bool m_cluster;
};

class RoleBindingStrategy final : public KindStrategy {
public:
    explicit RoleBindingStrategy(bool cluster) : m_cluster(cluster) {}

    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        if (kube::JsonObject* role = objectOf(object, "roleRef"))
            setDefault(*role, "apiGroup", kRbac);
        forEachObject(object, "subjects", [](kube::JsonObject& subject, std::size_t) {
            const std::string_view kind = textOf(subject, "kind");
            if (kind == "User" || kind == "Group")
                setDefault(subject, "apiGroup", kRbac);
            dropZero(subject, {"apiGroup", "namespace"});
        });
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        check(checker, object);
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext&) const override {
        Checker checker;
        check(checker, next);
        if (!sameValue(next.if_contains("roleRef"), previous.if_contains("roleRef"))) {
            const kube::JsonObject* role = objectOf(next, "roleRef");
            kube::JsonObject shown;  // as the real server prints its internal type
            if (role != nullptr)
                shown = {{"APIGroup", textOf(*role, "apiGroup")},
                         {"Kind", textOf(*role, "kind")},
                         {"Name", textOf(*role, "name")}};
            checker.invalid(Path("roleRef"), shown, "cannot change roleRef");
        }
        return checker.take();
    }

    [[nodiscard]] std::string_view nameRule() const override { return "path-segment"; }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(),       column("Role"),      column("Age"),
                column("Users", 1), column("Groups", 1), column("ServiceAccounts", 1)};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        std::vector<std::string> users, groups, accounts;
        forEachObject(object, "subjects", [&](const kube::JsonObject& subject, std::size_t) {
            const std::string name(textOf(subject, "name"));
            const std::string_view kind = textOf(subject, "kind");
            if (kind == "ServiceAccount")
                accounts.push_back(std::string(textOf(subject, "namespace")) + "/" + name);
            else
                (kind == "Group" ? groups : users).push_back(name);
        });
        out.emplace_back(nameOf(object));
        out.emplace_back(std::string(kube::stringAt(object, {"roleRef", "kind"})) + "/" +
                         std::string(kube::stringAt(object, {"roleRef", "name"})));
        out.emplace_back(ageOf(object, now));
        for (const auto* list : {&users, &groups, &accounts})
            out.emplace_back(joined(*list, ", "));
    }

private:
    void check(Checker& checker, const kube::JsonObject& object) const {
        static const kube::JsonObject kNone;
        const kube::JsonObject* ref = objectOf(object, "roleRef");
        const kube::JsonObject& role = ref == nullptr ? kNone : *ref;
        const Path path("roleRef");
        const std::string_view name = textOf(role, "name");
        checker.oneOf(path.child("apiGroup"), textOf(role, "apiGroup"), {kRbac}, false);
        const std::vector<std::string_view> kinds =
            m_cluster ? std::vector<std::string_view>{"ClusterRole"}
                      : std::vector<std::string_view>{"Role", "ClusterRole"};
        checker.oneOf(path.child("kind"), textOf(role, "kind"), kinds, false);
        if (name.empty())
            checker.required(path.child("name"));
        else
            checker.invalid(path.child("name"), name, pathSegmentProblems(name, false));
        forEachObject(object, "subjects", [&](const kube::JsonObject& subject, std::size_t i) {
            checkSubject(checker, subject, Path("subjects").index(i));
        });
    }

    void checkSubject(Checker& checker, const kube::JsonObject& subject, const Path& path) const {
        const std::string_view name = textOf(subject, "name");
        const std::string_view kind = textOf(subject, "kind");
        const std::string_view group = textOf(subject, "apiGroup");
        if (name.empty())
            checker.required(path.child("name"));
        if (kind == "ServiceAccount") {
            if (!name.empty())
                checker.invalid(path.child("name"), name, dns1123SubdomainProblems(name));
            if (!group.empty())
                checker.notSupported(path.child("apiGroup"), group, {""});
            if (m_cluster && textOf(subject, "namespace").empty())
                checker.required(path.child("namespace"));
        } else if (kind == "User" || kind == "Group") {
            if (group != kRbac)
                checker.notSupported(path.child("apiGroup"), group, {kRbac});
        } else {
            checker.notSupported(path.child("kind"), kind, {"ServiceAccount", "User", "Group"});
        }
    }

    bool m_cluster;
};

}  // namespace

StrategyPtr makeRoleStrategy(bool cluster) {
    return std::make_shared<RoleStrategy>(cluster);
}
StrategyPtr makeRoleBindingStrategy(bool cluster) {
    return std::make_shared<RoleBindingStrategy>(cluster);
}

}  // namespace kubefed::apiserver

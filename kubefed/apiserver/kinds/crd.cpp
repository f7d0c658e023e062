// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
}

class CrdStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        kube::JsonObject& names = kube::ensureObject(spec, {"names"});
        const std::string kind(textOf(names, "kind"));
        if (!kind.empty()) {
            setDefault(names, "singular", std::string_view(lower(kind)));
            setDefault(names, "listKind", std::string_view(kind + "List"));
        }
        setDefault(kube::ensureObject(spec, {"conversion"}), "strategy", "None");
    }

    // Conditions, accepted names and stored versions are the server's to say.
    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext&) const override {
        kube::JsonArray stored;
        forEachObject(kube::ensureObject(object, {"spec"}), "versions",
                      [&](const kube::JsonObject& version, std::size_t) {
                          if (truthOf(version, "storage"))
                              stored.emplace_back(textOf(version, "name"));
                      });
        object["status"] = kube::JsonObject{{"acceptedNames", kube::JsonObject{{"kind", ""}, {"plural", ""}}},
                                            {"conditions", nullptr},
                                            {"storedVersions", std::move(stored)}};
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status") {
            keepOnlyStatus(next, previous);
            return;
        }
        carryOver(next, previous, "status");
        // A new storage version is remembered beside the former ones.
        kube::Json& value = kube::ensureObject(next, {"status"})["storedVersions"];
        kube::JsonArray& stored = value.is_array() ? value.get_array() : value.emplace_array();
        forEachObject(kube::ensureObject(next, {"spec"}), "versions",
                      [&](const kube::JsonObject& version, std::size_t) {
                          const kube::Json name(textOf(version, "name"));
                          if (truthOf(version, "storage") &&
                              std::find(stored.begin(), stored.end(), name) == stored.end())
                              stored.push_back(name);
                      });
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        static const kube::JsonObject kNone;
        Checker checker;
        const kube::JsonObject* found = objectOf(object, "spec");
        const kube::JsonObject& spec = found == nullptr ? kNone : *found;
        const std::string group(textOf(spec, "group"));
        const std::string expected = std::string(kube::stringAt(spec, {"names", "plural"})) + "." + group;
        if (nameOf(object) != expected)
            checker.invalid(Path("metadata.name"), kube::Json(nameOf(object)),
                            "must be spec.names.plural+\".\"+spec.group");
        if (group.empty())
            checker.required(Path("spec.group"));
        else if (const Problems problems = dns1123SubdomainProblems(group); !problems.empty())
            checker.invalid(Path("spec.group"), kube::Json(group), joined(problems, ","));
        else if (group.find('.') == std::string::npos)
            checker.invalid(Path("spec.group"), kube::Json(group),
                            "should be a domain with at least one dot");
        checkApproval(checker, object, group);
        checker.oneOf(Path("spec.scope"), textOf(spec, "scope"), {"Cluster", "Namespaced"}, true);
        checkVersions(checker, spec);
        checkNames(checker, spec);
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        if (context.subresource == "status")
            return {};
        Checker checker;
        for (const std::string_view key : {"group", "scope"})
            checker.immutable(Path("spec").child(key), kube::find(next, {"spec", key}),
                              kube::find(previous, {"spec", key}));
        for (const std::string_view key : {"kind", "plural"})
            checker.immutable(Path("spec.names").child(key), kube::find(next, {"spec", "names", key}),
                              kube::find(previous, {"spec", "names", key}));
        Causes causes = checker.take();
        for (kube::StatusCause& cause : validate(next, context))
            causes.push_back(std::move(cause));
        return causes;
    }

    [[nodiscard]] bool hasGeneration() const override { return true; }

private:
    // Groups of Kubernetes' own are not for everybody to define.
    static void checkApproval(Checker& checker, const kube::JsonObject& object, std::string_view group) {
        const auto belongsTo = [&](std::string_view domain) {
            return group == domain ||
                   (group.ends_with(domain) && group[group.size() - domain.size() - 1] == '.');
        };
        if (!belongsTo("k8s.io") && !belongsTo("kubernetes.io"))
            return;
        static constexpr std::string_view kProtected =
            "protected groups must have approval annotation \"api-approved.kubernetes.io\"";
        static constexpr std::string_view kSee = ", see https://github.com/kubernetes/enhancements/pull/1111";
        const Path path("metadata.annotations[api-approved.kubernetes.io]");
        const std::string_view text =
            kube::stringAt(object, {"metadata", "annotations", "api-approved.kubernetes.io"});
        const std::size_t host = text.find("://");
        const bool isUrl = host != 0 && host != std::string_view::npos && host + 3 < text.size();
        if (text.empty())
            checker.required(path, std::string(kProtected).append(kSee));
        else if (!text.starts_with("unapproved") && !isUrl)
            checker.invalid(path, kube::Json(text),
                            std::string(kProtected)
                                .append(" with either a URL or a reason starting with \"unapproved\"")
                                .append(kSee));
    }

    static void checkVersions(Checker& checker, const kube::JsonObject& spec) {
        int storage = 0;
        forEachObject(spec, "versions", [&](const kube::JsonObject& version, std::size_t i) {
            const Path path = Path("spec.versions").index(i);
            const std::string_view name = textOf(version, "name");
            storage += truthOf(version, "storage") ? 1 : 0;
            if (const Problems problems = dns1035LabelProblems(name); !problems.empty())
                checker.invalid(path.child("name"), kube::Json(name), joined(problems, ","));
            if (kube::objectAt(version, {"schema", "openAPIV3Schema"}) == nullptr)
                checker.required(path.child("schema").child("openAPIV3Schema"), "schemas are required");
        });
        forEachObject(spec, "versions", [&](const kube::JsonObject& version, std::size_t i) {
            const kube::JsonObject* schema = kube::objectAt(version, {"schema", "openAPIV3Schema"});
            if (schema == nullptr)
                return;
            // The real server reports the schema of an only version where older definitions had it.
            const bool only = spec.at("versions").get_array().size() == 1;
            const Path type =
                (only ? Path("spec.validation") : Path("spec.versions").index(i).child("schema"))
                    .child("openAPIV3Schema")
                    .child("type");
            if (textOf(*schema, "type").empty())
                checker.required(type, "must not be empty at the root");
            else if (textOf(*schema, "type") != "object")
                checker.invalid(type, kube::Json(textOf(*schema, "type")), "must be object at the root");
        });
        if (storage != 1)
            checker.invalid(Path("spec.versions"),
                            spec.contains("versions") ? spec.at("versions") : kube::Json(),
                            "must have exactly one version marked as storage version");
    }

    static void checkNames(Checker& checker, const kube::JsonObject& spec) {
        const Path path("spec.names");
        for (const std::string_view key : {"plural", "singular", "kind", "listKind"}) {
            const std::string_view name = kube::stringAt(spec, {"names", key});
            if (name.empty())
                checker.required(path.child(key));
            else if (const Problems problems = dns1035LabelProblems(lower(name)); !problems.empty())
                checker.invalid(
                    path.child(key), kube::Json(name),
                    (key == "kind" || key == "listKind" ? "may have mixed case, but should otherwise match: "
                                                        : "") +
                        joined(problems, ","));
        }
        if (kube::stringAt(spec, {"names", "kind"}) == kube::stringAt(spec, {"names", "listKind"}))
            checker.invalid(path.child("listKind"), kube::Json(kube::stringAt(spec, {"names", "listKind"})),
                            "kind and listKind may not be the same");
    }
};

}  // namespace

StrategyPtr makeCrdStrategy() {
    return std::make_shared<CrdStrategy>();
}

}  // namespace kubefed::apiserver

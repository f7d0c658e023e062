// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/crd_validation.h"

#include <algorithm>
#include <array>
#include <set>

#include "kubefed/apiserver/kinds/crd_schema.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
}

// Groups of Kubernetes' own are not for everybody to define.
void checkApproval(Checker& checker, const kube::JsonObject& object, std::string_view group) {
    const auto belongsTo = [&](std::string_view domain) {
        return group == domain || (group.ends_with(domain) && group[group.size() - domain.size() - 1] == '.');
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

constexpr std::string_view kSimplePath = "must be a simple json path starting with .";

void checkColumn(Checker& checker, const kube::JsonObject& column, const Path& path) {
    static constexpr std::array<std::string_view, 5> kTypes{"boolean", "date", "integer", "number", "string"};
    static constexpr std::array<std::string_view, 8> kFormats{"byte",  "date",  "date-time", "double",
                                                              "float", "int32", "int64",     "password"};
    const std::string_view type = textOf(column, "type"), format = textOf(column, "format");
    const std::string_view jsonPath = textOf(column, "jsonPath");
    if (textOf(column, "name").empty())
        checker.required(path.child("name"));
    if (type.empty())
        checker.required(path.child("type"), "must be one of boolean,date,integer,number,string");
    else if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
        checker.invalid(path.child("type"), kube::Json(type),
                        "must be one of boolean,date,integer,number,string");
    if (!format.empty() && std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end())
        checker.invalid(path.child("format"), kube::Json(format),
                        "must be one of byte,date,date-time,double,float,int32,int64,password");
    if (jsonPath.empty())
        checker.required(path.child("JSONPath"));
    else if (!jsonPath.starts_with('.'))
        checker.invalid(path.child("JSONPath"), kube::Json(jsonPath), kSimplePath);
}

void checkScale(Checker& checker, const kube::JsonObject& version, const Path& own) {
    const kube::JsonObject* scale = kube::objectAt(version, {"subresources", "scale"});
    if (scale == nullptr)
        return;
    const auto check = [&](std::string_view key, std::string_view root) {
        const Path path = own.child("subresources").child("scale").child(key);
        const std::string_view text = textOf(*scale, key);
        if (text.empty() && key != "labelSelectorPath")
            checker.required(path);
        else if (!text.empty() && !text.starts_with('.'))
            checker.invalid(path, kube::Json(text), kSimplePath);
        else if (!text.empty() && key != "labelSelectorPath" &&
                 !text.starts_with("." + std::string(root) + "."))
            checker.invalid(path, kube::Json(text), "should be a json path under ." + std::string(root));
    };
    check("specReplicasPath", "spec");
    check("statusReplicasPath", "status");
    check("labelSelectorPath", "");
}

void checkConversion(Checker& checker, const kube::JsonObject& spec) {
    static const kube::JsonObject kNone;
    const Path path("spec.conversion");
    const kube::JsonObject* given = objectOf(spec, "conversion");
    const kube::JsonObject& conversion = given == nullptr ? kNone : *given;
    const std::string_view strategy = textOf(conversion, "strategy");
    const kube::Json* client = kube::find(conversion, {"webhook", "clientConfig"});
    const kube::JsonArray* reviews = kube::arrayAt(conversion, {"webhook", "conversionReviewVersions"});
    const bool reviewed = reviews != nullptr && !reviews->empty();
    checker.oneOf(path.child("strategy"), strategy, {"None", "Webhook"}, true);
    if (strategy == "None") {
        static constexpr std::string_view kWhy = "should not be set when strategy is not set to Webhook";
        if (client != nullptr)
            checker.forbidden(path.child("webhookClientConfig"), kWhy);
        if (reviewed)
            checker.forbidden(path.child("conversionReviewVersions"), kWhy);
    }
    if (strategy != "Webhook")
        return;
    if (client == nullptr)
        checker.required(path.child("webhookClientConfig"), "required when strategy is set to Webhook");
    if (!reviewed)
        checker.required(path.child("conversionReviewVersions"));
    const kube::JsonArray* versions = arrayOf(spec, "versions");
    if (client != nullptr && reviewed && versions != nullptr && versions->size() > 1)
        checker.forbidden(path.child("strategy"),
                          "this server calls no webhooks: use None, or serve the type from an external "
                          "kube-apiserver");
}

void checkVersions(Checker& checker, const kube::JsonObject& spec) {
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
        // The real server reports what an only version says where older definitions had it.
        const bool only = spec.at("versions").get_array().size() == 1;
        const Path own = only ? Path("spec") : Path("spec.versions").index(i);
        const Path path = own.child(only ? "validation" : "schema").child("openAPIV3Schema");
        if (textOf(*schema, "type").empty())
            checker.required(path.child("type"), "must not be empty at the root");
        else if (textOf(*schema, "type") != "object")
            checker.invalid(path.child("type"), kube::Json(textOf(*schema, "type")),
                            "must be object at the root");
        else
            checkCrdSchema(checker, *schema, path, version, own);
        checkScale(checker, version, own);
        forEachObject(version, "additionalPrinterColumns",
                      [&](const kube::JsonObject& column, std::size_t number) {
                          checkColumn(checker, column, own.child("additionalPrinterColumns").index(number));
                      });
    });
    std::set<std::string, std::less<>> names;
    forEachObject(spec, "versions", [&](const kube::JsonObject& version, std::size_t) {
        if (!names.emplace(textOf(version, "name")).second)
            checker.invalid(Path("spec.versions"), spec.at("versions"), "must contain unique version names");
    });
    if (storage != 1)
        checker.invalid(Path("spec.versions"), spec.contains("versions") ? spec.at("versions") : kube::Json(),
                        "must have exactly one version marked as storage version");
}

void checkNames(Checker& checker, const kube::JsonObject& spec) {
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

}  // namespace

void checkStoredVersions(Checker& checker, const kube::JsonObject& crd) {
    static const kube::JsonObject kNone;
    const Path path("status.storedVersions");
    const kube::JsonArray* given = kube::arrayAt(crd, {"status", "storedVersions"});
    if (given == nullptr || given->empty())
        return checker.invalid(path, kube::JsonArray(), "must have at least one stored version");
    std::set<std::string_view> versions;
    const kube::JsonObject* spec = objectOf(crd, "spec");
    forEachObject(
        spec == nullptr ? kNone : *spec, "versions", [&](const kube::JsonObject& version, std::size_t) {
            const kube::Json name(textOf(version, "name"));
            versions.insert(textOf(version, "name"));
            if (truthOf(version, "storage") && std::ranges::find(*given, name) == given->end())
                checker.invalid(path, *given,
                                "must have the storage version " + std::string(textOf(version, "name")));
        });
    for (std::size_t i = 0; i < given->size(); ++i) {
        const auto* text = (*given)[i].if_string();
        const std::string name(text == nullptr ? std::string_view() : kube::view(*text));
        if (!versions.contains(name))
            checker.invalid(path.index(i), kube::Json(name),
                            "missing from spec.versions; " + name +
                                " was previously a storage version, and must remain in spec.versions until a "
                                "storage migration ensures no data remains persisted in " +
                                name + " and removes " + name + " from status.storedVersions");
    }
}

void checkCrd(Checker& checker, const kube::JsonObject& object) {
    static const kube::JsonObject kNone;
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
        checker.invalid(Path("spec.group"), kube::Json(group), "should be a domain with at least one dot");
    checkApproval(checker, object, group);
    checker.oneOf(Path("spec.scope"), textOf(spec, "scope"), {"Cluster", "Namespaced"}, true);
    if (truthOf(spec, "preserveUnknownFields"))
        checker.invalid(Path("spec.preserveUnknownFields"), true,
                        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                        "spec.versions[*].schema instead");
    checkConversion(checker, spec);
    checkVersions(checker, spec);
    checkNames(checker, spec);
}

}  // namespace kubefed::apiserver

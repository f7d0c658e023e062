// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fed/api_reference.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::fed::testing {
namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;
using kube::stringAt;

constexpr std::string_view kHead =
    "# API reference\n\n"
    "The kinds of `kubefed.io/v1alpha1`, made from `kubefed/fed/crds/*.yaml` by `fed_api_reference_test`: "
    "edit those, then `KUBEFED_UPDATE_REFERENCE=1 ctest -R fed_api_reference_test` in the build folder "
    "writes "
    "this page. Every object also has `apiVersion`, `kind` and `metadata`, as all of Kubernetes has. "
    "`[]` stands for each item of a list, `<key>` for each key of a map. A field that is not here is refused "
    "as unknown. `kubectl explain mc.spec` tells the same.\n";

// For a cell of a table: what Markdown would take for its own is escaped.
std::string cell(std::string_view text) {
    std::string result;
    bool isCode = false;
    for (const char c : text) {
        isCode = isCode != (c == '`');
        if (c == '|' || (!isCode && (c == '*' || c == '<')))
            result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

std::string quoted(const Json& value) {
    return "`" + (value.is_string() ? std::string(kube::view(value.get_string())) : kube::printJson(value)) +
           "`";
}

std::string joined(const JsonArray* items, std::string_view between) {
    std::string result;
    if (items != nullptr)
        for (const Json& item : *items)
            result += (result.empty() ? "" : std::string(between)) + quoted(item);
    return result;
}

std::string typeOf(const JsonObject& schema) {
    if (const JsonObject* items = kube::objectAt(schema, {"items"}))
        return "list of " + typeOf(*items);
    if (const JsonObject* values = kube::objectAt(schema, {"additionalProperties"}))
        return "map of " + typeOf(*values);
    if (kube::boolAt(schema, {"x-kubernetes-preserve-unknown-fields"}, false))
        return "any object";
    const std::string_view format = stringAt(schema, {"format"});
    return std::string(stringAt(schema, {"type"})) + (format.empty() ? "" : " (" + std::string(format) + ")");
}

// "1 to 100", "at least 1", "at most 64".
std::string range(const JsonObject& schema, std::string_view least, std::string_view most) {
    const auto from = kube::intAt(schema, {least});
    const auto to = kube::intAt(schema, {most});
    if (from && to)
        return std::to_string(*from) + " to " + std::to_string(*to);
    if (from)
        return "at least " + std::to_string(*from);
    return to ? "at most " + std::to_string(*to) : std::string();
}

std::string valuesOf(const JsonObject& schema, bool isRequired) {
    std::vector<std::string> parts;
    if (isRequired)
        parts.emplace_back("required");
    if (const Json* standard = kube::find(schema, {"default"}))
        parts.push_back("default " + quoted(*standard));
    parts.push_back(joined(kube::arrayAt(schema, {"enum"}), ", "));
    parts.push_back(range(schema, "minimum", "maximum"));
    if (const std::string items = range(schema, "minItems", "maxItems"); !items.empty())
        parts.push_back(items + " items");
    if (const std::string length = range(schema, "minLength", "maxLength"); !length.empty())
        parts.push_back("length " + length);
    if (const std::string_view pattern = stringAt(schema, {"pattern"}); !pattern.empty())
        parts.push_back("matches `" + std::string(pattern) + "`");
    if (const JsonArray* keys = kube::arrayAt(schema, {"x-kubernetes-list-map-keys"}))
        parts.push_back("one for each " + joined(keys, ", "));
    std::string result;
    for (const std::string& part : parts)
        if (!part.empty())
            result += (result.empty() ? "" : "; ") + part;
    return result;
}

class Fields {
public:
    // What stands below an object.
    Result<void> below(const JsonObject& schema, const std::string& path) {
        const JsonObject* properties = kube::objectAt(schema, {"properties"});
        if (properties == nullptr)
            return {};
        const JsonArray* required = kube::arrayAt(schema, {"required"});
        for (const auto& [key, value] : *properties) {
            const std::string name(kube::view(key));
            if (path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata"))
                continue;
            const bool isRequired =
                required != nullptr && std::ranges::any_of(*required, [&](const Json& one) {
                    return one.is_string() && kube::view(one.get_string()) == name;
                });
            KUBEFED_TRY(one(value.as_object(), path.empty() ? name : path + "." + name, isRequired));
        }
        return {};
    }
    [[nodiscard]] const std::string& rows() const { return m_rows; }

private:
    Result<void> one(const JsonObject& schema, const std::string& path, bool isRequired) {
        KUBEFED_TRY(check(schema, path));
        m_rows += "| `" + path + "` | " + typeOf(schema) + " | " + cell(valuesOf(schema, isRequired)) +
                  " | " + cell(stringAt(schema, {"description"})) + " |\n";
        return into(schema, path);
    }
    Result<void> into(const JsonObject& schema, const std::string& path) {
        if (const JsonObject* items = kube::objectAt(schema, {"items"}))
            return inner(*items, path + "[]");
        if (const JsonObject* values = kube::objectAt(schema, {"additionalProperties"}))
            return inner(*values, path + ".<key>");
        return below(schema, path);
    }
    // Items of lists and values of maps have a row of their own only where it says more than that of the
    // whole.
    Result<void> inner(const JsonObject& schema, const std::string& path) {
        if (!valuesOf(schema, false).empty())
            return one(schema, path, false);
        KUBEFED_TRY(check(schema, path));
        return into(schema, path);
    }
    static Result<void> check(const JsonObject& schema, const std::string& path) {
        constexpr std::array<std::string_view, 19> kTold{"type",
                                                         "format",
                                                         "description",
                                                         "properties",
                                                         "required",
                                                         "items",
                                                         "additionalProperties",
                                                         "enum",
                                                         "default",
                                                         "minimum",
                                                         "maximum",
                                                         "minItems",
                                                         "maxItems",
                                                         "minLength",
                                                         "maxLength",
                                                         "pattern",
                                                         "x-kubernetes-preserve-unknown-fields",
                                                         "x-kubernetes-list-type",
                                                         "x-kubernetes-list-map-keys"};
        for (const auto& [key, value] : schema)
            if (std::ranges::find(kTold, kube::view(key)) == kTold.end())
                return fail(Code::InvalidArgument,
                            path + ": the reference cannot tell \"" + std::string(kube::view(key)) + "\"");
        return {};
    }
    std::string m_rows;
};

std::string columnsOf(const JsonArray& columns) {
    std::string rows;
    for (const Json& column : columns) {
        const JsonObject& entry = column.as_object();
        const bool isWide = kube::intAt(entry, {"priority"}).value_or(0) > 0;
        rows += "| " + cell(stringAt(entry, {"name"})) + " | " + (isWide ? "`-o wide`" : "") + " | `" +
                std::string(stringAt(entry, {"jsonPath"})) + "` | " + cell(stringAt(entry, {"description"})) +
                " |\n";
    }
    return rows;
}

Result<std::string> kind(const JsonObject& crd) {
    const JsonArray* versions = kube::arrayAt(crd, {"spec", "versions"});
    if (versions == nullptr || versions->size() != 1)
        return fail(Code::InvalidArgument, "the reference tells one version of a kind");
    const JsonObject& version = versions->front().as_object();
    const JsonObject* schema = kube::objectAt(version, {"schema", "openAPIV3Schema"});
    const JsonArray* columns = kube::arrayAt(version, {"additionalPrinterColumns"});
    if (schema == nullptr || columns == nullptr)
        return fail(Code::InvalidArgument, "a CRD without a schema or without columns");
    Fields fields;
    KUBEFED_TRY(fields.below(*schema, {}));
    const bool hasStatus = kube::find(version, {"subresources", "status"}) != nullptr;
    return "\n## " + std::string(stringAt(crd, {"spec", "names", "kind"})) + "\n\n" +
           cell(stringAt(*schema, {"description"})) + "\n\n" + "`" +
           std::string(stringAt(crd, {"spec", "group"})) + "/" + std::string(stringAt(version, {"name"})) +
           "`, " + (stringAt(crd, {"spec", "scope"}) == "Cluster" ? "cluster-scoped" : "namespaced") +
           "; `kubectl get " + std::string(stringAt(crd, {"spec", "names", "plural"})) + "`, in short " +
           joined(kube::arrayAt(crd, {"spec", "names", "shortNames"}), ", ") + "; category " +
           joined(kube::arrayAt(crd, {"spec", "names", "categories"}), ", ") + "." +
           (hasStatus ? " `status` is a subresource." : "") +
           "\n\n| column | | from | shows |\n|---|---|---|---|\n" + columnsOf(*columns) +
           "\n| field | type | values | meaning |\n|---|---|---|---|\n" + fields.rows();
}

}  // namespace

Result<std::string> apiReference(std::span<const CrdDocument> crds) {
    std::string page(kHead);
    for (const CrdDocument& document : crds) {
        auto parsed = kube::parseYaml(document.yaml);
        if (!parsed)
            return fail(std::move(parsed.error()));
        Result<std::string> section = kind(parsed->front().as_object());
        if (!section) {
            section.error().message = std::string(document.name) + ": " + section.error().message;
            return section;
        }
        page += *section;
    }
    return page;
}

}  // namespace kubefed::fed::testing

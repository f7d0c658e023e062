// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/discovery/openapi.h"

#include <functional>
#include <utility>

#include "kubefed/apiserver/discovery/discovery.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kReference = "#/components/schemas/";
constexpr std::string_view kObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

kube::JsonObject refTo(std::string_view name) {
    return {{"$ref", std::string(kReference).append(name)}};
}

kube::JsonObject gvkObject(const kube::Gvk& kind) {
    return {{"group", kind.group}, {"kind", kind.kind}, {"version", kind.version}};
}

// Names of the schemas that `value` refers to.
void references(const kube::Json& value, const std::function<void(std::string)>& visit) {
    if (const kube::JsonArray* array = value.if_array()) {
        for (const kube::Json& item : *array)
            references(item, visit);
        return;
    }
    const kube::JsonObject* object = value.if_object();
    if (object == nullptr)
        return;
    for (const auto& [key, item] : *object) {
        if (key == "$ref" && item.is_string() && kube::view(item.get_string()).starts_with(kReference))
            visit(std::string(kube::view(item.get_string()).substr(kReference.size())));
        else
            references(item, visit);
    }
}

std::string customName(const kube::Gvk& kind) {
    // Reversed domain, as kube-apiserver names them.
    std::string name, group = kind.group;
    while (!group.empty()) {
        const std::size_t dot = group.rfind('.');
        const std::string part = group.substr(dot == std::string::npos ? 0 : dot + 1);
        name += part + ".";
        group.resize(dot == std::string::npos ? 0 : dot);
    }
    return name + kind.version + "." + kind.kind;
}

kube::JsonObject parameter(const char* name) {
    return {{"name", name},
            {"in", "query"},
            {"schema", kube::JsonObject{{"type", "string"}, {"uniqueItems", true}}}};
}

kube::JsonObject content(const kube::JsonObject& schema, std::initializer_list<const char*> types) {
    kube::JsonObject out;
    for (const char* type : types)
        out[type] = kube::JsonObject{{"schema", schema}};
    return {{"content", std::move(out)}};
}

struct OperationKind {
    const char* method;
    const char* verb;    // as in ResourceSpec::verbs
    const char* action;  // x-kubernetes-action
    bool onItem;
    bool writes;
};
constexpr OperationKind kOperations[] = {{"get", "list", "list", false, false},
                                         {"post", "create", "post", false, true},
                                         {"delete", "deletecollection", "deletecollection", false, true},
                                         {"get", "get", "get", true, false},
                                         {"put", "update", "put", true, true},
                                         {"patch", "patch", "patch", true, true},
                                         {"delete", "delete", "delete", true, true}};
constexpr OperationKind kPostToSubresource{"post", "create", "post", true, true};

// kubectl reads from here which patches a type takes.
kube::JsonObject patchBody(bool strategic) {
    kube::JsonObject body = content(
        kube::JsonObject(),
        {"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"});
    if (strategic)
        kube::ensureObject(body, {"content"})["application/strategic-merge-patch+json"] =
            kube::JsonObject{{"schema", kube::JsonObject()}};
    return body;
}

kube::JsonObject operation(const OperationKind& kind, const kube::Gvk& gvk, const kube::JsonObject& schema,
                           bool strategic) {
    kube::JsonObject out;
    kube::JsonArray parameters;
    if (kind.writes) {
        parameters.push_back(parameter("dryRun"));
        if (std::string_view(kind.method) != "delete") {
            parameters.push_back(parameter("fieldManager"));
            parameters.push_back(parameter("fieldValidation"));
        }
        if (std::string_view(kind.method) == "patch")
            parameters.push_back(parameter("force"));
    }
    if (!parameters.empty())
        out["parameters"] = std::move(parameters);
    if (std::string_view(kind.method) == "post" || std::string_view(kind.method) == "put")
        out["requestBody"] = content(schema, {"*/*"});
    if (std::string_view(kind.method) == "patch")
        out["requestBody"] = patchBody(strategic);
    kube::JsonObject answer = content(schema, {"application/json", "application/yaml"});
    answer["description"] = "OK";
    out["responses"] = kube::JsonObject{{"200", std::move(answer)}};
    out["x-kubernetes-action"] = kind.action;
    out["x-kubernetes-group-version-kind"] = gvkObject(gvk);
    return out;
}

bool has(const std::vector<std::string>& list, std::string_view value) {
    for (const std::string& item : list)
        if (item == value)
            return true;
    return false;
}

void addPath(kube::JsonObject& paths, const std::string& path, bool item,
             const std::vector<std::string>& verbs, const kube::Gvk& gvk, const kube::JsonObject& schema,
             bool strategic) {
    for (const OperationKind& kind : kOperations)
        if (kind.onItem == item && has(verbs, kind.verb))
            kube::ensureObject(paths, {path})[kind.method] = operation(kind, gvk, schema, strategic);
}

void addPaths(kube::JsonObject& paths, const ResourceSpec& spec, const std::string& schemaName) {
    const std::string root =
        (spec.gvr.group.empty() ? "/api/" : "/apis/" + spec.gvr.group + "/") + spec.gvr.version;
    const std::string collection =
        root + (spec.namespaced ? "/namespaces/{namespace}/" : "/") + spec.gvr.resource;
    const kube::JsonObject schema = refTo(schemaName);
    addPath(paths, collection, false, spec.verbs, spec.gvk(), schema, spec.strategicPatch);
    addPath(paths, collection + "/{name}", true, spec.verbs, spec.gvk(), schema, spec.strategicPatch);
    if (spec.namespaced && has(spec.verbs, "list"))
        addPath(paths, root + "/" + spec.gvr.resource, false, {"list"}, spec.gvk(), schema, false);
    for (const SubresourceSpec& sub : spec.subresources) {
        const std::string path = collection + "/{name}/" + sub.name;
        const kube::JsonObject own = sub.kind == spec.gvk() ? schema : kube::JsonObject();
        addPath(paths, path, true, sub.verbs, sub.kind, own, spec.strategicPatch);
        if (has(sub.verbs, kPostToSubresource.verb))
            kube::ensureObject(paths, {path})[kPostToSubresource.method] =
                operation(kPostToSubresource, sub.kind, own, false);
    }
}

// FNV-1a: only tells clients whether a cached document is still the same.
std::string hashOf(std::string_view text) {
    std::uint64_t hash = 1469598103934665603U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    std::string out;
    for (int i = 60; i >= 0; i -= 4)
        out += "0123456789ABCDEF"[(hash >> static_cast<unsigned>(i)) & 15U];
    return out;
}

}  // namespace

void OpenApi::setCustom(const kube::Gvk& kind, kube::JsonObject schema) {
    kube::JsonObject& properties = kube::ensureObject(schema, {"properties"});
    properties["metadata"] = refTo(kObjectMeta);
    for (const char* key : {"apiVersion", "kind"})
        if (!properties.contains(key))
            properties[key] = kube::JsonObject{{"type", "string"}};
    schema["x-kubernetes-group-version-kind"] = kube::JsonArray{gvkObject(kind)};
    m_custom[kind] = std::move(schema);
    m_documents.clear();
}

void OpenApi::removeCustom(const kube::Gvk& kind) {
    m_custom.erase(kind);
    m_documents.clear();
}

void OpenApi::refresh() {
    if (m_revision == m_registry.revision())
        return;
    m_revision = m_registry.revision();
    m_documents.clear();
}

const kube::JsonObject* OpenApi::builtinSchema(std::string_view name) const {
    for (const kube::JsonObject& document : m_data->documents)
        if (const kube::JsonObject* schemas = kube::objectAt(document, {"schemas"}))
            if (const kube::Json* schema = schemas->if_contains(name))
                return schema->if_object();
    return nullptr;
}

std::string OpenApi::builtinName(const kube::Gvk& kind) const {
    const kube::Json wanted(gvkObject(kind));
    for (const kube::JsonObject& document : m_data->documents) {
        const kube::JsonObject* schemas = kube::objectAt(document, {"schemas"});
        for (const auto& [name, schema] : schemas == nullptr ? kube::JsonObject() : *schemas) {
            const kube::JsonArray* kinds =
                schema.is_object() ? kube::arrayAt(schema.get_object(), {"x-kubernetes-group-version-kind"})
                                   : nullptr;
            // DeleteOptions and the like stand in for many kinds; a kind of its own has exactly one.
            if (kinds != nullptr && kinds->size() == 1 && kube::equal(kinds->front(), wanted))
                return std::string(name);
        }
    }
    return {};
}

void OpenApi::addSchema(const std::string& name, kube::JsonObject& schemas) const {
    if (schemas.contains(name))
        return;
    const kube::JsonObject* schema = builtinSchema(name);
    if (schema == nullptr)
        return;
    schemas[name] = *schema;
    references(kube::Json(*schema), [&](const std::string& next) { addSchema(next, schemas); });
}

std::string OpenApi::make(std::string_view group, std::string_view version) const {
    kube::JsonObject paths, schemas;
    for (const SpecPtr& spec : servedBy(m_registry, group, version)) {
        std::string name;
        if (const auto custom = m_custom.find(spec->gvk()); custom != m_custom.end()) {
            name = customName(spec->gvk());
            schemas[name] = custom->second;
            addSchema(std::string(kObjectMeta), schemas);
        } else {
            name = builtinName(spec->gvk());
            addSchema(name, schemas);
            addSchema(name + "List", schemas);
        }
        addPaths(paths, *spec, name);
    }
    return kube::printJson(
        kube::JsonObject{{"openapi", "3.0.0"},
                         {"info", kube::JsonObject{{"title", "Kubernetes"}, {"version", "v1.34.4"}}},
                         {"paths", std::move(paths)},
                         {"components", kube::JsonObject{{"schemas", std::move(schemas)}}}});
}

const std::string& OpenApi::document(std::string_view path) {
    static const std::string kNone;
    refresh();
    std::string_view group, version;
    if (path.starts_with("api/")) {
        version = path.substr(4);
    } else if (path.starts_with("apis/")) {
        const std::size_t slash = path.find('/', 5);
        if (slash == std::string_view::npos)
            return kNone;
        group = path.substr(5, slash - 5);
        version = path.substr(slash + 1);
    }
    if (version.empty() || m_registry.ofVersion(group, version).empty())
        return kNone;
    auto [document, made] = m_documents.try_emplace(std::string(path));
    if (made)
        document->second = make(group, version);
    return document->second;
}

std::string OpenApi::index() {
    refresh();
    kube::JsonObject paths;
    for (const Registry::Group& group : m_registry.groups())
        for (const std::string& version : group.versions) {
            const std::string path = (group.name.empty() ? "api/" : "apis/" + group.name + "/") + version;
            paths[path] = kube::JsonObject{
                {"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hashOf(document(path))}};
        }
    return kube::printJson(kube::JsonObject{{"paths", std::move(paths)}});
}

}  // namespace kubefed::apiserver

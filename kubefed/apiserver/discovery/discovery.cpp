// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/discovery/discovery.h"

#include <utility>

namespace kubefed::apiserver {
namespace {

kube::JsonArray strings(const std::vector<std::string>& values) {
    return kube::JsonArray(values.begin(), values.end());
}

kube::JsonObject groupObject(const Registry::Group& group) {
    const auto version = [&](const std::string& name) {
        return kube::JsonObject{{"groupVersion", group.name + "/" + name}, {"version", name}};
    };
    kube::JsonArray versions;
    for (const std::string& name : group.versions)
        versions.push_back(version(name));
    return {{"name", group.name},
            {"versions", std::move(versions)},
            {"preferredVersion", version(group.versions.front())}};
}

kube::JsonObject resourceObject(const ResourceSpec& spec) {
    kube::JsonObject resource{{"name", spec.gvr.resource},
                              {"singularName", spec.singular},
                              {"namespaced", spec.namespaced},
                              {"kind", spec.kind},
                              {"verbs", strings(spec.verbs)}};
    if (!spec.shortNames.empty())
        resource["shortNames"] = strings(spec.shortNames);
    if (!spec.categories.empty())
        resource["categories"] = strings(spec.categories);
    return resource;
}

kube::JsonObject subresourceObject(const ResourceSpec& spec, const SubresourceSpec& sub) {
    kube::JsonObject resource{
        {"name", spec.gvr.resource + "/" + sub.name}, {"singularName", ""}, {"namespaced", spec.namespaced}};
    if (sub.kind.group != spec.gvr.group || sub.kind.version != spec.gvr.version) {
        resource["group"] = sub.kind.group;
        resource["version"] = sub.kind.version;
    }
    resource["kind"] = sub.kind.kind;
    resource["verbs"] = strings(sub.verbs);
    return resource;
}

kube::JsonObject responseKind(const kube::Gvk& kind, const kube::Gvr& own) {
    const bool same = kind.group == own.group && kind.version == own.version;
    return {{"group", same ? "" : kind.group}, {"version", same ? "" : kind.version}, {"kind", kind.kind}};
}

kube::JsonObject aggregatedResource(const ResourceSpec& spec) {
    kube::JsonObject resource{{"resource", spec.gvr.resource},
                              {"responseKind", responseKind(spec.gvk(), spec.gvr)},
                              {"scope", spec.namespaced ? "Namespaced" : "Cluster"},
                              {"singularResource", spec.singular},
                              {"verbs", strings(spec.verbs)}};
    if (!spec.shortNames.empty())
        resource["shortNames"] = strings(spec.shortNames);
    if (!spec.categories.empty())
        resource["categories"] = strings(spec.categories);
    kube::JsonArray subs;
    for (const SubresourceSpec& sub : spec.subresources)
        subs.push_back(kube::JsonObject{{"subresource", sub.name},
                                        {"responseKind", responseKind(sub.kind, spec.gvr)},
                                        {"verbs", strings(sub.verbs)}});
    if (!subs.empty())
        resource["subresources"] = std::move(subs);
    return resource;
}

// The old way to bind a pod: a collection that can only be posted to.
SpecPtr bindings() {
    auto spec = std::make_shared<ResourceSpec>();
    spec->gvr = {"", "v1", "bindings"};
    spec->kind = "Binding";
    spec->singular = "binding";
    spec->namespaced = true;
    spec->verbs = {"create"};
    return spec;
}

}  // namespace

std::vector<SpecPtr> servedBy(const Registry& registry, std::string_view group, std::string_view version) {
    std::vector<SpecPtr> specs = registry.ofVersion(group, version);
    if (group.empty() && version == "v1")
        specs.insert(specs.begin(), bindings());
    return specs;
}

std::string apiVersionsText(std::string_view serverAddress) {
    return kube::printJson(kube::JsonObject{
        {"kind", "APIVersions"},
        {"versions", kube::JsonArray{"v1"}},
        {"serverAddressByClientCIDRs",
         kube::JsonArray{kube::JsonObject{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", serverAddress}}}}});
}

std::string apiGroupListText(const Registry& registry) {
    kube::JsonArray groups;
    for (const Registry::Group& group : registry.groups())
        if (!group.name.empty())
            groups.push_back(groupObject(group));
    return kube::printJson(
        kube::JsonObject{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

std::string apiGroupText(const Registry& registry, std::string_view name) {
    for (const Registry::Group& group : registry.groups()) {
        if (group.name != name || name.empty())
            continue;
        kube::JsonObject object{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
        for (auto& [key, value] : groupObject(group))
            object[key] = std::move(value);
        return kube::printJson(object);
    }
    return {};
}

std::string apiResourceListText(const Registry& registry, std::string_view group, std::string_view version) {
    const std::vector<SpecPtr> specs = servedBy(registry, group, version);
    if (specs.empty())
        return {};
    kube::JsonArray resources;
    for (const SpecPtr& spec : specs) {
        resources.push_back(resourceObject(*spec));
        for (const SubresourceSpec& sub : spec->subresources)
            resources.push_back(subresourceObject(*spec, sub));
    }
    kube::JsonObject list{{"kind", "APIResourceList"}};
    if (!group.empty())  // of the core group it was never said
        list["apiVersion"] = "v1";
    list["groupVersion"] = specs.front()->gvk().apiVersion();
    list["resources"] = std::move(resources);
    return kube::printJson(list);
}

std::string aggregatedText(const Registry& registry, bool core) {
    kube::JsonArray items;
    for (const Registry::Group& group : registry.groups()) {
        if (group.name.empty() != core)
            continue;
        kube::JsonArray versions;
        for (const std::string& version : group.versions) {
            kube::JsonArray resources;
            for (const SpecPtr& spec : servedBy(registry, group.name, version))
                resources.push_back(aggregatedResource(*spec));
            versions.push_back(kube::JsonObject{
                {"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
        }
        kube::JsonObject metadata;
        if (!core)
            metadata["name"] = group.name;
        items.push_back(
            kube::JsonObject{{"metadata", std::move(metadata)}, {"versions", std::move(versions)}});
    }
    return kube::printJson(kube::JsonObject{{"kind", "APIGroupDiscoveryList"},
                                            {"apiVersion", "apidiscovery.k8s.io/v2"},
                                            {"metadata", kube::JsonObject()},
                                            {"items", std::move(items)}});
}

}  // namespace kubefed::apiserver

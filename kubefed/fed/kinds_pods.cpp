// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "kubefed/fed/kinds.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::fed {

namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;

const Json* walk(const JsonObject& object, FieldPath path) {
    const JsonObject* at = &object;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const Json* next = at->if_contains(path[i]);
        if (next == nullptr || i + 1 == path.size())
            return next;
        at = next->if_object();
        if (at == nullptr)
            return nullptr;
    }
    return nullptr;
}

const JsonObject* walkToObject(const JsonObject& object, FieldPath path) {
    const Json* found = walk(object, path);
    return found == nullptr ? nullptr : found->if_object();
}

// Calls visit(JsonObject) for each object of the array at `key`.
template <class Visit>
void forEach(const JsonObject& parent, std::string_view key, Visit visit) {
    const Json* list = parent.if_contains(key);
    if (const JsonArray* items = list == nullptr ? nullptr : list->if_array())
        for (const Json& item : *items)
            if (const JsonObject* object = item.if_object())
                visit(*object);
}

template <class Visit>
void forEachContainer(const JsonObject& podSpec, Visit visit) {
    for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
        forEach(podSpec, list, visit);
}

class DependencyCollector {
public:
    void add(std::string_view kind, std::string_view name, bool optional) {
        if (name.empty() || (kind == "ServiceAccount" && name == "default") ||
            (kind == "ConfigMap" && name == "kube-root-ca.crt"))
            return;
        const auto [at, isNew] = m_found.try_emplace({kind, std::string(name)}, optional);
        if (!isNew)
            at->second = at->second && optional;
    }
    void addReference(std::string_view kind, const JsonObject& parent, std::string_view key,
                      std::string_view nameKey = "name") {
        const Json* value = parent.if_contains(key);
        if (const JsonObject* reference = value == nullptr ? nullptr : value->if_object())
            add(kind, kube::stringAt(*reference, {nameKey}), kube::boolAt(*reference, {"optional"}, false));
    }
    [[nodiscard]] std::vector<Dependency> take() const {
        std::vector<Dependency> result;
        for (const auto& [key, optional] : m_found)
            result.push_back({key.first, key.second, optional});
        return result;
    }

private:
    std::map<std::pair<std::string_view, std::string>, bool> m_found;
};

void collectFromVolume(const JsonObject& volume, DependencyCollector& found) {
    found.addReference("ConfigMap", volume, "configMap");
    found.addReference("Secret", volume, "secret", "secretName");
    if (const JsonObject* projected = kube::objectAt(volume, {"projected"}))
        forEach(*projected, "sources", [&](const JsonObject& source) {
            found.addReference("ConfigMap", source, "configMap");
            found.addReference("Secret", source, "secret");
        });
    // Volume drivers that take a Secret by reference name it by one of these keys.
    for (const auto& [type, key] : {std::pair{"csi", "nodePublishSecretRef"},
                                    {"cephfs", "secretRef"},
                                    {"flexVolume", "secretRef"},
                                    {"iscsi", "secretRef"},
                                    {"rbd", "secretRef"},
                                    {"scaleIO", "secretRef"},
                                    {"storageos", "secretRef"}})
        if (const JsonObject* driver = kube::objectAt(volume, {type}))
            found.addReference("Secret", *driver, key);
    if (const JsonObject* azure = kube::objectAt(volume, {"azureFile"}))
        found.add("Secret", kube::stringAt(*azure, {"secretName"}), false);
}

void collectFromContainer(const JsonObject& container, DependencyCollector& found) {
    forEach(container, "envFrom", [&](const JsonObject& source) {
        found.addReference("ConfigMap", source, "configMapRef");
        found.addReference("Secret", source, "secretRef");
    });
    forEach(container, "env", [&](const JsonObject& variable) {
        if (const JsonObject* source = kube::objectAt(variable, {"valueFrom"})) {
            found.addReference("ConfigMap", *source, "configMapKeyRef");
            found.addReference("Secret", *source, "secretKeyRef");
        }
    });
}

bool isTokenVolume(const JsonObject& named) {
    return kube::stringAt(named, {"name"}).starts_with("kube-api-access-");
}

// The two tolerations that the admission plugin DefaultTolerationSeconds adds.
bool isDefaultToleration(const JsonObject& toleration) {
    const std::string_view key = kube::stringAt(toleration, {"key"});
    return (key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable") &&
           kube::stringAt(toleration, {"operator"}) == "Exists" &&
           kube::stringAt(toleration, {"effect"}) == "NoExecute" &&
           kube::intAt(toleration, {"tolerationSeconds"}) == 300;
}

// Removes what `isUnwanted` says from the array at `key`, and the array if nothing is left of it.
template <class Predicate>
void removeFrom(JsonObject& parent, std::string_view key, Predicate isUnwanted) {
    Json* list = parent.if_contains(key);
    JsonArray* items = list == nullptr ? nullptr : list->if_array();
    if (items == nullptr)
        return;
    const auto unwanted = [&](const Json& item) { return item.is_object() && isUnwanted(item.get_object()); };
    const auto end = std::remove_if(items->begin(), items->end(), unwanted);
    if (end == items->end())
        return;
    items->erase(end, items->end());
    if (items->empty())
        parent.erase(key);
}

void stripPod(JsonObject& spec) {
    spec.erase("nodeName");
    spec.erase("priority");
    removeFrom(spec, "tolerations", isDefaultToleration);
    removeFrom(spec, "volumes", isTokenVolume);
    for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
        if (Json* containers = spec.if_contains(list); containers != nullptr && containers->is_array())
            for (Json& container : containers->get_array())
                if (JsonObject* object = container.if_object())
                    removeFrom(*object, "volumeMounts", isTokenVolume);
}

void stripService(JsonObject& spec) {
    if (kube::stringAt(spec, {"clusterIP"}) != "None") {
        spec.erase("clusterIP");
        spec.erase("clusterIPs");
    }
    for (const std::string_view key : {"ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"})
        spec.erase(key);
    if (Json* ports = spec.if_contains("ports"); ports != nullptr && ports->is_array())
        for (Json& port : ports->get_array())
            if (JsonObject* object = port.if_object())
                object->erase("nodePort");
}

using Requests = std::map<std::string, std::int64_t, std::less<>>;

Requests requestsOfContainer(const JsonObject& container) {
    Requests result;
    const JsonObject* limits = kube::objectAt(container, {"resources", "limits"});
    const JsonObject* requests = kube::objectAt(container, {"resources", "requests"});
    for (const JsonObject* source : {limits, requests}) {  // a request wins over a limit standing for it
        if (source == nullptr)
            continue;
        for (const auto& [key, value] : *source) {
            const auto quantity = value.is_string() ? kube::Quantity::parse(kube::view(value.get_string()))
                                                    : kube::Quantity::parse(kube::printJson(value));
            if (quantity && !quantity->isNegative())
                result.insert_or_assign(std::string(key), quantity->milli());
        }
    }
    return result;
}

}  // namespace

std::optional<std::int64_t> replicasOf(const KindTraits& kind, const JsonObject& object) {
    if (!kind.isReplicated())
        return std::nullopt;
    const Json* value = walk(object, kind.replicas);
    if (value == nullptr || !value->is_number())
        return 1;
    boost::system::error_code error;
    const auto replicas = value->to_number<std::int64_t>(error);
    return error ? 1 : std::max<std::int64_t>(replicas, 0);
}

void setReplicas(const KindTraits& kind, JsonObject& object, std::int64_t replicas) {
    JsonObject* at = &object;
    for (std::size_t i = 0; i + 1 < kind.replicas.size(); ++i) {
        Json& next = (*at)[kind.replicas[i]];
        if (!next.is_object())
            next.emplace_object();
        at = &next.get_object();
    }
    if (kind.isReplicated())
        (*at)[kind.replicas.back()] = replicas;
}

const JsonObject* podSpecOf(const KindTraits& kind, const JsonObject& object) {
    if (kind.isPod)
        return kube::objectAt(object, {"spec"});
    const JsonObject* pod = walkToObject(object, kind.podTemplate);
    return pod == nullptr ? nullptr : kube::objectAt(*pod, {"spec"});
}

const JsonObject* podLabelsOf(const KindTraits& kind, const JsonObject& object) {
    const JsonObject* pod = kind.isPod ? &object : walkToObject(object, kind.podTemplate);
    return pod == nullptr ? nullptr : kube::objectAt(*pod, {"metadata", "labels"});
}

const JsonObject* podSelectorOf(const KindTraits& kind, const JsonObject& object) {
    const JsonObject* selector = walkToObject(object, kind.podSelector);
    return selector == nullptr || selector->empty() ? nullptr : selector;
}

std::vector<Dependency> dependenciesOf(const KindTraits& kind, const JsonObject& object) {
    DependencyCollector found;
    const auto pullSecrets = [&](const JsonObject& holder) {
        forEach(holder, "imagePullSecrets", [&](const JsonObject& secret) {
            found.add("Secret", kube::stringAt(secret, {"name"}), false);
        });
    };
    if (kind.kind == "ServiceAccount")
        pullSecrets(object);
    if (const JsonObject* spec = podSpecOf(kind, object)) {
        pullSecrets(*spec);
        found.add("ServiceAccount", kube::stringAt(*spec, {"serviceAccountName"}), false);
        forEach(*spec, "volumes", [&](const JsonObject& volume) { collectFromVolume(volume, found); });
        forEachContainer(*spec, [&](const JsonObject& container) { collectFromContainer(container, found); });
    }
    return found.take();
}

std::vector<std::pair<std::string, std::int64_t>> requestsOf(const KindTraits& kind,
                                                             const JsonObject& object) {
    const JsonObject* spec = podSpecOf(kind, object);
    if (spec == nullptr)
        return {};
    Requests total;
    forEach(*spec, "containers", [&](const JsonObject& container) {
        for (const auto& [resource, milli] : requestsOfContainer(container))
            total[resource] += milli;
    });
    forEach(*spec, "initContainers", [&](const JsonObject& container) {
        for (const auto& [resource, milli] : requestsOfContainer(container)) {
            std::int64_t& needed = total[resource];
            needed = std::max(needed, milli);
        }
    });
    return {total.begin(), total.end()};
}

void stripHostFilled(const KindTraits& kind, JsonObject& object) {
    Json* spec = object.if_contains("spec");
    JsonObject* specObject = spec == nullptr ? nullptr : spec->if_object();
    if (kind.role == Role::Namespace)
        object.erase("spec");  // its finalizers
    else if (specObject != nullptr && kind.isPod)
        stripPod(*specObject);
    else if (specObject != nullptr && kind.role == Role::Service)
        stripService(*specObject);
}

}  // namespace kubefed::fed

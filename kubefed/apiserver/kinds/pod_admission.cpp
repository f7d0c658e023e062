// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>
#include <set>

#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/table.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kTokenVolume = "kube-api-access-";
const kube::Gvr kPods{"", "v1", "pods"};

kube::Json tokenVolume(std::string_view name) {
    const kube::JsonObject namespaceItem{
        {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}, {"path", "namespace"}};
    const kube::JsonArray sources{
        kube::JsonObject{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
        kube::JsonObject{
            {"configMap", kube::JsonObject{{"items", kube::JsonArray{kube::JsonObject{{"key", "ca.crt"},
                                                                                      {"path", "ca.crt"}}}},
                                           {"name", "kube-root-ca.crt"}}}},
        kube::JsonObject{{"downwardAPI", kube::JsonObject{{"items", kube::JsonArray{namespaceItem}}}}}};
    return kube::JsonObject{{"name", name},
                            {"projected", kube::JsonObject{{"defaultMode", 420}, {"sources", sources}}}};
}

kube::JsonArray& ensureArray(kube::JsonObject& object, std::string_view key) {
    kube::Json& value = object[key];
    return value.is_array() ? value.get_array() : value.emplace_array();
}

void mountToken(kube::JsonObject& spec) {
    std::string volume;
    forEachObject(spec, "volumes", [&](const kube::JsonObject& present, std::size_t) {
        if (volume.empty() && textOf(present, "name").starts_with(kTokenVolume))
            volume = textOf(present, "name");
    });
    const bool hasVolume = !volume.empty();
    if (!hasVolume)
        volume = std::string(kTokenVolume) + randomSuffix(5);
    bool used = false;
    for (const std::string_view list : {"initContainers", "containers"})
        forEachObject(spec, list, [&](kube::JsonObject& container, std::size_t) {
            bool taken = false;
            forEachObject(container, "volumeMounts", [&](const kube::JsonObject& mount, std::size_t) {
                taken = taken || textOf(mount, "mountPath") == kTokenPath;
            });
            if (taken)
                return;
            ensureArray(container, "volumeMounts")
                .push_back(kube::JsonObject{{"mountPath", kTokenPath}, {"name", volume}, {"readOnly", true}});
            used = true;
        });
    if (used && !hasVolume)
        ensureArray(spec, "volumes").push_back(tokenVolume(volume));
}

Result<void> admitServiceAccount(kube::JsonObject& pod, kube::JsonObject& spec, const ObjectReader& objects) {
    const std::string ns(kube::stringAt(pod, {"metadata", "namespace"}));
    const std::string_view podName = kube::stringAt(pod, {"metadata", "name"});
    setDefault(spec, "serviceAccountName", "default");
    const std::string name(textOf(spec, "serviceAccountName"));
    spec["serviceAccount"] = name;
    const kube::ObjectPtr account = objects.get({"", "v1", "serviceaccounts"}, {ns, name});
    if (account == nullptr)
        return fail(kube::forbidden(kPods, podName,
                                    "error looking up service account " + ns + "/" + name +
                                        ": serviceaccount \"" + name + "\" not found"));
    const bool accountMounts = kube::boolAt(account->document(), {"automountServiceAccountToken"}, true);
    if (kube::boolAt(spec, {"automountServiceAccountToken"}, accountMounts))
        mountToken(spec);
    const kube::JsonArray* secrets = arrayOf(account->document(), "imagePullSecrets");
    if (arrayOf(spec, "imagePullSecrets") == nullptr && secrets != nullptr && !secrets->empty())
        spec["imagePullSecrets"] = *secrets;
    return {};
}

Result<void> admitPriority(const kube::JsonObject& pod, kube::JsonObject& spec) {
    const std::string_view name = textOf(spec, "priorityClassName");
    std::int64_t priority = 0;
    if (name == "system-node-critical")
        priority = 2000001000;
    else if (name == "system-cluster-critical")
        priority = 2000000000;
    else if (!name.empty())
        return fail(kube::forbidden(kPods, kube::stringAt(pod, {"metadata", "name"}),
                                    "no PriorityClass with name " + std::string(name) + " was found"));
    if (const kube::Json* given = member(spec, "priority");
        given != nullptr && numberOf(spec, "priority", 0) != priority)
        return fail(kube::forbidden(
            kPods, kube::stringAt(pod, {"metadata", "name"}),
            "the integer value of priority (" + std::to_string(numberOf(spec, "priority", 0)) +
                ") must not be provided in pod spec; priority admission controller computed " +
                std::to_string(priority) + " from the given PriorityClass name"));
    spec["priority"] = priority;
    setDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
    return {};
}

using Warnings = std::vector<std::string>;

void warnOfNoSelector(const kube::JsonObject& term, const std::string& path, Warnings& warnings) {
    if (member(term, "labelSelector") == nullptr)
        warnings.push_back(path + ".labelSelector: a null labelSelector results in matching no pod");
}

void warnOfHiddenVariables(const kube::JsonObject& container, const std::string& path, Warnings& warnings) {
    std::set<std::string_view> seen;
    forEachObject(container, "env", [&](const kube::JsonObject& variable, std::size_t i) {
        const std::string_view name = textOf(variable, "name");
        if (!seen.insert(name).second)
            warnings.push_back(path + ".env[" + std::to_string(i) + "]: hides previous definition of \"" +
                               std::string(name) + "\", which may be dropped when using apply");
    });
}

void warnOfAffinity(const kube::JsonObject& affinity, const Path& path, Warnings& warnings) {
    constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
    constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
    forEachObject(affinity, kRequired, [&](const kube::JsonObject& term, std::size_t i) {
        warnOfNoSelector(term, path.child(kRequired).index(i).text(), warnings);
    });
    forEachObject(affinity, kPreferred, [&](const kube::JsonObject& weighted, std::size_t i) {
        if (const kube::JsonObject* term = objectOf(weighted, "podAffinityTerm"))
            warnOfNoSelector(*term, path.child(kPreferred).index(i).child("podAffinityTerm").text(),
                             warnings);
    });
}

bool isPositive(const kube::JsonObject* list, std::string_view key) {
    const kube::Json* value = list == nullptr ? nullptr : list->if_contains(key);
    if (value == nullptr || !value->is_string())
        return false;
    const Result<kube::Quantity> quantity = kube::Quantity::parse(kube::view(value->get_string()));
    return quantity && *quantity > kube::Quantity();
}

}  // namespace

Result<void> admitPod(kube::JsonObject& pod, const ObjectReader& objects) {
    kube::JsonObject& spec = kube::ensureObject(pod, {"spec"});
    KUBEFED_TRY(admitServiceAccount(pod, spec, objects));
    KUBEFED_TRY(admitPriority(pod, spec));
    addDefaultTolerations(spec);
    return {};
}

void addDefaultTolerations(kube::JsonObject& spec) {
    for (const std::string_view taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
        bool tolerated = false;
        forEachObject(spec, "tolerations", [&](const kube::JsonObject& toleration, std::size_t) {
            const std::string_view key = textOf(toleration, "key");
            const std::string_view effect = textOf(toleration, "effect");
            tolerated =
                tolerated || ((key == taint || key.empty()) && (effect == "NoExecute" || effect.empty()));
        });
        if (!tolerated)
            ensureArray(spec, "tolerations")
                .push_back(kube::JsonObject{{"effect", "NoExecute"},
                                            {"key", taint},
                                            {"operator", "Exists"},
                                            {"tolerationSeconds", 300}});
    }
}

std::vector<std::string> podWarnings(const kube::JsonObject& spec, const std::string& path) {
    Warnings warnings;
    const Path root(path);
    forEachObject(spec, "topologySpreadConstraints", [&](const kube::JsonObject& term, std::size_t i) {
        warnOfNoSelector(term, root.child("topologySpreadConstraints").index(i).text(), warnings);
    });
    for (const std::string_view list : {"initContainers", "containers"})
        forEachObject(spec, list, [&](const kube::JsonObject& container, std::size_t i) {
            warnOfHiddenVariables(container, root.child(list).index(i).text(), warnings);
        });
    for (const std::string_view kind : {"podAffinity", "podAntiAffinity"})
        if (const kube::JsonObject* affinity = kube::objectAt(spec, {"affinity", kind}))
            warnOfAffinity(*affinity, root.child("affinity").child(kind), warnings);
    return warnings;
}

std::string_view qosClass(const kube::JsonObject& spec) {
    bool any = false, guaranteed = true;
    for (const std::string_view list : {"containers", "initContainers"})
        forEachObject(spec, list, [&](const kube::JsonObject& container, std::size_t) {
            const kube::JsonObject* limits = kube::objectAt(container, {"resources", "limits"});
            const kube::JsonObject* requests = kube::objectAt(container, {"resources", "requests"});
            for (const std::string_view resource : {"cpu", "memory"}) {
                const bool limited = isPositive(limits, resource);
                const bool requested = isPositive(requests, resource);
                any = any || limited || requested;
                guaranteed =
                    guaranteed && limited &&
                    (!requested || sameValue(limits->if_contains(resource), requests->if_contains(resource)));
            }
        });
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

std::string randomSuffix(std::size_t count) {
    constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    std::random_device device;
    std::uniform_int_distribution<std::size_t> pick(0, kAlphabet.size() - 1);
    std::string text;
    while (text.size() < count)
        text += kAlphabet[pick(device)];
    return text;
}

}  // namespace kubefed::apiserver

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/quantities.h"

namespace kubefed::apiserver {

namespace {

constexpr std::int64_t kFileMode = 0644;

// "latest" where neither tag nor digest is given; a tag stands behind the last colon after the last slash.
std::string_view imageTag(std::string_view image) {
    if (image.empty() || image.find('@') != std::string_view::npos)
        return {};
    const std::size_t slash = image.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? image : image.substr(slash + 1);
    const std::size_t colon = last.find(':');
    return colon == std::string_view::npos ? std::string_view("latest") : last.substr(colon + 1);
}

void defaultHandler(kube::JsonObject& handler) {
    if (kube::JsonObject* http = objectOf(handler, "httpGet")) {
        setDefault(*http, "path", "/");
        setDefault(*http, "scheme", "HTTP");
        dropZero(*http, {"host"});
    }
    if (kube::JsonObject* grpc = objectOf(handler, "grpc"))
        setDefault(*grpc, "service", "");
}

void defaultProbe(kube::JsonObject& probe) {
    defaultHandler(probe);
    setDefaultNumber(probe, "timeoutSeconds", 1);
    setDefaultNumber(probe, "periodSeconds", 10);
    setDefaultNumber(probe, "successThreshold", 1);
    setDefaultNumber(probe, "failureThreshold", 3);
    dropZero(probe, {"initialDelaySeconds"});
}

void defaultEnv(kube::JsonObject& variable) {
    dropZero(variable, {"value"});
    kube::JsonObject* from = objectOf(variable, "valueFrom");
    if (from == nullptr)
        return;
    if (kube::JsonObject* field = objectOf(*from, "fieldRef"))
        setDefault(*field, "apiVersion", "v1");
    if (kube::JsonObject* resource = objectOf(*from, "resourceFieldRef"))
        setDefault(*resource, "divisor", "0");
}

void defaultContainer(kube::JsonObject& container) {
    const std::string_view tag = imageTag(textOf(container, "image"));
    setDefault(container, "imagePullPolicy", tag == "latest" ? "Always" : "IfNotPresent");
    setDefault(container, "terminationMessagePath", "/dev/termination-log");
    setDefault(container, "terminationMessagePolicy", "File");
    dropZero(container, {"stdin", "stdinOnce", "tty", "workingDir"});
    kube::JsonObject& resources = kube::ensureObject(container, {"resources"});
    canonicalQuantities(objectOf(resources, "limits"));
    canonicalQuantities(objectOf(resources, "requests"));
    forEachObject(container, "ports", [](kube::JsonObject& port, std::size_t) {
        setDefault(port, "protocol", "TCP");
        dropZero(port, {"name", "hostPort", "hostIP"});
    });
    forEachObject(container, "env", [](kube::JsonObject& variable, std::size_t) { defaultEnv(variable); });
    forEachObject(container, "envFrom",
                  [](kube::JsonObject& source, std::size_t) { dropZero(source, {"prefix"}); });
    forEachObject(container, "volumeMounts", [](kube::JsonObject& mount, std::size_t) {
        dropZero(mount, {"readOnly", "subPath", "subPathExpr"});
    });
    for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"})
        if (kube::JsonObject* present = objectOf(container, probe))
            defaultProbe(*present);
    if (kube::JsonObject* lifecycle = objectOf(container, "lifecycle"))
        for (const std::string_view hook : {"postStart", "preStop"})
            if (kube::JsonObject* present = objectOf(*lifecycle, hook))
                defaultHandler(*present);
}

void defaultDownward(kube::JsonObject& source) {
    forEachObject(source, "items", [](kube::JsonObject& item, std::size_t) {
        if (kube::JsonObject* field = objectOf(item, "fieldRef"))
            setDefault(*field, "apiVersion", "v1");
        if (kube::JsonObject* resource = objectOf(item, "resourceFieldRef"))
            setDefault(*resource, "divisor", "0");
    });
}

void defaultProjected(kube::JsonObject& projected) {
    setDefault(projected, "defaultMode", kFileMode);
    forEachObject(projected, "sources", [](kube::JsonObject& source, std::size_t) {
        if (kube::JsonObject* token = objectOf(source, "serviceAccountToken"))
            setDefault(*token, "expirationSeconds", std::int64_t{3600});
        if (kube::JsonObject* downward = objectOf(source, "downwardAPI"))
            defaultDownward(*downward);
    });
}

void defaultVolume(kube::JsonObject& volume) {
    bool hasSource = false;
    for (const auto& [key, value] : volume)
        hasSource = hasSource || (key != "name" && value.is_object());
    if (!hasSource)
        volume["emptyDir"] = kube::JsonObject{};
    for (const std::string_view kind : {"secret", "configMap", "downwardAPI"})
        if (kube::JsonObject* source = objectOf(volume, kind))
            setDefault(*source, "defaultMode", kFileMode);
    if (kube::JsonObject* downward = objectOf(volume, "downwardAPI"))
        defaultDownward(*downward);
    if (kube::JsonObject* projected = objectOf(volume, "projected"))
        defaultProjected(*projected);
    if (kube::JsonObject* host = objectOf(volume, "hostPath"))
        setDefault(*host, "type", "");
    if (kube::JsonObject* empty = objectOf(volume, "emptyDir")) {
        dropZero(*empty, {"medium"});
        if (kube::Json* limit = empty->if_contains("sizeLimit")) {
            kube::JsonObject list{{"sizeLimit", *limit}};
            canonicalQuantities(&list);
            *limit = list.at("sizeLimit");
        }
    }
    if (kube::JsonObject* claim = objectOf(volume, "persistentVolumeClaim"))
        dropZero(*claim, {"readOnly"});
    if (kube::find(volume, {"ephemeral", "volumeClaimTemplate", "spec"}) != nullptr)
        setDefault(kube::ensureObject(volume, {"ephemeral", "volumeClaimTemplate", "spec"}), "volumeMode",
                   "Filesystem");
}

void requestWhatIsLimited(kube::JsonObject& container) {
    kube::JsonObject* resources = objectOf(container, "resources");
    const kube::JsonObject* limits = resources == nullptr ? nullptr : objectOf(*resources, "limits");
    if (limits == nullptr || limits->empty())
        return;
    const kube::JsonObject copy = *limits;
    kube::JsonObject& requests = kube::ensureObject(*resources, {"requests"});
    for (const auto& [key, value] : copy)
        if (!requests.contains(key))
            requests[key] = value;
}

}  // namespace

void defaultPodSpec(kube::JsonObject& spec) {
    setDefault(spec, "dnsPolicy", "ClusterFirst");
    setDefault(spec, "restartPolicy", "Always");
    setDefault(spec, "schedulerName", "default-scheduler");
    if (member(spec, "terminationGracePeriodSeconds") == nullptr)
        spec["terminationGracePeriodSeconds"] = 30;
    if (objectOf(spec, "securityContext") == nullptr)
        spec["securityContext"] = kube::JsonObject{};
    dropZero(spec, {"hostNetwork", "hostPID", "hostIPC", "nodeName", "hostname", "subdomain",
                    "serviceAccountName", "serviceAccount", "priorityClassName"});
    // The deprecated name of the same field: either is taken, both are stored.
    if (const std::string name(
            textOf(spec, spec.contains("serviceAccountName") ? "serviceAccountName" : "serviceAccount"));
        !name.empty()) {
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
    }
    for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
        forEachObject(spec, list,
                      [](kube::JsonObject& container, std::size_t) { defaultContainer(container); });
    forEachObject(spec, "volumes", [](kube::JsonObject& volume, std::size_t) { defaultVolume(volume); });
    forEachObject(spec, "tolerations", [](kube::JsonObject& toleration, std::size_t) {
        dropZero(toleration, {"key", "operator", "value", "effect"});
    });
    canonicalQuantities(objectOf(spec, "overhead"));
}

void defaultPod(kube::JsonObject& spec) {
    if (numberOf(spec, "terminationGracePeriodSeconds", 0) < 0)
        spec["terminationGracePeriodSeconds"] = 1;
    if (member(spec, "enableServiceLinks") == nullptr)
        spec["enableServiceLinks"] = true;
    const bool hostNetwork = truthOf(spec, "hostNetwork");
    for (const std::string_view list : {"containers", "initContainers"})
        forEachObject(spec, list, [&](kube::JsonObject& container, std::size_t) {
            requestWhatIsLimited(container);
            if (hostNetwork)
                forEachObject(container, "ports", [](kube::JsonObject& port, std::size_t) {
                    setDefaultNumber(port, "hostPort", numberOf(port, "containerPort", 0));
                });
        });
}

}  // namespace kubefed::apiserver

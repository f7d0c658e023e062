// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/quantities.h"

namespace kubefed::apiserver {

namespace {

const std::vector<std::string_view> kProtocols = {"SCTP", "TCP", "UDP"};
const std::vector<std::string_view> kEnvFieldPaths = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};

using Names = std::set<std::string, std::less<>>;

void checkPortNumber(Checker& checker, const Path& path, std::int64_t port) {
    if (port < 1 || port > 65535)
        checker.invalid(path, port, "must be between 1 and 65535, inclusive");
}

void checkPorts(Checker& checker, const kube::JsonObject& container, const Path& path) {
    Names names;
    forEachObject(container, "ports", [&](const kube::JsonObject& port, std::size_t i) {
        const Path at = path.index(i);
        if (const std::string_view name = textOf(port, "name"); !name.empty()) {
            if (const Problems problems = portNameProblems(name); !problems.empty())
                checker.invalid(at.child("name"), name, problems);
            else if (!names.emplace(name).second)
                checker.duplicate(at.child("name"), kube::Json(name));
        }
        const std::int64_t number = numberOf(port, "containerPort", 0);
        if (number == 0)
            checker.required(at.child("containerPort"));
        else
            checkPortNumber(checker, at.child("containerPort"), number);
        if (const std::int64_t host = numberOf(port, "hostPort", 0); host != 0)
            checkPortNumber(checker, at.child("hostPort"), host);
        checker.oneOf(at.child("protocol"), textOf(port, "protocol"), kProtocols, true);
    });
}

void checkKeySelector(Checker& checker, const kube::JsonObject& selector, const Path& path) {
    const std::string_view name = textOf(selector, "name");
    const std::string_view key = textOf(selector, "key");
    checker.invalid(path.child("name"), name, dns1123SubdomainProblems(name));
    if (key.empty())
        checker.required(path.child("key"));
    else
        checker.invalid(path.child("key"), key, configMapKeyProblems(key));
}

void checkFieldRef(Checker& checker, const kube::JsonObject& ref, const Path& path) {
    const std::string_view field = textOf(ref, "fieldPath");
    if (field.empty()) {
        checker.required(path.child("fieldPath"));
        return;
    }
    if ((field.starts_with("metadata.labels['") || field.starts_with("metadata.annotations['")) &&
        field.ends_with("']"))
        return;
    const bool known = std::ranges::find(kEnvFieldPaths, field) != kEnvFieldPaths.end();
    if (field == "metadata.labels" || field == "metadata.annotations")
        checker.notSupported(path.child("fieldPath"), field, kEnvFieldPaths);
    else if (!known)
        checker.invalid(path.child("fieldPath"), kube::Json(field),
                        "error converting fieldPath: field label not supported: " + std::string(field));
}

void checkEnv(Checker& checker, const kube::JsonObject& container, const Path& path) {
    forEachObject(container, "env", [&](const kube::JsonObject& variable, std::size_t i) {
        const std::string_view name = textOf(variable, "name");
        if (name.empty())
            checker.required(path.index(i).child("name"));
        else
            checker.invalid(path.index(i).child("name"), name, envVarNameProblems(name));
        const kube::JsonObject* from = objectOf(variable, "valueFrom");
        if (from == nullptr)
            return;
        const Path at = path.index(i).child("valueFrom");
        int sources = 0;
        if (const kube::JsonObject* ref = objectOf(*from, "fieldRef"))
            ++sources, checkFieldRef(checker, *ref, at.child("fieldRef"));
        if (const kube::JsonObject* ref = objectOf(*from, "resourceFieldRef")) {
            ++sources;
            if (textOf(*ref, "resource").empty())
                checker.required(at.child("resourceFieldRef").child("resource"));
        }
        for (const std::string_view kind : {"configMapKeyRef", "secretKeyRef"})
            if (const kube::JsonObject* ref = objectOf(*from, kind))
                ++sources, checkKeySelector(checker, *ref, at.child(kind));
        if (sources == 0)
            checker.invalid(
                at, kube::Json(""),
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        else if (!textOf(variable, "value").empty())
            checker.invalid(at, kube::Json(""), "may not be specified when `value` is not empty");
        else if (sources > 1)
            checker.invalid(at, kube::Json(""), "may not have more than one field specified at a time");
    });
}

void checkEnvFrom(Checker& checker, const kube::JsonObject& container, const Path& path) {
    forEachObject(container, "envFrom", [&](const kube::JsonObject& source, std::size_t i) {
        if (const std::string_view prefix = textOf(source, "prefix"); !prefix.empty())
            checker.invalid(path.index(i).child("prefix"), prefix, envVarNameProblems(prefix));
        int sources = 0;
        for (const std::string_view kind : {"configMapRef", "secretRef"})
            if (const kube::JsonObject* ref = objectOf(source, kind)) {
                ++sources;
                const std::string_view name = textOf(*ref, "name");
                const Path at = path.index(i).child(kind).child("name");
                if (name.empty())
                    checker.required(at);
                else
                    checker.invalid(at, name, nameProblems("dns-subdomain", name, true));
            }
        if (sources == 0)
            checker.invalid(path, kube::Json(""), "must specify one of: `configMapRef` or `secretRef`");
        else if (sources > 1)
            checker.invalid(path, kube::Json(""), "may not have more than one field specified at a time");
    });
}

void checkDescending(Checker& checker, std::string_view text, const Path& path) {
    if (text.starts_with('/'))
        checker.invalid(path, kube::Json(text), "must be a relative path");
    if (("/" + std::string(text) + "/").find("/../") != std::string::npos)
        checker.invalid(path, kube::Json(text), "must not contain '..'");
}

void checkMounts(Checker& checker, const kube::JsonObject& container, const std::vector<std::string>& volumes,
                 const Path& path) {
    Names places;
    forEachObject(container, "volumeMounts", [&](const kube::JsonObject& mount, std::size_t i) {
        const Path at = path.index(i);
        const std::string_view name = textOf(mount, "name");
        const std::string_view place = textOf(mount, "mountPath");
        const std::string_view sub = textOf(mount, "subPath");
        if (name.empty())
            checker.required(at.child("name"));
        if (std::ranges::find(volumes, name) == volumes.end())
            checker.notFound(at.child("name"), kube::Json(name));
        if (place.empty())
            checker.required(at.child("mountPath"));
        if (!places.emplace(place).second)
            checker.invalid(at.child("mountPath"), kube::Json(place), "must be unique");
        if (!sub.empty())
            checkDescending(checker, sub, path.child("subPath"));
        if (const std::string_view expression = textOf(mount, "subPathExpr"); !expression.empty()) {
            if (!sub.empty())
                checker.invalid(at.child("subPathExpr"), kube::Json(expression),
                                "subPathExpr and subPath are mutually exclusive");
            checkDescending(checker, expression, path.child("subPathExpr"));
        }
    });
}

void checkDevices(Checker& checker, const kube::JsonObject& container,
                  const std::vector<std::string>& volumes, const Path& path) {
    forEachObject(container, "volumeDevices", [&](const kube::JsonObject& device, std::size_t i) {
        const std::string_view name = textOf(device, "name");
        if (name.empty())
            checker.required(path.index(i).child("name"));
        else if (std::ranges::find(volumes, name) == volumes.end())
            checker.notFound(path.index(i).child("name"), kube::Json(name));
        if (textOf(device, "devicePath").empty())
            checker.required(path.index(i).child("devicePath"));
    });
}

void checkContainer(Checker& checker, const kube::JsonObject& container,
                    const std::vector<std::string>& volumes, const Path& path) {
    const std::string_view name = textOf(container, "name");
    if (name.empty())
        checker.required(path.child("name"));
    else
        checker.invalid(path.child("name"), name, dns1123LabelProblems(name));
    if (textOf(container, "image").empty())
        checker.required(path.child("image"));
    checker.oneOf(path.child("terminationMessagePolicy"), textOf(container, "terminationMessagePolicy"),
                  {"File", "FallbackToLogsOnError"}, true);
    checkPorts(checker, container, path.child("ports"));
    checkEnv(checker, container, path.child("env"));
    checkEnvFrom(checker, container, path.child("envFrom"));
    checkMounts(checker, container, volumes, path.child("volumeMounts"));
    checkDevices(checker, container, volumes, path.child("volumeDevices"));
    checker.oneOf(path.child("imagePullPolicy"), textOf(container, "imagePullPolicy"),
                  {"Always", "IfNotPresent", "Never"}, true);
    if (const kube::JsonObject* resources = objectOf(container, "resources"))
        checkResources(checker, *resources, path.child("resources"));
}

void checkHostPorts(Checker& checker, const kube::JsonObject& container, Names& taken, const Path& path) {
    forEachObject(container, "ports", [&](const kube::JsonObject& port, std::size_t p) {
        const std::int64_t host = numberOf(port, "hostPort", 0);
        std::string text(textOf(port, "protocol"));
        text.append("/").append(textOf(port, "hostIP")).append("/").append(std::to_string(host));
        if (host != 0 && !taken.insert(text).second)
            checker.duplicate(path.child("ports").index(p).child("hostPort"), kube::Json(text));
    });
}

void checkInitContainers(Checker& checker, const kube::JsonObject& spec,
                         const std::vector<std::string>& volumes, Names names, const Path& path) {
    forEachObject(spec, "initContainers", [&](const kube::JsonObject& container, std::size_t i) {
        const Path at = path.index(i);
        checkContainer(checker, container, volumes, at);
        const std::string_view name = textOf(container, "name");
        if (!names.emplace(name).second)
            checker.duplicate(at.child("name"), kube::Json(name));
        Names ports;
        checkHostPorts(checker, container, ports, at);
        if (textOf(container, "restartPolicy") == "Always") {
            checkProbes(checker, container, at);
            return;
        }
        for (const std::string_view key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
            if (objectOf(container, key) != nullptr)
                checker.forbidden(at.child(key),
                                  "may not be set for init containers without restartPolicy=Always");
    });
}

}  // namespace

void checkContainers(Checker& checker, const kube::JsonObject& spec, const std::vector<std::string>& volumes,
                     const Path& path) {
    const kube::JsonArray* containers = arrayOf(spec, "containers");
    Names names;
    if (containers == nullptr || containers->empty())
        checker.required(path.child("containers"));
    forEachObject(spec, "containers", [&](const kube::JsonObject& container, std::size_t i) {
        const Path at = path.child("containers").index(i);
        checkContainer(checker, container, volumes, at);
        const std::string_view name = textOf(container, "name");
        if (!names.emplace(name).second)
            checker.duplicate(at.child("name"), kube::Json(name));
        checkProbes(checker, container, at);
    });
    Names ports;
    forEachObject(spec, "containers", [&](const kube::JsonObject& container, std::size_t i) {
        checkHostPorts(checker, container, ports, path.child("containers").index(i));
    });
    checkInitContainers(checker, spec, volumes, names, path.child("initContainers"));
}

}  // namespace kubefed::apiserver

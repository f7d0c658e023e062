// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/pod.h"

namespace kubefed::apiserver {

namespace {

void checkPort(Checker& checker, const kube::JsonObject& action, const Path& path) {
    const kube::Json* port = action.if_contains("port");
    if (port != nullptr && port->is_string()) {
        checker.invalid(path, kube::view(port->get_string()),
                        portNameProblems(kube::view(port->get_string())));
        return;
    }
    const std::int64_t number = numberOf(action, "port", 0);
    if (number < 1 || number > 65535)
        checker.invalid(path, number, "must be between 1 and 65535, inclusive");
}

void checkAction(Checker& checker, std::string_view kind, const kube::JsonObject& action, const Path& path) {
    if (kind == "exec") {
        const kube::JsonArray* command = arrayOf(action, "command");
        if (command == nullptr || command->empty())
            checker.required(path.child("command"));
    } else if (kind == "httpGet") {
        if (textOf(action, "path").empty())
            checker.required(path.child("path"));
        checkPort(checker, action, path.child("port"));
        checker.oneOf(path.child("scheme"), textOf(action, "scheme"), {"HTTP", "HTTPS"}, false);
        forEachObject(action, "httpHeaders", [&](const kube::JsonObject& header, std::size_t) {
            const std::string_view name = textOf(header, "name");
            checker.invalid(path.child("httpHeaders"), name, httpHeaderNameProblems(name));
        });
    } else if (kind == "tcpSocket" || kind == "grpc") {
        checkPort(checker, action, path.child("port"));
    }
}

void checkHandler(Checker& checker, const kube::JsonObject& handler, const Path& path) {
    int handlers = 0;
    for (const std::string_view kind : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
        const kube::JsonObject* action = objectOf(handler, kind);
        if (action == nullptr)
            continue;
        if (++handlers > 1)
            checker.forbidden(path.child(kind), "may not specify more than 1 handler type");
        else
            checkAction(checker, kind, *action, path.child(kind));
    }
    if (handlers == 0)
        checker.required(path, "must specify a handler type");
}

void checkProbe(Checker& checker, const kube::JsonObject& container, std::string_view kind,
                const Path& path) {
    const kube::JsonObject* probe = objectOf(container, kind);
    if (probe == nullptr)
        return;
    checkHandler(checker, *probe, path);
    for (const std::string_view key :
         {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
        checker.nonNegative(path.child(key), numberOf(*probe, key, 0));
    const Path grace = path.child("terminationGracePeriodSeconds");
    const kube::Json* seconds = member(*probe, "terminationGracePeriodSeconds");
    if (seconds != nullptr && numberOf(*probe, "terminationGracePeriodSeconds", 1) <= 0)
        checker.invalid(grace, *seconds, "must be greater than 0");
    if (kind == "readinessProbe") {
        if (seconds != nullptr)
            checker.invalid(grace, *seconds, "must not be set for readinessProbes");
    } else if (const std::int64_t threshold = numberOf(*probe, "successThreshold", 1); threshold != 1) {
        checker.invalid(path.child("successThreshold"), threshold, "must be 1");
    }
}

}  // namespace

void checkProbes(Checker& checker, const kube::JsonObject& container, const Path& path) {
    if (const kube::JsonObject* lifecycle = objectOf(container, "lifecycle"))
        for (const std::string_view hook : {"postStart", "preStop"})
            if (const kube::JsonObject* handler = objectOf(*lifecycle, hook))
                checkHandler(checker, *handler, path.child("lifecycle").child(hook));
    for (const std::string_view kind : {"livenessProbe", "readinessProbe", "startupProbe"})
        checkProbe(checker, container, kind, path.child(kind));
}

}  // namespace kubefed::apiserver

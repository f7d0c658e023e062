// SPDX-License-Identifier: Apache-2.0
//
// What apiserver_crash_test and its writer agree on: the objects under load and the steps of their lives.
// Each step says by its number alone what the store must hold after it: created, updated twice (once through
// the status, where there is one), deleted, and again.
#pragma once

#include <string>

#include "kubefed/kube/object.h"

namespace kubefed::test {

enum class CrashType { ConfigMap, ReplicationController, Custom, Secret };
inline CrashType typeOf(int lane) {
    return static_cast<CrashType>(lane % 4);
}

struct CrashRequest {
    std::string method, path, body, contentType = "application/json";
};

inline kube::JsonObject crashDefinition() {
    return kube::parseJson(R"({"metadata":{"name":"crashes.example.com"},"spec":{"group":"example.com",
        "scope":"Namespaced","names":{"plural":"crashes","singular":"crash","kind":"Crash","listKind":"CrashList"},
        "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
        "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})")
        ->get_object();
}

inline kube::Gvr crashResource(CrashType type) {
    switch (type) {
        case CrashType::ConfigMap:
            return {"", "v1", "configmaps"};
        case CrashType::ReplicationController:
            return {"", "v1", "replicationcontrollers"};
        case CrashType::Secret:
            return {"", "v1", "secrets"};
        case CrashType::Custom:
            break;
    }
    return {"example.com", "v1", "crashes"};
}

inline bool isGoneAt(int step) {
    return step % 4 == 3;
}
inline bool writesStatus(CrashType type, int step) {
    return step % 4 == 2 && (type == CrashType::ReplicationController || type == CrashType::Custom);
}

inline CrashRequest crashRequest(CrashType type, const std::string& name, int step) {
    const kube::Gvr gvr = crashResource(type);
    const std::string all = (gvr.group.empty() ? "/api/v1" : "/apis/" + gvr.group + "/" + gvr.version) +
                            "/namespaces/default/" + gvr.resource;
    const std::string one = all + "/" + name;
    const std::string mark = "\"annotations\":{\"step\":\"" + std::to_string(step) + "\"}";
    if (isGoneAt(step))
        return {"DELETE", one + "?propagationPolicy=Background", ""};
    if (step % 4 != 0 && writesStatus(type, step))
        return {"PATCH", one + "/status", "{\"status\":{\"replicas\":" + std::to_string(step) + "}}",
                "application/merge-patch+json"};
    if (step % 4 != 0)
        return {"PATCH", one, "{\"metadata\":{" + mark + "}}", "application/merge-patch+json"};
    std::string rest;
    if (type == CrashType::ReplicationController)
        rest = R"(,"spec":{"replicas":0,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},)"
               R"("spec":{"containers":[{"name":"c","image":"i"}]}}})";
    return {"POST", all, "{\"metadata\":{\"name\":\"" + name + "\"," + mark + "}" + rest + "}"};
}

// Does the object (null: absent) look as after `step`?
inline bool isAtStep(CrashType type, const kube::Object* object, int step) {
    if (isGoneAt(step) || object == nullptr)
        return isGoneAt(step) && object == nullptr;
    const std::string mark(object->annotation("step"));
    if (!writesStatus(type, step))
        return mark == std::to_string(step);
    return mark == std::to_string(step - 1) &&
           kube::intAt(object->document(), {"status", "replicas"}) == std::int64_t{step};
}

}  // namespace kubefed::test

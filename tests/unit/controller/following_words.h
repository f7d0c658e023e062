// SPDX-License-Identifier: Apache-2.0
//
// What tests of what several use have in common: two workloads, a and b, in a cluster each, and a ConfigMap
// and a Service of both.
#pragma once

#include <functional>
#include <string>

#include "tests/unit/controller/simulation_words.h"

namespace kubefed::controller {

inline const TemplateId kShared = Simulation::id("ConfigMap", "shared");

inline std::string policyFor(const std::string& workload, const std::string& cluster,
                             const std::string& more) {
    const std::string other = cluster == "m1" ? "m2" : "m1";
    return R"({"resourceSelectors":[{"kind":"ReplicationController","name":")" + workload +
           R"("}],"replicas":{"perCluster":{")" + cluster + R"(":{"min":1},")" + other + R"(":{"max":0}}})" +
           more + "}";
}

// Of one workload, for one cluster; `more` are further fields of the spec.
inline void putPolicy(Simulation& s, const std::string& workload, const std::string& cluster,
                      const std::string& more = {}) {
    s.putPolicy(workload, policyFor(workload, cluster, more));
}

// It names `configMap`; its pods are labelled both: `both`.
inline void putUser(Simulation& s, const std::string& name, const std::string& configMap = "shared",
                    const std::string& both = "yes") {
    kube::JsonObject spec = kube::parseJson(R"({"replicas":1,"template":{"spec":{"containers":[
        {"name":"c","image":"i","envFrom":[{"configMapRef":{"name":")" +
                                            configMap + R"("}}]}]}}})")
                                .value()
                                .as_object();
    const kube::JsonObject labels{{"app", name}, {"both", both}};
    spec["selector"] = kube::JsonObject{{"app", name}};
    spec["template"].as_object()["metadata"] = kube::JsonObject{{"labels", labels}};
    s.put({"", "v1", "ReplicationController"}, "shop", name, std::move(spec));
}

inline void edit(Simulation& s, const TemplateId& id, const std::function<void(kube::Object&)>& change) {
    kube::Object object = *s.host.find(id.traits().gvr(), id.key);
    change(object);
    s.host.put(id.traits().gvr(), std::move(object));
}

inline void putShared(Simulation& s, const char* value) {
    kube::Object object = kube::Object::make({"", "v1", "ConfigMap"}, "shop", "shared");
    if (const kube::Object* known = s.host.find(kShared.traits().gvr(), kShared.key))
        object = *known;
    object.document()["data"] = kube::JsonObject{{"a", value}};
    s.host.put(kShared.traits().gvr(), std::move(object));
}

// RC a in m1, RC b in m2, ConfigMap `shared` and Service `both` in either.
inline void start(Simulation& s, const std::string& policyOfA = {}) {
    putPolicy(s, "a", "m1", policyOfA);
    putPolicy(s, "b", "m2");
    s.start();
    putShared(s, "1");
    s.put({"", "v1", "Service"}, "shop", "both",
          kube::JsonObject{{"selector", kube::JsonObject{{"both", "yes"}}}});
    putUser(s, "a");
    putUser(s, "b");
    s.run(std::chrono::seconds(3));
}

inline std::string holders(Simulation& s, const TemplateId& id) {
    std::string names;
    for (const auto& [name, member] : s.members.members)
        if (member->objects.contains(id))
            names += (names.empty() ? "" : " ") + name;
    return names;
}

inline std::string dataIn(Simulation& s, const std::string& cluster) {
    return std::string(
        kube::stringAt(s.member(cluster).objects.at(kShared).object.document(), {"data", "a"}));
}

}  // namespace kubefed::controller

// SPDX-License-Identifier: Apache-2.0
//
// What several use: a ConfigMap and a Service of two workloads that stand in a cluster each. Whatever becomes
// of one of the two, they stay where they are needed and go where they are not.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

const TemplateId kShared = Simulation::id("ConfigMap", "shared");

// Of one workload, for one cluster; `more` are further fields of the spec.
void putPolicy(Simulation& s, const std::string& workload, const std::string& cluster,
               const std::string& more = {}) {
    const std::string other = cluster == "m1" ? "m2" : "m1";
    s.putPolicy(workload, R"({"resourceSelectors":[{"kind":"ReplicationController","name":")" + workload +
                              R"("}],"replicas":{"perCluster":{")" + cluster + R"(":{"min":1},")" + other +
                              R"(":{"max":0}}})" + more + "}");
}

// It names `configMap`; its pods are labelled both: `both`.
void putUser(Simulation& s, const std::string& name, const std::string& configMap = "shared",
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

void putShared(Simulation& s, const char* value) {
    kube::Object object = kube::Object::make({"", "v1", "ConfigMap"}, "shop", "shared");
    if (const kube::Object* known = s.host.find(kShared.traits().gvr(), kShared.key))
        object = *known;
    object.document()["data"] = kube::JsonObject{{"a", value}};
    s.host.put(kShared.traits().gvr(), std::move(object));
}

// RC a in m1, RC b in m2, ConfigMap `shared` and Service `both` in either.
void start(Simulation& s, const std::string& policyOfA = {}) {
    putPolicy(s, "a", "m1", policyOfA);
    putPolicy(s, "b", "m2");
    s.start();
    putShared(s, "1");
    s.put({"", "v1", "Service"}, "shop", "both",
          kube::JsonObject{{"selector", kube::JsonObject{{"both", "yes"}}}});
    putUser(s, "a");
    putUser(s, "b");
    s.run(3s);
}

std::string holders(Simulation& s, const TemplateId& id) {
    std::string names;
    for (const auto& [name, member] : s.members.members)
        if (member->objects.contains(id))
            names += (names.empty() ? "" : " ") + name;
    return names;
}

}  // namespace

class FollowingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theySpreadOverTheClustersOfBoth() {
        Simulation s(1, 2);
        start(s);
        SAME_TEXT(holders(s, rc("a")), "m1");
        SAME_TEXT(holders(s, rc("b")), "m2");
        SAME_TEXT(holders(s, kShared), "m1 m2");
        SAME_TEXT(holders(s, service("both")), "m1 m2");
    }

    void theyLeaveWithTheOneThatIsDeleted() {
        Simulation s(2, 2);
        start(s);
        SAME_TEXT(holders(s, service("both")), "m1 m2");
        s.erase(rc("a"));
        s.run(3s);
        SAME_TEXT(holders(s, kShared), "m2");
        SAME_TEXT(holders(s, service("both")), "m2");
    }

    void theyLeaveWithTheOneThatNoLongerNamesThem() {
        Simulation s(3, 2);
        start(s);
        putUser(s, "a", "other", "no");
        s.run(3s);
        SAME_TEXT(holders(s, rc("a")), "m1");
        SAME_TEXT(holders(s, kShared), "m2");
        SAME_TEXT(holders(s, service("both")), "m2");
        putUser(s, "a");
        s.run(3s);
        SAME_TEXT(holders(s, kShared), "m1 m2");
        SAME_TEXT(holders(s, service("both")), "m1 m2");
    }
};

QTEST_GUILESS_MAIN(FollowingTest)
#include "following_test.moc"

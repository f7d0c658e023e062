// SPDX-License-Identifier: Apache-2.0
//
// What several use: a ConfigMap and a Service of two workloads that stand in a cluster each. Whatever becomes
// of one of the two, they stay where they are needed and go where they are not.
#include "kubefed/fed/following.h"

#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

const TemplateId kShared = Simulation::id("ConfigMap", "shared");

std::string policyFor(const std::string& workload, const std::string& cluster, const std::string& more) {
    const std::string other = cluster == "m1" ? "m2" : "m1";
    return R"({"resourceSelectors":[{"kind":"ReplicationController","name":")" + workload +
           R"("}],"replicas":{"perCluster":{")" + cluster + R"(":{"min":1},")" + other + R"(":{"max":0}}})" +
           more + "}";
}

// Of one workload, for one cluster; `more` are further fields of the spec.
void putPolicy(Simulation& s, const std::string& workload, const std::string& cluster,
               const std::string& more = {}) {
    s.putPolicy(workload, policyFor(workload, cluster, more));
}

void putClusterPolicy(Simulation& s, const std::string& name, const std::string& spec) {
    kube::Object object = fed::makeDefaultPolicy();
    object.metadata()["name"] = name;
    object.document()["spec"] = kube::parseJson(spec).value();
    s.host.put(fed::clusterPlacementPolicies(), std::move(object));
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

void edit(Simulation& s, const TemplateId& id, const std::function<void(kube::Object&)>& change) {
    kube::Object object = *s.host.find(id.traits().gvr(), id.key);
    change(object);
    s.host.put(id.traits().gvr(), std::move(object));
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

void optOut(Simulation& s, const std::string& name, const char* propagate = "false") {
    edit(s, rc(name), [&](kube::Object& it) { it.setAnnotation(fed::kPropagateAnnotation, propagate); });
}

void putHeldLabel(Simulation& s, const kube::Gvr& gvr, const kube::ObjectKey& key, bool present) {
    kube::Object object = *s.host.find(gvr, key);
    kube::erase(object.document(), {"metadata", "labels"});
    if (present)
        object.metadata()["labels"] = kube::JsonObject{{"held", "yes"}};
    s.host.put(gvr, std::move(object));
}

// How RC b, which a policy of its own suspends as long as it or its namespace is labelled so, is released.
const std::vector<std::string> kReleases{"it is relabelled", "the namespace is relabelled"};

void hold(Simulation& s, const std::string& release) {
    putHeldLabel(s, rc("b").traits().gvr(), rc("b").key, true);
    putHeldLabel(s, {"", "v1", "namespaces"}, {{}, "shop"}, true);
    const bool byNamespace = release == kReleases[1];
    const std::string policy = R"({"priority":1,"suspend":true,"resourceSelectors":[
        {"kind":"ReplicationController","name":"b",")" +
                               std::string(byNamespace ? "namespaceSelector" : "labelSelector") +
                               R"(":{"matchLabels":{"held":"yes"}}}]})";
    if (byNamespace) {
        s.erasePolicy("b");  // it would win
        s.run(1s);
        putClusterPolicy(s, "b", policyFor("b", "m2", ""));
        s.run(1s);
        putClusterPolicy(s, "hold", policy);
    } else {
        s.putPolicy("hold", policy);
    }
    s.run(3s);
    SAME_TEXT(s.reason(rc("b"), "Scheduled"), "Suspended");
}

void endHold(Simulation& s, const std::string& release) {
    if (release == kReleases[0])
        putHeldLabel(s, rc("b").traits().gvr(), rc("b").key, false);
    else if (release == kReleases[1])
        putHeldLabel(s, {"", "v1", "namespaces"}, {{}, "shop"}, false);
    s.run(10s);
}

std::string holders(Simulation& s, const TemplateId& id) {
    std::string names;
    for (const auto& [name, member] : s.members.members)
        if (member->objects.contains(id))
            names += (names.empty() ? "" : " ") + name;
    return names;
}

std::string dataIn(Simulation& s, const std::string& cluster) {
    return std::string(
        kube::stringAt(s.member(cluster).objects.at(kShared).object.document(), {"data", "a"}));
}

// In its condition Scheduled.
std::string saidOf(Simulation& s, const TemplateId& id) {
    const auto found = s.placement(id);
    const fed::Condition* one =
        found ? fed::findCondition(found->status.conditions, fed::kScheduledCondition) : nullptr;
    return one == nullptr ? std::string() : one->message;
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

    void aServiceWithoutASelectorSaysWhyItIsNowhere() {
        Simulation s(8, 2);
        start(s);
        s.put({"", "v1", "Service"}, "shop", "external",
              kube::JsonObject{{"ports", kube::JsonArray{kube::JsonObject{{"port", 80}}}}});
        s.run(1s);
        SAME_TEXT(holders(s, service("external")), "");
        SAME_TEXT(saidOf(s, service("external")),
                  "it has no selector, so no pods say where it goes; name its kind in a policy");
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

    // "what stands in clusters stays as it is": that needs what it uses, whatever it says by now.
    void theyStayWithTheOneThatIsOptedOut_data() {
        QTest::addColumn<bool>("edited");
        QTest::addRow("annotated") << false;
        QTest::addRow("annotated and edited in one") << true;
    }
    void theyStayWithTheOneThatIsOptedOut() {
        QFETCH(bool, edited);
        Simulation s(4, 2);
        start(s);
        const auto before = s.uids();
        edit(s, rc("a"), [&](kube::Object& a) {
            a.setAnnotation(fed::kPropagateAnnotation, "false");
            if (edited)
                a.document()["spec"].as_object()["template"] = kube::JsonObject{};
        });
        s.run(3s);
        s.restart();
        s.run(120s);
        QVERIFY(s.uids() == before);
        // What they are is still told there.
        putShared(s, "2");
        s.run(3s);
        SAME_TEXT(dataIn(s, "m1"), "2");
        // Nothing else remembers it once it is gone.
        s.erase(rc("a"));
        s.run(3s);
        QVERIFY(s.host.find(rc("a").traits().gvr(), rc("a").key) == nullptr);
        s.restart();
        s.run(120s);
        QVERIFY(s.uids() == before);
        QCOMPARE(s.deletes(), 0);
    }

    void theyGoOnFollowingWhoIsNoLongerOptedOut() {
        Simulation s(5, 2);
        start(s);
        optOut(s, "a");
        s.run(3s);
        optOut(s, "a", "true");
        s.run(3s);
        s.erase(rc("a"));
        s.run(3s);
        SAME_TEXT(holders(s, rc("a")), "");
        SAME_TEXT(holders(s, kShared), "m2");
        SAME_TEXT(holders(s, service("both")), "m2");
    }

    void theyStayWithTheOneThatIsOrphaned() {
        for (unsigned seed = 10; seed < 30; ++seed) {
            Simulation s(seed, 2);
            start(s, R"(,"onDelete":"Orphan")");
            const auto before = s.uids();
            s.host.failing = 0.3;
            s.erase(rc("a"));
            if (seed % 2 == 0) {
                s.run(Duration{static_cast<int>(seed) - 8});
                s.restart();
            }
            s.run(60s);
            s.host.failing = 0;
            QVERIFY(s.host.find(rc("a").traits().gvr(), rc("a").key) == nullptr);
            s.restart();
            s.run(120s);
            QVERIFY(s.uids() == before);
            SAME_TEXT(saidOf(s, kShared),
                      "follows ReplicationController/b; stays where "
                      "ReplicationController/a was left behind");
            putShared(s, "2");
            s.run(3s);
            SAME_TEXT(dataIn(s, "m1"), "2");
            s.erase(kShared);
            s.erase(service("both"));
            s.run(120s);
            QVERIFY(s.uids() == before);
            QCOMPARE(s.deletes(), 0);
        }
    }

    // The same YAML again takes over what was left, and what is decided of it holds from then on.
    void whatWasLeftBehindIsForgottenWhenItComesBack() {
        Simulation s(6, 2);
        start(s, R"(,"onDelete":"Orphan")");
        const auto before = s.uids();
        s.erase(rc("a"));
        s.run(3s);
        putPolicy(s, "a", "m1");
        putUser(s, "a");
        s.run(60s);
        QVERIFY(s.uids() == before);
        SAME_TEXT(saidOf(s, kShared), "follows ReplicationController/a, ReplicationController/b");
        QVERIFY(s.placement(kShared)->spec.leftBehind.empty());
        s.erase(rc("a"));
        s.run(3s);
        SAME_TEXT(holders(s, kShared), "m2");
    }

    void whatWasLeftBehindEndsWithItsCluster() {
        Simulation s(7, 2);
        start(s, R"(,"onDelete":"Orphan")");
        s.erase(rc("a"));
        s.run(3s);
        QCOMPARE(s.placement(kShared)->spec.leftBehind.size(), std::size_t{1});
        s.leave("m1", "keep");
        QVERIFY(s.placement(kShared)->spec.leftBehind.empty());
        s.join("m1");
        s.run(60s);
        QCOMPARE(s.placement(kShared)->spec.clusters.size(), std::size_t{1});
        QCOMPARE(s.deletes(), 0);
    }

    void theyAreHeldWhereAllThatUsesThemIsSuspended() {
        Simulation s(40, 2);
        start(s);
        putPolicy(s, "b", "m2", R"(,"suspend":true)");
        s.run(1s);
        const int writes = s.member("m2").writes;
        putShared(s, "2");
        s.member("m2").drift(service("both"));
        s.run(10s);
        s.restart();
        s.run(60s);
        SAME_TEXT(dataIn(s, "m1"), "2");
        SAME_TEXT(dataIn(s, "m2"), "1");
        QCOMPARE(s.member("m2").writes, writes);
        SAME_TEXT(s.state(kShared, "m2")->reason, "Suspended");
        SAME_TEXT(s.reason(kShared, "Applied"), "Suspended");
        s.erase(kShared);
        s.run(10s);
        SAME_TEXT(holders(s, kShared), "m2");
        QVERIFY(s.host.find(kShared.traits().gvr(), kShared.key) != nullptr);
        putPolicy(s, "b", "m2");
        s.run(10s);
        SAME_TEXT(holders(s, kShared), "");
        QVERIFY(s.host.find(kShared.traits().gvr(), kShared.key) == nullptr);
        QVERIFY(s.member("m2").writes > writes);  // the Service is repaired
    }

    // Its template's edit waits, so what stands goes on using what that no longer names.
    void theyAreNotTakenFromWhatIsSuspended() {
        Simulation s(41, 2);
        start(s);
        const auto before = s.uids();
        putPolicy(s, "b", "m2", R"(,"suspend":true)");
        s.run(1s);
        putUser(s, "b", "other", "no");
        s.run(10s);
        s.restart();
        s.run(120s);
        QVERIFY(s.uids() == before);
        putPolicy(s, "b", "m2");
        s.run(10s);
        SAME_TEXT(holders(s, rc("b")), "m2");
        SAME_TEXT(holders(s, kShared), "m1");
        SAME_TEXT(holders(s, service("both")), "m1");
    }

    void whatIsHeldGoesOnOnceItsUserIsReleased_data() {
        QTest::addColumn<std::string>("release");
        for (const std::string& release : kReleases)
            QTest::addRow("%s", release.c_str()) << release;
    }
    void whatIsHeldGoesOnOnceItsUserIsReleased() {
        QFETCH(std::string, release);
        Simulation s(42, 2);
        start(s);
        hold(s, release);
        putShared(s, "2");
        s.member("m2").drift(rc("b"));
        s.erase(service("both"));
        s.run(10s);
        SAME_TEXT(dataIn(s, "m2"), "1");
        QVERIFY(s.member("m2").objects.at(rc("b")).stolen);
        SAME_TEXT(holders(s, service("both")), "m2");
        endHold(s, release);
        SAME_TEXT(dataIn(s, "m2"), "2");
        QVERIFY(!s.member("m2").objects.at(rc("b")).stolen);
        SAME_TEXT(holders(s, service("both")), "");
        QVERIFY(s.host.find(service("both").traits().gvr(), service("both").key) == nullptr);
    }

    // What a cluster refuses waits for its own time, however much goes on beside a suspended policy.
    void aSuspendedPolicyHastensNothing() {
        Simulation s(51, 2);
        start(s);
        putPolicy(s, "hold", "m2", R"(,"suspend":true)");
        s.member("m1").throttling = 1;
        putPolicy(s, "a", "m2");
        s.run(30s);
        QVERIFY(s.removing(kShared).starts_with("m1="));
        const int quiet = s.member("m1").requests;
        for (int i = 0; i < 150; ++i) {
            putUser(s, "b", "shared", i % 2 == 0 ? "no" : "yes");
            s.run(200ms);
        }
        const int busy = s.member("m1").requests - quiet;
        QVERIFY2(busy <= quiet, qPrintable(QString::number(busy)));
    }

    // `kubectl delete --cascade=orphan` leaves the Placement, which says for ever what is still to be
    // removed.
    void aPlacementWithoutItsTemplateHoldsNothing() {
        Simulation s(52, 2);
        start(s);
        putPolicy(s, "hold", "m2", R"(,"suspend":true)");
        putPolicy(s, "a", "m2");
        s.run(3s);
        QVERIFY(s.removing(kShared).starts_with("m1="));
        const kube::ObjectKey key = s.placement(kShared)->key;
        kube::Object placement = *s.host.find(fed::placements(), key);
        placement.metadata().erase("ownerReferences");
        s.host.put(fed::placements(), std::move(placement));
        s.erase(kShared);
        s.run(3s);
        QVERIFY(s.host.find(kShared.traits().gvr(), kShared.key) == nullptr);
        QVERIFY(s.host.find(fed::placements(), key) != nullptr);
        putUser(s, "b", "other", "no");
        s.run(3s);
        SAME_TEXT(holders(s, rc("b")), "m2");
    }

    // It needs them there as they are now.
    void whatIsHeldGoesOnForAnotherUser() {
        Simulation s(43, 2);
        start(s);
        hold(s, kReleases[0]);
        putShared(s, "2");
        s.erase(service("both"));
        s.run(10s);
        SAME_TEXT(dataIn(s, "m2"), "1");
        putPolicy(s, "c", "m2");
        putUser(s, "c");
        s.run(10s);
        SAME_TEXT(dataIn(s, "m2"), "2");
        SAME_TEXT(holders(s, service("both")), "");
    }

    void whatIsNoLongerUsedLeavesOnceItsUserIsReleased_data() {
        whatIsHeldGoesOnOnceItsUserIsReleased_data();
    }
    void whatIsNoLongerUsedLeavesOnceItsUserIsReleased() {
        QFETCH(std::string, release);
        Simulation s(44, 2);
        start(s);
        hold(s, release);
        putUser(s, "b", "other", "no");
        s.run(120s);
        SAME_TEXT(holders(s, kShared), "m1 m2");
        SAME_TEXT(holders(s, service("both")), "m1 m2");
        endHold(s, release);
        SAME_TEXT(holders(s, rc("b")), "m2");
        SAME_TEXT(holders(s, kShared), "m1");
        SAME_TEXT(holders(s, service("both")), "m1");
    }

    // Its removal from a cluster that was away is owed no more, so it stands there, too.
    void theyStayWhereItsRemovalIsNoLongerDone_data() {
        QTest::addColumn<std::string>("how");
        for (const char* how : {"opted out", "orphaned", "suspended"})
            QTest::addRow("%s", how) << std::string(how);
    }
    void theyStayWhereItsRemovalIsNoLongerDone() {
        QFETCH(std::string, how);
        Simulation s(45, 2);
        const std::string policy = how == "orphaned" ? R"(,"onDelete":"Orphan")" : "";
        start(s, policy);
        const auto before = s.uids();
        s.member("m1").down = true;
        s.run(40s);
        putPolicy(s, "a", "m2", policy);
        s.label("m1", "evict", true);
        s.run(3s);
        for (const TemplateId& id : {rc("a"), kShared, service("both")})
            QVERIFY2(s.removing(id).starts_with("m1="), id.text().c_str());
        if (how == "opted out")
            optOut(s, "a");
        else if (how == "orphaned")
            s.erase(rc("a"));
        else
            putPolicy(s, "a", "m2", R"(,"suspend":true)");
        s.run(3s);
        QCOMPARE(s.host.find(rc("a").traits().gvr(), rc("a").key) == nullptr, how == "orphaned");
        s.restart();
        s.run(3s);
        s.member("m1").down = false;
        s.run(120s);
        for (const auto& [what, uid] : before)
            QVERIFY2(s.uids()[what] == uid, what.c_str());
        QCOMPARE(s.deletes(), 0);
        if (how != "suspended")
            return;
        putPolicy(s, "a", "m2");
        s.run(10s);
        for (const TemplateId& id : {rc("a"), kShared, service("both")})
            SAME_TEXT(holders(s, id), "m2");
    }

    void theyAreNotMadeAnewWhereItsRemovalWasDone_data() {
        QTest::addColumn<int>("restartAfter");
        QTest::newRow("before that is certain") << 1;
        QTest::newRow("after") << 120;
    }
    void theyAreNotMadeAnewWhereItsRemovalWasDone() {
        QFETCH(int, restartAfter);
        Simulation s(46, 2);
        start(s);
        putPolicy(s, "a", "m2");
        s.run(3s);
        SAME_TEXT(holders(s, kShared), "m2");
        QVERIFY(s.removing(rc("a")).starts_with("m1="));
        optOut(s, "a");
        s.run(std::chrono::seconds(restartAfter));
        s.restart();
        s.run(120s);
        SAME_TEXT(holders(s, kShared), "m2");
        SAME_TEXT(holders(s, service("both")), "m2");
    }

    // What was done is no longer owed, or any outage would make it doubtful again.
    void whatWasRemovedOfAnOptedOutOneIsForgotten() {
        Simulation s(48, 2);
        start(s);
        putPolicy(s, "c", "m1");
        putUser(s, "c");
        putPolicy(s, "a", "m2");
        s.run(3s);
        QVERIFY(s.removing(rc("a")).starts_with("m1="));
        optOut(s, "a");
        s.run(120s);
        SAME_TEXT(s.removing(rc("a")), "");
        SAME_TEXT(s.reason(rc("a"), "Scheduled"), "NotPropagated");
        s.member("m1").down = true;
        s.run(40s);
        s.restart();
        s.run(120s);
        s.member("m1").down = false;
        s.run(20s);
        s.erase(rc("c"));
        s.run(10s);
        SAME_TEXT(holders(s, kShared), "m2");
        SAME_TEXT(holders(s, service("both")), "m2");
    }

    // Its removal goes on, so nothing keeps them there.
    void theyGoWithTheOneThatComesBackWhereItsRemovalIsOwed() {
        Simulation s(49, 2);
        start(s);
        s.member("m1").down = true;
        s.run(40s);
        putPolicy(s, "a", "m2");
        s.label("m1", "evict", true);
        s.run(3s);
        optOut(s, "a");
        s.run(3s);
        QVERIFY(!s.placement(kShared)->spec.leftBehind.empty());
        optOut(s, "a", "true");
        s.run(3s);
        QVERIFY(s.placement(kShared)->spec.leftBehind.empty());
        s.member("m1").down = false;
        s.run(120s);
        for (const TemplateId& id : {rc("a"), kShared, service("both")})
            SAME_TEXT(holders(s, id), "m2");
    }

    // A pod has a minute to end. Nothing stays behind for it, or is made anew.
    void theyDoNotStayForOneThatIsEnding() {
        Simulation s(50, 2);
        start(s);
        s.member("m1").objects.at(rc("a")).endsByHand = true;
        putPolicy(s, "a", "m2");
        s.run(3s);
        SAME_TEXT(holders(s, rc("a")), "m1 m2");
        SAME_TEXT(holders(s, kShared), "m2");
        optOut(s, "a");
        s.run(3s);
        s.member("m1").removeByHand(rc("a"));
        s.run(120s);
        SAME_TEXT(holders(s, rc("a")), "m2");
        SAME_TEXT(holders(s, kShared), "m2");
    }

    void veryManyAreOrphanedOneAfterTheOther() {
        Simulation s(47, 2);
        start(s);
        s.putPolicy("jobs", R"({"resourceSelectors":[{"kind":"ReplicationController"}],"onDelete":"Orphan",
            "replicas":{"perCluster":{"m1":{"min":1},"m2":{"max":0}}}})");
        for (int i = 0; i < 70; ++i) {
            const std::string name = "job-" + std::to_string(100 + i);
            putUser(s, name);
            s.run(1s);
            s.erase(rc(name));
            s.run(1s);
            QVERIFY2(s.host.find(rc(name).traits().gvr(), rc(name).key) == nullptr, name.c_str());
        }
        QCOMPARE(s.placement(kShared)->spec.leftBehind.size(), fed::kMaxNamedLeft + 1);
        s.erase(rc("a"));
        s.run(3s);
        s.restart();
        s.run(120s);
        SAME_TEXT(holders(s, kShared), "m1 m2");
        SAME_TEXT(holders(s, rc("job-169")), "m1");
        SAME_TEXT(holders(s, rc("a")), "");
    }
};

QTEST_GUILESS_MAIN(FollowingTest)
#include "following_test.moc"

// SPDX-License-Identifier: Apache-2.0
//
// What several use: a ConfigMap and a Service of two workloads that stand in a cluster each. Whatever becomes
// of one of the two, they stay where they are needed and go where they are not.
#include "kubefed/fed/following.h"

#include <QtTest/QTest>

#include "tests/unit/controller/following_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

void optOut(Simulation& s, const std::string& name, const char* propagate = "false") {
    edit(s, rc(name), [&](kube::Object& it) { it.setAnnotation(fed::kPropagateAnnotation, propagate); });
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

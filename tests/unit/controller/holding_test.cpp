// SPDX-License-Identifier: Apache-2.0
//
// What several use, where a suspended policy holds one of its users: it is held with it, and goes on when the
// hold ends, however that comes.
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "tests/unit/controller/following_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

void putClusterPolicy(Simulation& s, const std::string& name, const std::string& spec) {
    kube::Object object = fed::makeDefaultPolicy();
    object.metadata()["name"] = name;
    object.document()["spec"] = kube::parseJson(spec).value();
    s.host.put(fed::clusterPlacementPolicies(), std::move(object));
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

}  // namespace

class HoldingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
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
};

QTEST_GUILESS_MAIN(HoldingTest)
#include "holding_test.moc"

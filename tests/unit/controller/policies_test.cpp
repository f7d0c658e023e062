// SPDX-License-Identifier: Apache-2.0
//
// What policies say beside where things go, in virtual time: what becomes of objects when their template is
// deleted, suspension, policies that cannot be used.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOrphan =
    R"({"resourceSelectors":[{"kind":"ReplicationController"}],"onDelete":"Orphan"})";

constexpr std::string_view kNoValues =
    R"({"resourceSelectors":[{"kind":"ReplicationController",
        "labelSelector":{"matchExpressions":[{"key":"app","operator":"In"}]}}]})";

}  // namespace

class PoliciesTest : public QObject {
    Q_OBJECT

    static bool exists(Simulation& s, const TemplateId& id) {
        return s.host.find(id.traits().gvr(), id.key) != nullptr;
    }

    static fed::Condition acceptance(Simulation& s, const std::string& name) {
        const fed::Policy policy =
            fed::Policy::read(*s.host.find(fed::placementPolicies(), {"shop", name})).value();
        const fed::Condition* accepted = fed::findCondition(policy.conditions, fed::kAcceptedCondition);
        return accepted == nullptr ? fed::Condition{} : *accepted;
    }

private Q_SLOTS:
    void orphanedObjectsStay() {
        Simulation s(1);
        s.putPolicy("web", kOrphan);
        s.start();
        s.putRc("web", 6);
        s.putService("web", "web");
        s.run(2s);
        const auto before = s.uids();
        s.erase(rc("web"));
        s.run(2s);
        s.erase(service("web"));  // it followed what is left behind
        s.run(2s);
        QVERIFY(!exists(s, rc("web")));
        QVERIFY(!exists(s, service("web")));
        QVERIFY(!s.placement(rc("web")));
        s.restart();
        s.run(120s);
        QVERIFY(s.uids() == before);
        QCOMPARE(s.deletes(), 0);
        // The same YAML takes them over again.
        s.putRc("web", 6);
        s.run(60s);
        QVERIFY(s.uids() == before);
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Applied");
    }

    // kubectl delete -f dir/ deletes the policy before the workload.
    void orphanOutlivesItsPolicy() {
        Simulation s(2);
        s.putPolicy("web", kOrphan);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto before = s.uids();
        s.erasePolicy("web");
        s.run(1s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "NoPolicy");
        s.restart();
        s.run(1s);
        s.erase(rc("web"));
        s.run(10s);
        QVERIFY(!exists(s, rc("web")));
        QVERIFY(s.uids() == before);
        QCOMPARE(s.deletes(), 0);
    }

    void orphanCountsAlthoughNothingCanBeDecided() {
        Simulation s(3);
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}]})");
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.policies.broken = true;
        s.putPolicy("web", kOrphan);
        s.run(2s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "PolicyError");
        s.erase(rc("web"));
        s.run(10s);
        QVERIFY(!exists(s, rc("web")));
        QCOMPARE(s.holders(rc("web")), 3);
        QCOMPARE(s.deletes(), 0);
    }

    void withoutOrphanTheyGo() {
        Simulation s(4);
        s.putPolicy("web", kOrphan);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}],"onDelete":"Delete"})");
        s.run(1s);
        s.erase(rc("web"));
        s.run(10s);
        QVERIFY(!exists(s, rc("web")));
        QCOMPARE(s.holders(rc("web")), 0);
    }

    void aPolicyThatSuspendsStopsWritesToMembersAtOnce() {
        Simulation s(5);
        s.start();
        s.putRc("web", 6);
        s.putRc("gone", 3);
        s.run(2s);
        const int writes = s.memberWrites();
        s.putPolicy("pause", R"({"resourceSelectors":[{"kind":"ReplicationController"}],"suspend":true})");
        s.run(1s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "Suspended");
        s.putRc("web", 9);
        s.member("m1").drift(rc("web"));
        s.member("m2").removeByHand(rc("web"));
        s.erase(rc("gone"));
        s.run(30s);
        s.restart();  // nothing of it is remembered only in memory
        s.run(30s);
        QCOMPARE(s.memberWrites(), writes);
        QCOMPARE(s.deletes(), 0);
        QCOMPARE(s.holders(rc("web")), 2);
        QCOMPARE(s.holders(rc("gone")), 3);
        QVERIFY(exists(s, rc("gone")));
        s.erasePolicy("pause");
        s.run(5s);
        QCOMPARE(s.replicasOf(rc("web")), 9);
        QCOMPARE(s.holders(rc("web")), 3);
        QVERIFY(!exists(s, rc("gone")));
        QCOMPARE(s.holders(rc("gone")), 0);
    }

    void suspensionIsToldPerCluster() {
        Simulation s(21);
        s.start();
        s.putRc("web", 6);
        s.putRc("gone", 3);
        s.run(2s);
        s.putPolicy("pause", R"({"resourceSelectors":[{"kind":"ReplicationController"}],"suspend":true})");
        s.run(1s);
        s.member("m2").removeByHand(rc("web"));
        s.erase(rc("gone"));
        s.run(5s);
        SAME_TEXT(s.state(rc("web"), "m2")->reason, "Suspended");
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Suspended");
        QVERIFY(s.state(rc("web"), "m1")->state == fed::ObjectState::Synced);
        s.putRc("web", 9);
        s.run(1s);
        const std::string asked =
            fed::findCondition(s.placement(rc("web"))->status.conditions, "Scheduled")->message;
        QVERIFY2(asked.find("asks for 9 replicas by now, 6 were decided") != std::string::npos,
                 asked.c_str());
        SAME_TEXT(s.state(rc("gone"), "m1")->reason, "Suspended");
        QVERIFY(s.state(rc("gone"), "m1")->state == fed::ObjectState::Pending);
        SAME_TEXT(s.reason(rc("gone"), "Applied"), "Suspended");
        s.erasePolicy("pause");
        s.run(5s);
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Applied");
    }

    void whatIsNoLongerPropagatedSaysSo() {
        Simulation s(22);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        kube::Object out = *s.host.find(rc("web").traits().gvr(), rc("web").key);
        out.setAnnotation("kubefed.io/propagate", "false");
        s.host.put(rc("web").traits().gvr(), out);
        s.run(3s);
        for (int i = 0; i < 2; ++i) {
            SAME_TEXT(s.reason(rc("web"), "Scheduled"), "NotPropagated");
            SAME_TEXT(s.reason(rc("web"), "Applied"), "NotPropagated");
            SAME_TEXT(s.state(rc("web"), "m1")->reason, "NotPropagated");
            QCOMPARE(s.holders(rc("web")), 3);
            s.restart();
            s.run(5s);
        }
    }

    void aLimitForEveryClusterAtOnceIsRefused() {
        Simulation s(23);
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}],
                              "replicas":{"perCluster":{"*":{"max":1}}}})");
        s.start();
        s.run(2s);
        QVERIFY(!acceptance(s, "web").isTrue());
        QVERIFY(acceptance(s, "web").message.find("by its name") != std::string::npos);
    }

    // The schema lets `In` without values pass. What such a policy was meant for is not given to another one.
    void aPolicyThatCannotBeUsedStillSelectsItsObjects() {
        Simulation s(6);
        s.start();
        s.putRc("old", 3);
        s.run(2s);
        s.putPolicy("web", kNoValues);
        s.run(1s);
        s.putRc("web", 6);
        s.run(2s);
        const auto refused = [&] {
            SAME_TEXT(s.reason(rc("web"), "Scheduled"), "PolicyError");
            SAME_TEXT(s.reason(rc("old"), "Scheduled"), "PolicyError");
            QCOMPARE(s.holders(rc("web")), 0);
            QCOMPARE(s.holders(rc("old")), 3);
            const fed::Condition accepted = acceptance(s, "web");
            SAME_TEXT(accepted.status, "False");
            SAME_TEXT(accepted.reason, "Invalid");
            QVERIFY(accepted.message.find("labelSelector") != std::string::npos);
        };
        refused();
        s.restart();
        s.run(60s);
        refused();
        s.host.writes.clear();
        s.run(180s);
        for (const auto& [what, count] : s.host.writes)
            SAME_TEXT(what, "memberclusters/status");
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}]})");
        s.run(2s);
        SAME_TEXT(acceptance(s, "web").status, "True");
        QCOMPARE(acceptance(s, "web").observedGeneration, 2);
        QCOMPARE(s.holders(rc("web")), 3);
        QCOMPARE(s.deletes(), 0);
    }

    // Nor is its verdict waited for while a plugin does not come back.
    void aPolicyThatCannotBeUsedNeedsNoPlanner() {
        Simulation s(8);
        s.start();
        s.run(2s);
        s.planner.hang("policy plugin \"tar\" did not come back from filter");
        s.putPolicy("web", kNoValues);
        s.run(1s);
        s.putRc("web", 6);
        s.run(2s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "PolicyError");
        QCOMPARE(s.planner.jobs(), std::size_t{0});
    }

    void aPolicyThatIsEditedIntoAnInvalidOneFreezesItsObjects() {
        Simulation s(7);
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}]})");
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto before = s.uids();
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}],
            "replicas":{"perCluster":{"m1":{"min":3,"max":2}}}})");
        s.run(1s);
        s.restart();
        s.putRc("web", 9);
        s.run(5s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "PolicyError");
        QCOMPARE(s.replicasOf(rc("web")), 6);
        QVERIFY(s.uids() == before);
    }
};

QTEST_GUILESS_MAIN(PoliciesTest)
#include "policies_test.moc"

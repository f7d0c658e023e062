// SPDX-License-Identifier: Apache-2.0
//
// Members that answer, but not with everything, in virtual time: what cannot be listed or identified there
// stops nothing elsewhere, and is told.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class MembersTest : public QObject {
    Q_OBJECT

    static std::string readyReason(Simulation& s, const std::string& name) {
        const auto member =
            fed::MemberCluster::decode(*s.host.find(fed::memberClusters(), {{}, name})).value();
        const fed::Condition* ready = fed::findCondition(member.status.conditions, fed::kReadyCondition);
        return ready == nullptr ? std::string() : ready->reason;
    }

private Q_SLOTS:
    void aKindThatCannotBeListedIsNotWaitedForForEver() {
        Simulation s(1);
        s.member("m2").listErrors["replicationcontrollers"] = 500;
        s.start();
        s.run(1s);
        s.put({"", "v1", "Pod"}, "shop", "one");
        s.putRc("web", 6);
        s.run(1s);
        QCOMPARE(s.holders(pod("one")), 1);  // pods are listed everywhere
        QCOMPARE(s.holders(rc("web")), 0);
        s.run(3s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "WaitingForMembers");
        s.run(8s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "Scheduled");
        QCOMPARE(s.holders(rc("web")), 2);
        SAME_TEXT(s.state(rc("web"), "m2")->reason, "TypeUnavailable");
        SAME_TEXT(s.state(rc("web"), "m2")->message, "replicationcontrollers: HTTP 500");
        SAME_TEXT(s.phase("m2"), "Degraded");
        s.putRc("more", 3);
        s.run(1s);
        QCOMPARE(s.holders(rc("more")), 2);
        s.host.writes.clear();
        s.run(180s);
        for (const auto& [what, count] : s.host.writes)
            SAME_TEXT(what, "memberclusters/status");
        s.member("m2").listErrors.clear();
        s.member("m2").relist();
        s.run(5s);
        QCOMPARE(s.holders(rc("web")), 3);
        SAME_TEXT(s.phase("m2"), "Ready");
    }

    void aMemberThatDoesNotSayWhoItIsGetsNothingAndStopsNothing() {
        Simulation s(2);
        s.member("m2").identityError = 403;
        s.start();
        s.run(1s);
        s.putRc("web", 6);
        s.run(12s);
        QCOMPARE(s.holders(rc("web")), 2);
        QCOMPARE(s.replicasOf(rc("web")), 6);
        SAME_TEXT(s.phase("m2"), "Unauthorized");
        SAME_TEXT(readyReason(s, "m2"), "NotIdentified");
        s.member("m2").identityError = 0;
        s.run(12s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.putRc("more", 3);
        s.run(1s);
        QCOMPARE(s.holders(rc("more")), 3);
    }

    void podsThatFailMakeTheirClusterDegraded() {
        Simulation s(7);
        s.start();
        s.putRc("web", 6);
        s.putRc("api", 6);
        s.run(70s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.member("m2").podsFail(rc("web"), {{"ImagePullBackOff", 2}});
        s.member("m2").podsFail(rc("api"), {{"ImagePullBackOff", 2}, {"Error", 1}});
        s.member("m2").podsFail(rc("foreign"), {{"Error", 9}});
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Degraded");
        const auto cluster =
            fed::MemberCluster::decode(*s.host.find(fed::memberClusters(), {{}, "m2"})).value();
        SAME_TEXT(fed::findCondition(cluster.status.conditions, fed::kReadyCondition)->message,
                  "2 objects fail: ImagePullBackOff ×2");
        // Nothing moves because of it, and at rest only the last contacts are written, once a minute.
        QCOMPARE(s.replicasOf(rc("web")), 6);
        s.run(120s);
        s.host.writes.clear();
        s.run(59s);
        int writes = 0;
        for (const auto& [what, count] : s.host.writes)
            writes += count;
        QVERIFY2(writes <= 3, std::to_string(writes).c_str());
        s.member("m2").podsFail(rc("web"), {});
        s.member("m2").podsFail(rc("api"), {});
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Ready");
    }

    void podsThatHealWhileNobodyCanSeeThem() {
        Simulation s(8);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m2").podsFail(rc("web"), {{"Unschedulable", 1}});
        s.run(70s);
        SAME_TEXT(s.phase("m2"), "Degraded");
        SAME_TEXT(s.state(rc("web"), "m2")->message, "Unschedulable ×1");
        s.member("m2").down = true;
        s.run(40s);
        s.member("m2").podReasons.clear();
        s.member("m2").down = false;
        s.run(70s);
        SAME_TEXT(s.phase("m2"), "Ready");
        SAME_TEXT(s.state(rc("web"), "m2")->message, "");
    }

    void namespacesThatMayNotBeListedAreToldAtOnce() {
        Simulation s(3);
        s.start();
        s.run(2s);
        s.member("m2").listErrors["namespaces"] = 403;
        s.restart();
        s.run(1s);
        s.putRc("web", 6);
        s.run(1s);
        QCOMPARE(s.holders(rc("web")), 2);  // nothing may be concluded in m2
        SAME_TEXT(s.state(rc("web"), "m2")->reason, "TypeUnavailable");
        SAME_TEXT(s.state(rc("web"), "m2")->message, "namespaces: HTTP 403");
        SAME_TEXT(s.phase("m2"), "Degraded");
        s.member("m2").listErrors.clear();
        s.member("m2").relist();
        s.run(2s);
        QCOMPARE(s.holders(rc("web")), 3);
    }

    void aMemberThatIsFrozenWhenTheControllerStartsIsNotWaitedForLong() {
        Simulation s(4);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m2").frozen = true;
        s.restart();
        s.run(1s);
        s.putRc("new", 4);
        s.run(11s);
        SAME_TEXT(s.phase("m2"), "Degraded");  // by its probes it is not Unreachable before 33 s
        QVERIFY(s.member("m1").objects.contains(rc("new")));
        QVERIFY(s.member("m3").objects.contains(rc("new")));
        s.member("m2").frozen = false;
        s.member("m2").relist();
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Ready");
        QCOMPARE(s.deletes(), 0);
    }

    void aTypeThatOneMemberDoesNotServeFailsOnlyThere() {
        Simulation s(5);
        s.member("m2").listErrors["replicationcontrollers"] = 404;
        s.start();
        s.putRc("web", 6);
        s.putService("web", "web");
        s.run(3s);
        QCOMPARE(s.holders(rc("web")), 2);
        QCOMPARE(s.holders(Simulation::id("Service", "web")), 3);
        SAME_TEXT(fed::toString(s.state(rc("web"), "m2")->state).data(), "Failed");
        SAME_TEXT(s.state(rc("web"), "m2")->reason, "TypeUnavailable");
        SAME_TEXT(s.reason(rc("web"), "Applied"), "TypeUnavailable");
        SAME_TEXT(s.phase("m2"), "Degraded");
        SAME_TEXT(s.phase("m1"), "Ready");
    }

    void aMemberWhoseStorageWentBackGetsAgainWhatItLost() {
        Simulation s(6);
        s.start();
        s.putRc("before", 6);
        s.run(2s);
        FakeMember backup("m1", s.clock, s.random);
        backup.continueFrom(s.member("m1"));
        s.putRc("before", 9);
        s.putRc("after", 3);
        s.run(2s);
        s.member("m1").continueFrom(backup);
        s.member("m1").relist();
        s.run(2s);
        QCOMPARE(s.holders(rc("after")), 3);
        QCOMPARE(s.replicasOf(rc("before")), 9);
        QCOMPARE(s.deletes(), 0);
        SAME_TEXT(s.member("m1").violation, "");
    }
};

QTEST_GUILESS_MAIN(MembersTest)
#include "members_test.moc"

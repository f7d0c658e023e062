// SPDX-License-Identifier: Apache-2.0
//
// What MemberCluster.status tells of a member's credentials, how each member is probed as it says, and how
// another cluster takes a member's name.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class MembershipTest : public QObject {
    Q_OBJECT

    std::string expiry(Simulation& s) {
        return std::string(kube::stringAt(s.host.find(fed::memberClusters(), {{}, "m1"})->document(),
                                          {"status", "credentialsExpireAt"}));
    }
    static std::string readyMessage(Simulation& s, const std::string& name) {
        const auto member =
            fed::MemberCluster::decode(*s.host.find(fed::memberClusters(), {{}, name})).value();
        const fed::Condition* ready = fed::findCondition(member.status.conditions, fed::kReadyCondition);
        return ready == nullptr ? std::string() : ready->message;
    }
    void setExpiry(Simulation& s, const char* time) {
        const kube::Gvr secrets{"", "v1", "secrets"};
        kube::Object secret = *s.host.find(secrets, {std::string(fed::kSystemNamespace), "m1-token"});
        secret.setAnnotation(fed::kTokenExpiryAnnotation, time);
        s.host.put(secrets, std::move(secret));
        s.run(3s);
    }

    // As `kubefed join --replace` does: a new token, and the uid in the MemberCluster.
    static void replace(Simulation& s, const std::string& name, const std::string& uid) {
        const kube::Gvr secrets{"", "v1", "secrets"};
        kube::Object secret = *s.host.find(secrets, {std::string(fed::kSystemNamespace), name + "-token"});
        secret.document()["data"] = kube::JsonObject{{"token", "b3RoZXI="}};
        s.host.put(secrets, std::move(secret));
        kube::Object cluster = *s.host.find(fed::memberClusters(), {{}, name});
        cluster.setAnnotation(fed::kConfirmUidAnnotation, uid);
        s.host.put(fed::memberClusters(), std::move(cluster));
    }

private Q_SLOTS:
    void theEndOfTheCredentialsIsTold() {
        Simulation s(64);
        s.start();
        s.run(3s);
        SAME_TEXT(expiry(s), "");
        setExpiry(s, "2026-12-22T10:00:00Z");
        SAME_TEXT(expiry(s), "2026-12-22T10:00:00Z");
        setExpiry(s, "some day");
        SAME_TEXT(expiry(s), "");
    }

    void whatTheOldClusterHeldIsMadeInTheNewOne() {
        Simulation s(65);
        s.start();
        for (int i = 0; i < 5; ++i)
            s.putRc("web" + std::to_string(i), 6);
        s.putService("web0", "web0");
        s.run(5s);
        FakeMember& m1 = s.member("m1");
        m1.down = true;
        s.run(40s);
        m1.setUpAnew("another");
        m1.down = false;
        s.run(30s);
        QVERIFY(m1.objects.empty());
        const int deletes = s.deletes();
        replace(s, "m1", "another");
        s.run(5s);
        for (int i = 0; i < 5; ++i)
            QVERIFY(m1.objects.contains(Simulation::id("ReplicationController", "web" + std::to_string(i))));
        QVERIFY(m1.objects.contains(Simulation::id("Service", "web0")));
        QCOMPARE(s.deletes(), deletes);
        SAME_TEXT(m1.violation, "");
        SAME_TEXT(std::string(kube::stringAt(s.host.find(fed::memberClusters(), {{}, "m1"})->document(),
                                             {"status", "clusterUID"})),
                  "another");
    }

    void eachMemberHasItsOwnThreshold() {
        Simulation s(66);
        s.setHealthCheck("m2", "failureThreshold", 5);
        s.start();
        s.putRc("web", 6);
        s.run(5s);
        // Probed at 0 s, 10 s and so on.
        s.member("m1").down = s.member("m2").down = true;
        s.run(26s);
        SAME_TEXT(s.phase("m1"), "Unreachable");
        s.run(10s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.run(10s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        SAME_TEXT(readyMessage(s, "m2"), "no answer (5 of 5 probes)");
        SAME_TEXT(readyMessage(s, "m1"), "no answer (3 of 3 probes)");
        // Of what is there the Placement tells the same.
        for (const auto& [cluster, message] :
             {std::pair{"m1", "no answer (3 of 3 probes)"}, {"m2", "no answer (5 of 5 probes)"}}) {
            const auto clusters = s.placement(rc("web"))->status.clusters;
            const auto told = std::ranges::find(clusters, cluster, &fed::ClusterObjectStatus::name);
            QVERIFY(told != clusters.end());
            SAME_TEXT(told->message, message);
        }
    }

    // Nothing is written before it is known who answers, and that question may be lost as well.
    void aPatientProbeDoesNotHoldUpWrites() {
        Simulation s(65);
        s.setHealthCheck("m2", "timeoutSeconds", 120);
        s.start();
        s.putRc("web", 6);
        s.run(9s);
        s.member("m2").frozen = true;
        s.run(122s);  // the probe at 10 s, and the question that followed it
        s.member("m2").frozen = false;
        SAME_TEXT(s.phase("m2"), "Ready");
        s.putRc("web", 9);
        s.run(12s);
        QCOMPARE(s.replicasOf(rc("web")), 9);
    }

    void anEditedHealthCheckCountsAtOnceAndForgetsNothing() {
        Simulation s(67);
        s.setHealthCheck("m2", "failureThreshold", 5);
        s.start();
        s.run(5s);
        s.member("m2").down = true;
        s.run(26s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.setHealthCheck("m2", "failureThreshold", 1);
        s.run(1s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        SAME_TEXT(readyMessage(s, "m2"), "no answer (1 of 1 probes)");
        // More of them would be needed now: not to come back, and not to be told again that it is lost.
        s.setHealthCheck("m2", "failureThreshold", 4);
        s.setHealthCheck("m2", "successThreshold", 2);
        s.run(1s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        s.member("m2").down = false;
        s.run(8s);  // one probe
        SAME_TEXT(s.phase("m2"), "Unreachable");
        s.putRc("web", 6);
        s.run(1s);
        QVERIFY(!s.member("m2").objects.contains(rc("web")));
        s.setHealthCheck("m2", "successThreshold", 1);
        s.run(1s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.putRc("more", 6);
        s.run(1s);
        QVERIFY(s.member("m2").objects.contains(rc("more")));
    }

    void aMemberIsProbedInItsOwnPeriod() {
        Simulation s(68);
        s.setHealthCheck("m2", "periodSeconds", 60);
        s.setHealthCheck("m3", "periodSeconds", 2);
        s.start();
        s.run(5s);
        for (const char* name : {"m1", "m2", "m3"})
            s.member(name).down = true;
        s.run(6s);
        SAME_TEXT(s.phase("m3"), "Unreachable");
        s.run(20s);
        SAME_TEXT(s.phase("m1"), "Unreachable");
        s.run(148s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.run(3s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        // The last probe was two seconds ago: in a shorter period the next one is due after three more.
        s.member("m2").down = false;
        s.setHealthCheck("m2", "periodSeconds", 5);
        s.run(2s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        s.run(2s);
        SAME_TEXT(s.phase("m2"), "Ready");
        // In one that is over already, at once; and from then on in it.
        s.setHealthCheck("m2", "periodSeconds", 3600);
        s.run(600s);
        s.member("m2").down = true;
        s.setHealthCheck("m2", "periodSeconds", 100);
        s.run(101s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.run(101s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
    }

    void aFrozenMemberIsGivenItsOwnTime() {
        Simulation s(69);
        s.setHealthCheck("m2", "timeoutSeconds", 9);
        s.start();
        s.run(5s);
        s.member("m1").frozen = s.member("m2").frozen = true;
        s.run(29s);
        SAME_TEXT(s.phase("m1"), "Unreachable");
        SAME_TEXT(s.phase("m2"), "Ready");
        s.run(6s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
    }

    void anotherClusterUnderTheNameIsNotWrittenTo() {
        Simulation s(14);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        FakeMember& m1 = s.member("m1");
        m1.down = true;
        s.run(12s);
        m1.objects.clear();
        m1.clusterUid = "somebody-else";
        m1.down = false;
        const int writes = m1.writes;
        s.run(60s);
        QCOMPARE(m1.writes, writes);
        kube::Object cluster = *s.host.find(fed::memberClusters(), {{}, "m1"});
        cluster.setAnnotation(fed::kConfirmUidAnnotation, "somebody-else");
        s.host.put(fed::memberClusters(), cluster);
        m1.relist();
        s.run(30s);
        QVERIFY(m1.objects.contains(rc("web")));
    }
};

QTEST_GUILESS_MAIN(MembershipTest)
#include "membership_test.moc"

// SPDX-License-Identifier: Apache-2.0
//
// What MemberCluster.status tells of a member's credentials, and how another cluster takes a member's name.
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

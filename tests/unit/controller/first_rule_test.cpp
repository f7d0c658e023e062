// SPDX-License-Identifier: Apache-2.0
//
// Losing something never deletes anything, and what is to be deleted is: clusters that leave and come back,
// removals that a decision owes, over restarts and absences.
#include <QtTest/QTest>

#include "kubefed/fed/leaving.h"
#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class FirstRuleTest : public QObject {
    Q_OBJECT

    static void setRemoving(Simulation& s, const TemplateId& id, const char* text) {
        kube::Object placement =
            *s.host.find(fed::placements(), fed::placementKey(id.traits().gvk(), id.key));
        placement.setAnnotation(kRemovingAnnotation, text);
        s.host.put(fed::placements(), std::move(placement));
    }

private Q_SLOTS:
    void whatWasKeptAtUnjoinIsThereAfterJoiningAgain_data() {
        QTest::addColumn<QString>("objects");
        QTest::addRow("unjoin --objects=keep") << "keep";
        QTest::addRow("kubectl delete mc") << "";
    }
    void whatWasKeptAtUnjoinIsThereAfterJoiningAgain() {
        QFETCH(QString, objects);
        Simulation s(1);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto before = s.uids();
        s.leave("m1", objects.toUtf8().constData());
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m1"}) == nullptr);
        QCOMPARE(s.placement(rc("web"))->spec.clusters.size(), std::size_t{2});
        SAME_TEXT(s.removing(rc("web")), "");
        QVERIFY(!s.state(rc("web"), "m1"));  // it left; nobody waits for it
        s.join("m1");
        s.run(10s);
        SAME_TEXT(s.phase("m1"), "Ready");
        s.restart();
        s.run(120s);
        QCOMPARE(s.deletes(), 0);
        QVERIFY(s.uids() == before);
    }

    // A cluster that a decision has dropped, but that leaves before the object is removed: what is there then
    // is kept, also when it joins again.
    void whatWasOwedToAClusterThatLeftIsForgiven() {
        Simulation s(2);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m1").down = true;
        s.run(40s);
        s.label("m1", "evict", true);
        s.run(2s);
        QVERIFY(s.removing(rc("web")).starts_with("m1="));
        s.leave("m1", "keep");
        SAME_TEXT(s.removing(rc("web")), "");
        s.member("m1").down = false;
        s.join("m1");
        s.run(60s);
        QVERIFY(s.member("m1").objects.contains(rc("web")));
        QCOMPARE(s.deletes(), 0);
    }

    void whatAnUnreachableClusterOwesIsRemovedWhenItReturns() {
        Simulation s(3);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m2").down = true;
        s.run(40s);
        s.label("m2", "evict", true);
        s.run(2s);
        QCOMPARE(s.placement(rc("web"))->spec.clusters.size(), std::size_t{2});
        SAME_TEXT(s.state(rc("web"), "m2")->reason, "MemberUnreachable");
        s.run(120s);
        s.restart();
        s.run(120s);
        QVERIFY(s.member("m2").objects.contains(rc("web")));
        s.member("m2").down = false;
        s.run(15s);
        QVERIFY(!s.member("m2").objects.contains(rc("web")));
        QCOMPARE(s.replicasOf(rc("web")), 6);
        QVERIFY(s.removing(rc("web")).starts_with("m2="));  // a create could still be on its way
        s.run(120s);
        SAME_TEXT(s.removing(rc("web")), "");
        // Nothing is owed any more: what somebody puts back there is not ours to remove.
        s.host.writes.clear();
        s.run(180s);
        for (const auto& [what, count] : s.host.writes)
            SAME_TEXT(what, "memberclusters/status");
    }

    void namesThatAnEarlierVersionNotedMeanWhoIsThere() {
        Simulation s(4);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.label("m2", "evict", true);
        s.member("m2").down = true;
        s.run(2s);
        s.leave("m1", "keep");
        s.controller.reset();
        setRemoving(s, rc("web"), "m1,m2");
        s.start();
        s.run(2s);
        QVERIFY(s.removing(rc("web")).starts_with("m2="));
        s.member("m2").down = false;
        s.member("m2").relist();
        s.join("m1");
        s.run(30s);
        QVERIFY(!s.member("m2").objects.contains(rc("web")));
        QVERIFY(s.member("m1").objects.contains(rc("web")));
        QCOMPARE(s.member("m1").deletes, 0);
    }

    void leavingKeepsOrDeletesAsAsked() {
        Simulation s(13);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.leave("m1", "keep");
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m1"}) == nullptr);
        QVERIFY(s.member("m1").objects.contains(rc("web")));
        s.leave("m2", "delete");
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m2"}) == nullptr);
        QVERIFY(!s.member("m2").objects.contains(rc("web")));
        s.member("m3").down = true;
        s.run(40s);
        s.leave("m3", "delete");
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m3"}) != nullptr);
        kube::Object forced = *s.host.find(fed::memberClusters(), {{}, "m3"});
        forced.setAnnotation(fed::kUnjoinForceAnnotation, "true");
        forced.setAnnotation(fed::kUnjoinTimeAnnotation, toRfc3339(s.clock.wallNow()));
        s.host.put(fed::memberClusters(), forced);
        s.run(2s);
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m3"}) == nullptr);
    }

    // Its unjoin was interrupted before the deletion, and never taken back.
    void anOrderWithoutItsDeletionEmptiesNoClusterLater() {
        Simulation s(15);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        for (const char* name : {"m1", "m2"}) {
            kube::Object cluster = *s.host.find(fed::memberClusters(), {{}, name});
            cluster.setAnnotation(fed::kUnjoinObjectsAnnotation, "delete");
            cluster.setAnnotation(fed::kUnjoinForceAnnotation, "true");
            cluster.setAnnotation(fed::kUnjoinTimeAnnotation, toRfc3339(s.clock.wallNow()));
            s.host.put(fed::memberClusters(), cluster);
        }
        s.run(59s);
        s.host.erase(fed::memberClusters(), {{}, "m1"});
        s.run(5s);
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m1"}) == nullptr);
        QVERIFY(!s.member("m1").objects.contains(rc("web")));
        s.run(5s);
        s.host.erase(fed::memberClusters(), {{}, "m2"});
        s.run(5s);
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m2"}) == nullptr);
        QVERIFY(s.member("m2").objects.contains(rc("web")));
    }
};

QTEST_GUILESS_MAIN(FirstRuleTest)
#include "first_rule_test.moc"

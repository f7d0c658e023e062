// SPDX-License-Identifier: Apache-2.0
//
// First decisions, in virtual time: how they are explained, and what is taken over when a store was lost and
// clusters, templates and policies come back in any order.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class DecisionsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theFirstDecisionIsExplainedAsItWasMade() {
        Simulation s(1);
        s.start();
        s.run(1s);
        s.putRc("web", 6);
        s.run(2s);
        auto explanation = s.placement(rc("web"))->status.explanation;
        QVERIFY(explanation);
        SAME_TEXT(explanation->because, "it is new");
        QCOMPARE(explanation->clusters.size(), std::size_t{3});
        for (const auto& winner : explanation->clusters)
            SAME_TEXT(winner.verdict, "chosen: evenly");
        const std::string decidedAt = explanation->decidedAt;
        s.run(60s);
        s.restart();
        s.run(10s);
        SAME_TEXT(s.placement(rc("web"))->status.explanation->decidedAt, decidedAt);
        s.putRc("web", 9);
        s.run(2s);
        explanation = s.placement(rc("web"))->status.explanation;
        SAME_TEXT(explanation->because, "spec.replicas changed from 6 to 9");
        for (const auto& winner : explanation->clusters)
            SAME_TEXT(winner.verdict, "chosen: evenly");
    }

    // The decision is durable before its explanation is: a controller that ends between the two must not
    // leave the words of the decision before.
    void anExplanationOfAnEarlierDecisionIsNotKept() {
        Simulation s(4);
        s.start();
        s.putRc("web", 6);
        s.run(3s);
        s.putRc("web", 9);
        const auto decided = [&] { return s.placement(rc("web"))->spec.replicas == 9; };
        for (int i = 0; i < 1000 && !decided(); ++i)
            s.run(Duration{1});
        QVERIFY(decided());
        SAME_TEXT(s.placement(rc("web"))->status.explanation->because, "it is new");
        s.restart();
        s.run(10s);
        const auto placement = s.placement(rc("web"));
        QVERIFY(fed::isOf(*placement->status.explanation, placement->spec));
        QVERIFY(placement->status.explanation->because.starts_with("explained later"));
        const std::string version = placement->resourceVersion;
        s.restart();
        s.run(10s);
        SAME_TEXT(s.placement(rc("web"))->resourceVersion, version);
    }

    // Looks that change nothing make no reasons, but the message has one.
    void whatLimitsIsStillToldWhenNothingChanges() {
        Simulation s(16, 2);
        s.putPolicy("web", R"({"resourceSelectors":[{"kind":"ReplicationController"}],
                               "replicas":{"perCluster":{"m1":{"max":1},"m2":{"max":2}}}})");
        s.start();
        s.putRc("web", 6);
        s.run(3s);
        const auto message = [&] {
            return fed::findCondition(s.placement(rc("web"))->status.conditions, "Scheduled")->message;
        };
        const std::string told =
            "3 of 6 replicas found no room in 2 clusters, limited in 2 clusters, first "
            "m1: at most 1 by perCluster; lift the limits or add clusters";
        SAME_TEXT(message(), told);
        const std::string version = s.placement(rc("web"))->resourceVersion;
        s.label("m2", "any", true);
        s.run(3s);
        s.restart();
        s.run(10s);
        SAME_TEXT(message(), told);
        SAME_TEXT(s.placement(rc("web"))->resourceVersion, version);
    }

    // The YAML is there before the first cluster: its Placement names none. The clusters come back one by
    // one.
    void takesOverWhenClustersComeAfterTheTemplates() {
        Simulation s(2, 2);
        s.start();
        s.putRc("web", 8);
        s.putService("web", "web");
        s.run(2s);
        const auto before = s.uids();
        QCOMPARE(before.size(), std::size_t{4});
        s.controller.reset();

        Simulation again(3, 0);
        again.takeMembersOf(s);
        again.start();
        again.putRc("web", 8);
        again.putService("web", "web");
        again.run(10s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "NoClusterFits");
        again.join("m1");
        again.run(10s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "TakingOver");
        again.restart();
        again.run(10s);
        again.join("m2");
        again.run(60s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "Scheduled");
        QCOMPARE(again.placement(rc("web"))->spec.clusters.size(), std::size_t{2});
        QCOMPARE(again.placement(Simulation::id("Service", "web"))->spec.clusters.size(), std::size_t{2});
        QVERIFY(again.uids() == before);
        QCOMPARE(again.memberWrites(), 0);
    }

    // What has not come back after a while is made good.
    void whatDoesNotComeBackIsPlacedAnew() {
        Simulation s(4, 2);
        s.start();
        s.putRc("web", 8);
        s.run(2s);
        s.controller.reset();
        Simulation again(5, 0);
        again.takeMembersOf(s);
        again.start();
        again.putRc("web", 8);
        again.run(10s);
        again.join("m1");
        again.run(29s);
        QCOMPARE(again.memberWrites(), 0);
        again.run(10s);
        QCOMPARE(again.placement(rc("web"))->spec.clusters.front().replicas, std::optional<std::int64_t>(8));
        QCOMPARE(again.deletes(), 0);
    }

    // The template is there before its policy, which places all replicas in each cluster.
    void takesOverWhenThePolicyComesAfterTheTemplate() {
        const std::string_view everywhere =
            R"({"resourceSelectors":[{"kind":"ReplicationController"}],"replicas":{"strategy":"Duplicate"}})";
        Simulation s(6, 2);
        s.putPolicy("everywhere", everywhere);
        s.start();
        s.putRc("web", 4);
        s.run(2s);
        QCOMPARE(s.replicasOf(rc("web")), 8);
        const auto before = s.uids();
        s.controller.reset();

        Simulation again(7, 2);
        again.takeMembersOf(s);
        again.start();
        again.run(120s);
        again.putRc("web", 4);
        again.run(120s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "TakingOver");
        again.restart();
        again.run(120s);
        again.putPolicy("everywhere", everywhere);
        again.run(10s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "Scheduled");
        SAME_TEXT(again.placement(rc("web"))->spec.policy.name, "everywhere");
        QVERIFY(again.uids() == before);
        QCOMPARE(again.memberWrites(), 0);
    }

    void aNewTotalEndsATakeover() {
        Simulation s(8, 2);
        s.putPolicy("everywhere", R"({"resourceSelectors":[{}],"replicas":{"strategy":"Duplicate"}})");
        s.start();
        s.putRc("web", 4);
        s.run(2s);
        s.controller.reset();
        Simulation again(9, 2);
        again.takeMembersOf(s);
        again.start();
        again.putRc("web", 4);
        again.run(60s);
        QCOMPARE(again.memberWrites(), 0);
        again.putRc("web", 6);
        again.run(2s);
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "Scheduled");
        QCOMPARE(again.replicasOf(rc("web")), 6);
        QCOMPARE(again.deletes(), 0);
    }
};

QTEST_GUILESS_MAIN(DecisionsTest)
#include "decisions_test.moc"

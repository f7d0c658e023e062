// SPDX-License-Identifier: Apache-2.0
//
// Decisions that take their time, in virtual time: a plugin that does not come back, inputs that change while
// a decision is made, explanations that wait for it.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class PlanningTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    // Everything but decisions goes on: probes, repair, the propagation and the status of what is decided,
    // ends.
    void whileAPluginHangsTheRestGoesOn() {
        Simulation s(21);
        s.start();
        s.putRc("web", 6);
        s.putRc("old", 3);
        s.run(2s);
        s.planner.hang("policy plugin \"tar\" did not come back from filter");
        for (int i = 0; i < 100; ++i)
            s.putRc("new" + std::to_string(i), 4);  // more than are with the planner at a time
        s.putRc("web", 9);
        s.run(1s);
        QCOMPARE(s.holders(rc("new0")), 0);
        QCOMPARE(s.replicasOf(rc("web")), 6);  // what is placed stays
        s.member("m1").drift(rc("web"));
        s.run(100ms);
        QCOMPARE(s.replicasOf(rc("web")), 6);
        s.member("m3").removeByHand(rc("web"));
        s.run(100ms);
        QCOMPARE(s.holders(rc("web")), 3);
        s.member("m2").down = true;
        s.run(40s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        s.member("m2").down = false;
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Ready");
        s.erase(rc("old"));
        s.erase(rc("new99"));  // whether it is with the planner or waits to go there
        s.erase(rc("new0"));
        s.run(2s);
        QCOMPARE(s.holders(rc("old")), 0);
        for (const char* name : {"old", "new99", "new0"})
            QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", name}) == nullptr);
        QVERIFY(s.planner.jobs() <= PlanQueue::kMost);
        QCOMPARE(s.deletes(), 3);
        s.planner.comeBack();
        s.run(2s);
        QCOMPARE(s.replicasOf(rc("web")), 9);
        QCOMPARE(s.replicasOf(rc("new98")), 4);
        QCOMPARE(s.holders(rc("new99")), 0);
        QCOMPARE(s.controller->queued(), std::size_t{0});
    }

    void aDecisionFromWhatIsNoLongerSoIsMadeAnew() {
        Simulation s(22);
        s.start();
        s.run(1s);
        s.planner.takes = 500ms;
        s.putRc("web", 6);
        s.run(100ms);
        s.putRc("web", 9);  // while it is planned
        s.run(3s);
        QCOMPARE(s.replicasOf(rc("web")), 9);
        QCOMPARE(s.placement(rc("web"))->spec.replicas, std::optional<std::int64_t>(9));
        QCOMPARE(s.placement(rc("web"))->generation, std::int64_t{1});  // and never said 6
        // A cluster is lost between the question and the answer.
        s.member("m2").down = true;
        s.run(25s);
        s.planner.takes = 20s;
        s.putRc("new", 4);
        s.run(19s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        QVERIFY(!s.placement(rc("new")));
        s.planner.takes = 10ms;
        s.run(30s);
        QCOMPARE(s.replicasOf(rc("new")), 4);
        QVERIFY(s.placement(rc("new"))->spec.find("m2") == nullptr);
        // Its policy goes.
        s.planner.takes = 500ms;
        s.putRc("web", 12);
        s.run(100ms);
        s.host.erase(fed::clusterPlacementPolicies(), {{}, std::string(fed::kDefaultPolicyName)});
        s.run(3s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "NoPolicy");
        QCOMPARE(s.placement(rc("web"))->spec.replicas, std::optional<std::int64_t>(9));
    }

    // Nobody tells of it, and the answer is not believed all the same: of what it never saw, it could record
    // neither that it stays nor that it goes.
    void whatAppearsInAMemberDuringTheFirstDecisionIsTakenOver() {
        Simulation s(23);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.controller.reset();
        Simulation again(24);
        again.members.members.clear();
        for (auto& [name, member] : s.members.members) {
            auto copy = std::make_unique<FakeMember>(name, again.clock, again.random);
            copy->continueFrom(*member);
            again.members.members[name] = std::move(copy);
        }
        FakeMember& m1 = again.member("m1");
        const FakeMember::Held held = m1.objects.at(rc("web"));
        m1.objects.erase(rc("web"));
        again.start();
        again.run(1s);
        again.planner.takes = 500ms;
        again.putRc("web", 1);
        again.run(100ms);
        m1.objects[rc("web")] = held;
        m1.relist();
        again.run(100ms);
        QVERIFY(again.planner.jobs() > 0);
        QVERIFY(!again.placement(rc("web")));
        again.run(5s);
        QCOMPARE(again.placement(rc("web"))->spec.clusters.size(), std::size_t{3});
        QCOMPARE(again.placement(rc("web"))->generation, std::int64_t{1});  // and never said less
        SAME_TEXT(again.reason(rc("web"), "Scheduled"), "TakingOver");
        QCOMPARE(again.holders(rc("web")), 3);
        QCOMPARE(again.replicasOf(rc("web")), 6);
        QCOMPARE(again.deletes(), 0);
    }

    void explanationsComeLaterAndSayWhenAPluginHangs() {
        Simulation s(25);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        auto told = s.explain(rc("web"));
        QVERIFY(told && told->has_value());
        QVERIFY((*told)->explanation != nullptr && !(*told)->fromPresentInputs);
        told = s.explain(rc("none"));
        QVERIFY(told && told->error().code == Code::NotFound);
        s.planner.takes = 2s;
        QVERIFY(!s.explain(rc("web"), 1s));  // and the handle's end gives it up
        QCOMPARE(s.planner.jobs(), std::size_t{0});
        QVERIFY(s.explain(rc("web"), 3s)->has_value());
        s.planner.takes = 60s;  // nobody has found out yet
        told = s.explain(rc("web"), 4s);
        QVERIFY(told && told->error().code == Code::Aborted);
        s.planner.hang("policy plugin \"tar\" did not come back from filter");
        told = s.explain(rc("web"));
        QVERIFY(told && told->error().code == Code::Aborted);
        QVERIFY2(told->error().message.find("\"tar\"") != std::string::npos, told->error().message.c_str());
        std::vector<Request> many;
        int refused = 0;
        for (std::size_t i = 0; i < Explainer::kMost + 4; ++i)
            many.push_back(s.controller->explain(rc("web"), [&](const Result<Explained>& result) {
                refused += result.error().code == Code::ResourceExhausted ? 1 : 0;
            }));
        s.run(10ms);
        QCOMPARE(refused, 4);
    }
};

QTEST_GUILESS_MAIN(PlanningTest)
#include "planning_test.moc"

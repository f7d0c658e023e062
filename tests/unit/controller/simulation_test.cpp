// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class SimulationTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void conditionsAreOfThePlacementItself() {
        Simulation s(11);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const kube::Gvr controllers{"", "v1", "replicationcontrollers"};
        for (int i = 0; i < 3; ++i) {  // versions that decide nothing anew
            kube::Object edited = *s.host.find(controllers, {"shop", "web"});
            edited.document()["spec"].as_object()["minReadySeconds"] = i;
            s.host.put(controllers, edited);
            s.run(1s);
        }
        const auto placement = s.placement(rc("web"));
        QVERIFY(s.host.find(controllers, {"shop", "web"})->generation() > placement->generation);
        for (const fed::Condition& condition : placement->status.conditions)
            QCOMPARE(condition.observedGeneration, placement->generation);
        QCOMPARE(placement->status.observedGeneration, placement->generation);
    }

    void aTemplateReachesItsMembersAndItsStatusComesBack() {
        Simulation s(1);
        s.start();
        s.run(1s);
        s.putRc("web", 7);
        s.putService("web", "web");
        s.run(1s);
        QCOMPARE(s.replicasOf(rc("web")), 7);
        QCOMPARE(s.holders(rc("web")), 3);
        QCOMPARE(s.holders(service("web")), 3);
        const kube::Object* source = s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"});
        QCOMPARE(kube::intAt(source->document(), {"status", "readyReplicas"}),
                 std::optional<std::int64_t>(7));
        QCOMPARE(kube::intAt(source->document(), {"status", "observedGeneration"}),
                 std::optional<std::int64_t>(1));
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Applied");
        SAME_TEXT(s.reason(rc("web"), "Healthy"), "Healthy");
        SAME_TEXT(s.reason(service("web"), "Scheduled"), "Follows");
        for (const std::string name : {"m1", "m2", "m3"})
            SAME_TEXT(s.phase(name), "Ready");
        s.putRc("web", 9);
        s.run(1s);
        QCOMPARE(s.replicasOf(rc("web")), 9);
        // Finalizer, Placement, and the two statuses.
        s.host.writes.clear();
        s.putRc("one", 3);
        s.run(2s);
        int writes = 0;
        for (const auto& [what, count] : s.host.writes)
            writes += what.starts_with("memberclusters") ? 0 : count;
        QVERIFY2(writes <= 4, qPrintable(QString::number(writes)));
    }

    void aSettledFederationWritesNothing() {
        Simulation s(2);
        s.start();
        s.putRc("web", 7);
        s.putService("web", "web");
        s.run(10s);
        const int writes = s.memberWrites();
        s.host.writes.clear();
        s.run(180s);
        QCOMPARE(s.memberWrites(), writes);
        for (const auto& [what, count] : s.host.writes) {
            SAME_TEXT(what, "memberclusters/status");
            QVERIFY(count <= 3 * 4);
        }
        s.host.writes.clear();
        s.restart();
        s.run(30s);
        QCOMPARE(s.memberWrites(), writes);
        for (const auto& [what, count] : s.host.writes)
            SAME_TEXT(what, "memberclusters/status");
    }

    // Each of these writes counts every object there, and comes back as a change of the MemberCluster.
    void countsOfABurstAreWrittenNowAndThen() {
        Simulation s(2, 2);
        s.start();
        s.run(10s);
        s.host.writes.clear();
        for (int i = 0; i < 100; ++i) {
            s.putRc("web-" + std::to_string(i), 2);
            s.run(100ms);
        }
        QVERIFY2(s.host.writes["memberclusters/status"] <= 2 * 7,
                 qPrintable(QString::number(s.host.writes["memberclusters/status"])));
    }

    void countsAreToldOnceAChangeHasComeToRest() {
        Simulation s(1, 1);
        s.start();
        s.run(10s);
        s.putRc("web", 2);
        s.run(1s);
        const auto decoded = fed::MemberCluster::decode(*s.host.find(fed::memberClusters(), {{}, "m1"}));
        QVERIFY(decoded.has_value());
        QVERIFY(decoded->status.objects.has_value());
        QCOMPARE(decoded->status.objects->desired, 1);
        QCOMPARE(decoded->status.objects->synced, 1);
    }

    void deletionRemovesEverywhereAndEndsTheTemplate() {
        Simulation s(3);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.erase(rc("web"));
        s.run(2s);
        QCOMPARE(s.holders(rc("web")), 0);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) == nullptr);
        QVERIFY(!s.placement(rc("web")));
    }

    void aDeletionWaitsForAnUnreachableMemberAndGoesOn() {
        Simulation s(4);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m2").down = true;
        s.run(40s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        s.erase(rc("web"));
        s.run(30s);
        QCOMPARE(s.holders(rc("web")), 1);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) != nullptr);
        SAME_TEXT(s.reason(rc("web"), "Applied"), "WaitingForMembers");
        s.restart();  // still waits, from nothing but what is written down
        s.run(60s);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) != nullptr);
        s.member("m2").down = false;
        s.run(30s);
        QCOMPARE(s.holders(rc("web")), 0);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) == nullptr);
    }

    // A namespace's deletion takes what is in it in any order; the Placement is the only record that an
    // unreachable member holds the object.
    void aNamespaceThatEndsKeepsItsPlacementsUntilMembersAreEmpty() {
        Simulation s(11);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m2").down = true;
        s.run(40s);
        s.endNamespace();
        s.host.erase(fed::placements(), fed::placementKey(rc("web").traits().gvk(), rc("web").key));
        s.run(2s);
        QVERIFY(s.placement(rc("web")));
        s.erase(rc("web"));
        s.run(30s);
        s.restart();
        s.run(60s);
        QCOMPARE(s.holders(rc("web")), 1);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) != nullptr);
        s.member("m2").down = false;
        s.run(30s);
        QCOMPARE(s.holders(rc("web")), 0);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) == nullptr);
        QVERIFY(!s.placement(rc("web")));
    }

    void manyPlacementsThatAreDeletedAreLookedAtInTurn() {
        Simulation s(22, 1);
        s.start();
        s.run(1s);
        const auto name = [](int i) { return "web" + std::to_string(i); };
        for (int i = 0; i < 300; ++i)
            s.putRc(name(i), 0);
        s.run(10s);
        for (int i = 0; i < 300; ++i)
            s.host.erase(fed::placements(), fed::placementKey(rc(name(i)).traits().gvk(), rc(name(i)).key));
        s.run(10s);
        QVERIFY(s.host.mostGets > 0);
        QVERIFY2(s.host.mostGets <= 64, qPrintable(QString::number(s.host.mostGets)));
        for (int i = 0; i < 300; ++i)
            QVERIFY(s.placement(rc(name(i))));
    }

    void aPlacementDeletedByHandIsDecidedAnewWithoutTouchingMembers() {
        Simulation s(12);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto before = s.uids();
        const int writes = s.memberWrites();
        const std::string uid = s.placement(rc("web"))->uid;
        s.host.erase(fed::placements(), fed::placementKey(rc("web").traits().gvk(), rc("web").key));
        s.run(2s);
        QVERIFY(s.placement(rc("web")));
        QVERIFY(s.placement(rc("web"))->uid != uid);
        QVERIFY(s.uids() == before);
        QCOMPARE(s.memberWrites(), writes);
    }

    void driftIsRepairedAtOnce() {
        Simulation s(5);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m1").drift(rc("web"));
        s.run(100ms);
        QCOMPARE(s.replicasOf(rc("web")), 6);
        s.member("m3").removeByHand(rc("web"));
        s.run(100ms);
        QCOMPARE(s.holders(rc("web")), 3);
        SAME_TEXT(s.member("m1").violation, "");
    }

    void aFightOverAFieldSlowsDownAndIsTold() {
        Simulation s(23);
        s.start();
        s.putRc("web", 6);
        s.putRc("calm", 6);
        s.run(2s);
        FakeMember& m1 = s.member("m1");
        const auto stands = [&](const TemplateId& id) {
            return kube::intAt(m1.objects.at(id).object.document(), {"spec", "replicas"});
        };
        const int writes = m1.writes;
        for (int i = 0; i < 3'000; ++i) {  // a minute
            if (stands(rc("web")) == 2)
                m1.drift(rc("web"));
            s.run(20ms);
        }
        QVERIFY2(m1.writes - writes <= 12, qPrintable(QString::number(m1.writes - writes)));
        QVERIFY(m1.writes - writes >= 8);
        SAME_TEXT(s.state(rc("web"), "m1")->reason, "Contested");
        SAME_TEXT(std::string(fed::toString(s.state(rc("web"), "m1")->state)), "Drifted");
        m1.drift(rc("calm"));  // others are repaired as ever
        s.run(100ms);
        QCOMPARE(stands(rc("calm")), std::optional<std::int64_t>(2));
        s.run(120s);
        QCOMPARE(stands(rc("web")), std::optional<std::int64_t>(2));
        SAME_TEXT(std::string(fed::toString(s.state(rc("web"), "m1")->state)), "Synced");
        s.run(120s);
        m1.drift(rc("web"));
        s.run(100ms);
        QCOMPARE(stands(rc("web")), std::optional<std::int64_t>(2));
    }

    void driftDuringAnAbsenceOfTheControllerIsRepaired() {
        Simulation s(6);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.controller.reset();
        s.member("m1").drift(rc("web"));
        s.start();
        s.run(2s);
        QCOMPARE(s.replicasOf(rc("web")), 6);
    }

    void unreachableMembersKeepWhatTheyHave() {
        Simulation s(7);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto before = s.uids();
        s.member("m2").frozen = true;
        s.run(32s);
        s.putRc("new", 4);
        s.run(10s);
        SAME_TEXT(s.phase("m2"), "Unreachable");
        QCOMPARE(s.replicasOf(rc("new")), 4);
        QVERIFY(!s.member("m2").objects.contains(rc("new")));
        QVERIFY(s.member("m2").objects.contains(rc("web")));
        s.member("m2").frozen = false;
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Ready");
        for (const auto& [key, uid] : before)
            SAME_TEXT(s.uids()[key], uid);
        QCOMPARE(s.deletes(), 0);
    }

    void whatFitsNowhereSaysWhyForEachCluster() {
        Simulation s(13, 2);
        s.start();
        s.run(2s);
        s.member("m1").down = true;
        s.member("m2").down = true;
        s.run(40s);
        s.putRc("web", 4);
        s.run(2s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "NoClusterFits");
        const auto placement = s.placement(rc("web"));
        QVERIFY(placement && placement->status.explanation);
        std::int64_t losers = 0;
        for (const auto& group : placement->status.explanation->others)
            losers += group.count;
        QCOMPARE(losers, 2);
        SAME_TEXT(placement->status.explanation->because, "");
        s.host.writes.clear();
        s.run(180s);
        QVERIFY(!s.host.writes.contains("placements/status"));
        s.member("m1").down = false;
        s.run(30s);
        QCOMPARE(s.replicasOf(rc("web")), 4);
        SAME_TEXT(s.placement(rc("web"))->status.explanation->because, "nothing was placed before");
    }

    void oneLostProbeFlipsNothing() {
        Simulation s(8);
        s.start();
        s.run(2s);
        s.member("m1").down = true;
        s.run(11s);
        s.member("m1").down = false;
        s.member("m1").relist();
        s.run(1s);
        SAME_TEXT(s.phase("m1"), "Ready");
    }

    void losingPoliciesPluginsOrTheStoreDeletesNothing() {
        Simulation s(9);
        s.start();
        s.putRc("web", 6);
        s.putService("web", "web");
        s.run(2s);
        const auto before = s.uids();
        s.host.erase(fed::clusterPlacementPolicies(), {{}, std::string(fed::kDefaultPolicyName)});
        s.run(2s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "NoPolicy");
        s.host.put(fed::clusterPlacementPolicies(), fed::makeDefaultPolicy());
        s.policies.broken = true;
        s.restart();
        s.putRc("web", 8);
        s.run(2s);
        SAME_TEXT(s.reason(rc("web"), "Scheduled"), "PolicyError");
        QVERIFY(s.uids() == before);
        s.policies.broken = false;
        s.controller.reset();

        // The store is lost: another host, the same federation id, the same members, the same YAML.
        Simulation again(10);
        again.takeMembersOf(s);
        again.start();
        again.putRc("web", 8);
        again.putService("web", "web");
        again.run(10s);
        QCOMPARE(again.replicasOf(rc("web")), 6);  // other members may still come back with more
        again.run(30s);
        QVERIFY(again.uids() == before);
        QCOMPARE(again.replicasOf(rc("web")), 8);
        QCOMPARE(again.deletes(), 0);
    }

    // Also one whose end nobody saw, because another took its name before the next list.
    void whoLoadedPluginsIsToldOfPoliciesThatAreGone() {
        Simulation s(11);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        const auto uid = [&] {
            const kube::Object* found =
                s.host.find(fed::clusterPlacementPolicies(), {{}, std::string(fed::kDefaultPolicyName)});
            return found == nullptr ? std::string() : std::string(found->uid());
        };
        const auto erase = [&] {
            s.host.erase(fed::clusterPlacementPolicies(), {{}, std::string(fed::kDefaultPolicyName)});
        };
        const std::string first = uid();
        QVERIFY(s.policies.forgotten.empty());
        erase();
        s.run(2s);
        QCOMPARE(s.policies.forgotten, std::vector<std::string>{first});
        s.host.put(fed::clusterPlacementPolicies(), fed::makeDefaultPolicy());
        s.run(2s);
        const std::string second = uid();
        erase();
        s.host.put(fed::clusterPlacementPolicies(), fed::makeDefaultPolicy());
        s.host.breakWatches();
        s.run(2s);
        QVERIFY(uid() != second);
        QCOMPARE(s.policies.forgotten, (std::vector<std::string>{first, second}));
    }

    // A probe that failed makes it doubtful who answers there; that is asked again at once, not at the next
    // probe ten seconds later.
    void aMemberThatWasSlowForAMomentIsWrittenToAgainSoon() {
        Simulation s(15);
        s.start();
        s.run(9s);
        s.member("m2").frozen = true;  // the probe at 10 s and the question after it stay unanswered
        s.run(7500ms);
        s.member("m2").frozen = false;
        SAME_TEXT(s.phase("m2"), "Ready");
        s.putRc("web", 6);
        s.run(1500ms);
        QCOMPARE(s.holders(rc("web")), 3);
    }

    void anAnswerThatCameAfterTheObjectsEndIsNotBelieved() {
        Simulation s(16);
        s.member("m1").namespaces.insert("shop");
        s.start();
        s.run(1s);
        s.member("m1").answerDelay = 1s;
        s.putRc("web", 6);
        s.run(250ms);
        QVERIFY(s.member("m1").objects.contains(rc("web")));
        s.member("m1").removeByHand(rc("web"));
        s.run(4s);
        QCOMPARE(s.holders(rc("web")), 3);
        QCOMPARE(s.replicasOf(rc("web")), 6);
    }

    void whatAMemberNoLongerHasDoesNotHoldUpADeletion() {
        Simulation s(17);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.member("m1").objects.erase(rc("web"));  // and no event tells of it
        s.erase(rc("web"));
        s.run(2s);
        QVERIFY(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"}) == nullptr);
        QCOMPARE(s.holders(rc("web")), 0);
    }

    // While a queue before the members is worked off, a status would be outdated before it is stored.
    void aBurstCostsFourLocalWritesAnObject() {
        Simulation s(18, 2);
        s.start();
        s.run(1s);
        for (const char* name : {"m1", "m2"})
            s.member(name).answerDelay = 150ms;  // a hundred a second, at first
        s.host.writes.clear();
        for (int i = 0; i < 600; ++i)
            s.putRc("web" + std::to_string(i), 0);
        s.run(30s);
        QCOMPARE(s.holders(rc("web599")), 2);
        int writes = 0;
        for (const auto& [what, count] : s.host.writes)
            writes += what.starts_with("memberclusters") ? 0 : count;
        QVERIFY2(writes <= 4 * 600, qPrintable(QString::number(writes)));
    }

    void membersSayHowManyObjectsTheyHoldSoon() {
        Simulation s(14);
        s.start();
        s.run(5s);
        s.host.writes.clear();
        for (int i = 0; i < 20; ++i)
            s.putRc("web" + std::to_string(i), 6);
        s.run(4s);
        for (const char* name : {"m1", "m2", "m3"}) {
            const kube::Object* member = s.host.find(fed::memberClusters(), {{}, name});
            QCOMPARE(kube::intAt(member->document(), {"status", "objects", "desired"}),
                     std::optional<std::int64_t>(20));
            QCOMPARE(kube::intAt(member->document(), {"status", "objects", "synced"}),
                     std::optional<std::int64_t>(20));
        }
        int writes = 0;
        for (const auto& [what, count] : s.host.writes)
            writes += what.starts_with("memberclusters") ? count : 0;
        QVERIFY2(writes <= 6, qPrintable(QString::number(writes)));
    }

    void whatHasNoTemplateIsCountedAndNeverTouched() {
        Simulation s(11);
        s.start();
        s.putRc("web", 6);
        s.run(2s);
        s.controller.reset();
        kube::Object orphan = *s.host.find({"", "v1", "replicationcontrollers"}, {"shop", "web"});
        orphan.metadata()["finalizers"] = kube::JsonArray{};
        s.host.put({"", "v1", "replicationcontrollers"}, orphan);
        s.host.erase({"", "v1", "replicationcontrollers"}, {"shop", "web"});
        s.start();
        s.run(70s);
        QCOMPARE(s.holders(rc("web")), 3);
        QCOMPARE(s.deletes(), 0);
        const kube::Object* m1 = s.host.find(fed::memberClusters(), {{}, "m1"});
        QCOMPARE(kube::intAt(m1->document(), {"status", "objects", "unclaimed"}),
                 std::optional<std::int64_t>(1));
    }

    void foreignObjectsOfTheNameAreLeftAlone() {
        Simulation s(12);
        s.member("m2").putForeign(rc("web"));
        s.member("m2").namespaces.insert("shop");
        s.start();
        s.run(1s);
        s.putRc("web", 6);
        s.run(5s);
        QVERIFY(!s.member("m2").objects.at(rc("web")).ours);
        SAME_TEXT(s.member("m2").violation, "");
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Conflict");
        s.member("m2").objects.erase(rc("web"));
        s.run(40s);
        QVERIFY(s.member("m2").objects.at(rc("web")).ours);
        SAME_TEXT(s.reason(rc("web"), "Applied"), "Applied");
    }

    void whateverHappensTheWorldEndsAsItShould_data() {
        QTest::addColumn<unsigned>("seed");
        for (unsigned seed = 100; seed < 140; ++seed)
            QTest::addRow("seed %u", seed) << seed;
    }
    void whateverHappensTheWorldEndsAsItShould() {
        QFETCH(unsigned, seed);
        Simulation s(seed);
        s.planner.takes = Duration{seed % 3 == 0 ? 0 : seed % 3 == 1 ? 3 : 40};
        std::map<std::string, std::int64_t> wanted;
        s.start();
        s.host.failing = 0.05;
        for (int step = 0; step < 150; ++step) {
            const std::string name = "rc" + std::to_string(s.random() % 8);
            FakeMember& member = s.member("m" + std::to_string(1 + s.random() % 3));
            switch (s.random() % 12) {
                case 0:
                case 1:
                case 2: {
                    const kube::Object* there =
                        s.host.find({"", "v1", "replicationcontrollers"}, {"shop", name});
                    if (there != nullptr && there->isDeleting())
                        break;
                    wanted[name] = static_cast<std::int64_t>(s.random() % 10);
                    s.putRc(name, wanted[name]);
                    break;
                }
                case 3:
                    wanted.erase(name);
                    s.erase(rc(name));
                    break;
                case 4:
                    if (const auto it = member.objects.find(rc(name)); it != member.objects.end())
                        member.drift(rc(name));
                    break;
                case 5:
                    if (const auto it = member.objects.find(rc(name)); it != member.objects.end())
                        member.removeByHand(rc(name));
                    break;
                case 6:
                    member.down = true;
                    break;
                case 7:
                    member.frozen = !member.frozen;
                    [[fallthrough]];
                case 8:
                    member.down = false;
                    member.relist();
                    break;
                case 9:
                    member.throttling = member.throttling > 0 ? 0 : 0.3;
                    break;
                case 10:
                    s.host.breakWatches();
                    break;
                case 11:
                    s.restart();
                    break;
            }
            s.run(Duration{s.random() % 100 == 0 ? 40'000 : s.random() % 400});
        }
        s.host.failing = 0;
        for (const auto& [name, member] : s.members.members) {
            member->down = member->frozen = false;
            member->throttling = 0;
            member->relist();
        }
        s.run(300s);
        for (int i = 0; i < 8; ++i) {
            const std::string name = "rc" + std::to_string(i);
            const std::int64_t expected = wanted.contains(name) ? wanted[name] : -1;
            QVERIFY2(
                s.replicasOf(rc(name)) == expected,
                qPrintable(QString::fromStdString(name) + " has " + QString::number(s.replicasOf(rc(name))) +
                           " instead of " + QString::number(expected)));
            QCOMPARE(s.host.find({"", "v1", "replicationcontrollers"}, {"shop", name}) != nullptr,
                     expected >= 0);
            if (expected >= 0)
                SAME_TEXT(s.reason(rc(name), "Applied"), "Applied");
        }
        for (const auto& [name, member] : s.members.members)
            SAME_TEXT(member->violation, "");
        const int writes = s.memberWrites();
        s.host.writes.clear();
        s.run(180s);
        QCOMPARE(s.memberWrites(), writes);
        for (const auto& [what, count] : s.host.writes)
            SAME_TEXT(what, "memberclusters/status");
    }
};

QTEST_GUILESS_MAIN(SimulationTest)
#include "simulation_test.moc"

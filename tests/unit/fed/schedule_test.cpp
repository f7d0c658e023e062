// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <random>

#include <QtTest/QTest>

#include "tests/unit/fed/fleet_builders.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

using Shares = std::map<std::string, std::int64_t>;

class ScheduleTest : public QObject {
    Q_OBJECT

    static FleetPtr three() { return fleet({cluster("tokyo"), cluster("osaka"), cluster("oregon")}); }
    static FakeRound::Run setAll(double points) {
        return [points](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            for (RoundRow& row : rows)
                row.points = points;
            return {};
        };
    }
    // A decision that stands, against which each failure is held.
    static PlacementSpec standing(const Policy& by) {
        PlacementSpec spec;
        spec.policy = by.ref;
        spec.replicas = 4;
        spec.clusters = {{"osaka", 1}, {"tokyo", 3}};
        return spec;
    }

private Q_SLOTS:
    // What a fleet tells of its clusters side by side is what each of them tells of itself.
    void theFleetTellsTheSameAsItsClusters() {
        std::vector<ClusterInfo> made;
        for (int i = 0; i < 50; ++i) {
            ClusterInfo& one = made.emplace_back(
                cluster("c" + std::to_string(i), i % 7 == 3 ? Phase::Unreachable : Phase::Ready,
                        i % 5 == 0 ? "" : "region-" + std::to_string(i % 3)));
            one.cordoned = i % 9 == 1;
            one.kubernetesVersion = "v1." + std::to_string(30 + i % 4);
            one.labels.emplace_back("zone", i % 2 == 0 ? "" : "z");
            if (i % 10 == 0)
                one.labels.emplace_back("rare", "r" + std::to_string(i));
            one.taints.resize(static_cast<std::size_t>(i % 3));
            for (int api = 0; api < i % 13; ++api)
                one.apis.push_back("group-" + std::to_string(api) + "/v1/Kind");
        }
        const Fleet clusters(std::move(made));
        QVERIFY(clusters.labelColumn("zone") != nullptr && clusters.labelColumn("rare") == nullptr);
        const kube::Gvk type{"group-6", "v1", "Kind"};
        const std::vector<std::uint8_t> serving = clusters.mayServe(type);
        for (std::size_t i = 0; i < clusters.clusters().size(); ++i) {
            const ClusterInfo& info = clusters.clusters()[i];
            const Fleet::Facts& facts = clusters.facts()[i];
            QVERIFY(facts.name == info.name && facts.kubernetesVersion == info.kubernetesVersion);
            QVERIFY(facts.phase == info.phase && facts.cordoned == info.cordoned);
            QVERIFY(facts.isWritable() == info.isWritable());
            QVERIFY(facts.labels == info.labels.size() && facts.taints == info.taints.size());
            QCOMPARE(clusters.hashes()[i], info.hash);
            QCOMPARE(serving[clusters.apiSets()[i]] != 0, info.mayServe(type));
            for (const char* key : {"zone", "topology.kubernetes.io/region", "none"})
                if (const Fleet::LabelColumn* column = clusters.labelColumn(key)) {
                    const std::string* value = info.label(key);
                    QCOMPARE(column->values[i] != 0, value != nullptr);
                    if (value != nullptr)
                        QCOMPARE(clusters.labelValue(column->values[i]), *value);
                }
        }
    }

    void dividesOverAllClustersByDefault() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        const Decision d = decide(three(), replicated(9), p, round);
        QVERIFY2(d.scheduled, d.message.c_str());
        QCOMPARE(d.reason, std::string("Scheduled"));
        QCOMPARE(sharesOf(d.spec), (Shares{{"tokyo", 3}, {"osaka", 3}, {"oregon", 3}}));
        QCOMPARE(d.spec.replicas, std::optional<std::int64_t>(9));
        QCOMPARE(d.message, std::string("9 replicas over 3 clusters"));
    }

    void aWorkloadOfNothingStandsInEverySelectedCluster() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        const Decision d = decide(three(), replicated(0), p, round);
        QVERIFY(d.scheduled);
        QCOMPARE(sharesOf(d.spec), (Shares{{"tokyo", 0}, {"osaka", 0}, {"oregon", 0}}));
    }

    void aSinglePodGoesToTheBestAndStaysThere() {
        FakeRound round;
        round.add("prefer", Stage::Score, [](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            for (RoundRow& row : rows)
                row.points = row.cluster == 1 ? 0.9 : 0.1;  // osaka, by name
            return {};
        });
        const Policy p = policy();
        Workload pod = replicated(1);
        pod.form = Form::Single;
        const Decision first = decide(three(), pod, p, round);
        QCOMPARE(sharesOf(first.spec), (Shares{{"osaka", -1}}));
        pod.current = {{"tokyo", 0, 0}};
        QCOMPARE(sharesOf(decide(three(), pod, p, round, &first.spec).spec), (Shares{{"tokyo", -1}}));
    }

    void followsNobodysOrderOfClusters() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        std::vector<ClusterInfo> clusters;
        for (int i = 0; i < 12; ++i)
            clusters.push_back(cluster("c" + std::to_string(i)));
        const Shares expected = sharesOf(decide(fleet(clusters), replicated(7), p, round).spec);
        std::mt19937 random(1);
        for (int i = 0; i < 20; ++i) {
            std::ranges::shuffle(clusters, random);
            QCOMPARE(sharesOf(decide(fleet(clusters), replicated(7), p, round).spec), expected);
        }
    }

    void differentObjectsBreakTiesDifferently() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        std::map<std::string, int> winners;
        for (int i = 0; i < 300; ++i) {
            Workload workload = replicated(1);
            workload.key.name = "w" + std::to_string(i);
            ++winners[decide(three(), workload, p, round).spec.clusters.front().name];
        }
        for (const auto& [name, count] : winners)
            QVERIFY2(count > 60, name.c_str());
    }

    void limitsOfPluginsAndPolicyIntersect() {
        FakeRound round;
        round.add("cap", Stage::Limit, [](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            for (RoundRow& row : rows)
                row.upper = 3;
            return {};
        });
        round.addEvenDivider();
        Policy p = policy();
        p.perCluster["tokyo"] = {.min = 2, .max = 10};
        p.perCluster["osaka"] = {.min = 0, .max = 1};
        const Decision d = decide(three(), replicated(9), p, round);
        QCOMPARE(sharesOf(d.spec), (Shares{{"tokyo", 3}, {"osaka", 1}, {"oregon", 3}}));
        QCOMPARE(d.spec.unplaced, 2);
        QVERIFY(!d.scheduled);
        QCOMPARE(d.reason, std::string("Unplaced"));
        QCOMPARE(d.message, std::string("2 of 9 replicas found no room in 3 clusters, limited in 3 clusters, "
                                        "first oregon (cap); lift the limits or add clusters"));
    }

    void whatKeepsReplicasOutIsSaid() {
        FakeRound round;
        round.add("taints", Stage::Limit, [](std::span<RoundRow> rows, ReasonLog* log) -> Result<void> {
            rows[2].upper = 2;  // tokyo
            if (log != nullptr)
                rows[2].reason = log->add("cordoned, keeps at most its 2");
            return {};
        });
        round.addEvenDivider();
        Policy p = policy();
        p.perCluster["osaka"] = {.min = 0, .max = 0};
        p.perCluster["oregon"] = {.min = 0, .max = 4};
        QCOMPARE(
            decide(three(), replicated(9), p, round).message,
            std::string("3 of 9 replicas found no room in 2 clusters, limited in 3 clusters, first tokyo: "
                        "cordoned, keeps at most its 2 (taints); lift the limits or add clusters"));
        p.perCluster.erase("osaka");
        QCOMPARE(decide(three(), replicated(9), p, round).message, std::string("9 replicas over 3 clusters"));
        FakeRound plain;
        plain.addEvenDivider();
        p.perCluster = {{"tokyo", {.min = 0, .max = 1}}};
        QCOMPARE(decide(fleet({cluster("tokyo")}), replicated(2), p, plain).message,
                 std::string("1 of 2 replicas found no room in 1 cluster, limited in tokyo: at most 1 by "
                             "perCluster; lift the limits or add clusters"));
    }

    void minimumsNeverAddUpToMoreThanWanted() {
        FakeRound round;
        round.addEvenDivider();
        Policy p = policy();
        for (const char* name : {"tokyo", "osaka", "oregon"})
            p.perCluster[name] = {.min = 4, .max = {}};
        const Decision d = decide(three(), replicated(6), p, round);
        QVERIFY(d.scheduled);
        std::int64_t sum = 0;
        for (const auto& [name, share] : sharesOf(d.spec))
            sum += share;
        QCOMPARE(sum, 6);
        std::string told;
        for (const char* name : {"oregon", "osaka", "tokyo"})
            if (const std::int64_t share = sharesOf(d.spec)[name]; share < 4)
                told += std::string(told.empty() ? "" : ", ") + name + " " + std::to_string(share) + " of 4";
        QCOMPARE(d.message, "6 replicas over 2 clusters; below the minimum: " + told);
        p.perCluster = {{"tokyo", {.min = 5, .max = 2}}};
        QCOMPARE(decide(fleet({cluster("tokyo"), cluster("osaka")}), replicated(4), p, round).message,
                 std::string("4 replicas over 2 clusters; below the minimum: tokyo 2 of 5"));
        QCOMPARE(decide(fleet({cluster("tokyo"), cluster("osaka")}), replicated(0), p, round).message,
                 std::string("0 replicas over 2 clusters"));
    }

    void anUnreachableClusterKeepsWhatItHasAndCounts() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        const auto clusters =
            fleet({cluster("tokyo"), cluster("osaka", Phase::Unreachable), cluster("oregon")});
        PlacementSpec last;
        last.policy = p.ref;
        last.replicas = 6;
        last.clusters = {{"oregon", 2}, {"osaka", 2}, {"tokyo", 2}};
        const Shares up = sharesOf(decide(clusters, replicated(10, currentOf(last)), p, round, &last).spec);
        QCOMPARE(up, (Shares{{"tokyo", 4}, {"osaka", 2}, {"oregon", 4}}));
        const Shares down = sharesOf(decide(clusters, replicated(3, currentOf(last)), p, round, &last).spec);
        QCOMPARE(down.at("osaka"), 2);
        // Lowered only if the total itself is smaller.
        const Shares least = sharesOf(decide(clusters, replicated(1, currentOf(last)), p, round, &last).spec);
        QCOMPARE(least, (Shares{{"osaka", 1}}));
    }

    void duplicatesWithinTheLimits() {
        FakeRound round;
        Policy p = policy();
        p.strategy = ReplicaStrategy::Duplicate;
        p.perCluster["osaka"] = {.min = 0, .max = 2};
        const Decision d = decide(three(), replicated(5), p, round);
        QCOMPARE(sharesOf(d.spec), (Shares{{"tokyo", 5}, {"osaka", 2}, {"oregon", 5}}));
        QVERIFY(d.scheduled);
        QCOMPARE(d.message, std::string("up to 5 replicas in each of 3 clusters"));
        p.perCluster.clear();
        QCOMPARE(decide(three(), replicated(5), p, round).message,
                 std::string("5 replicas in each of 3 clusters"));
    }

    void rebalancesOnlyWhenThePolicySaysSo() {
        FakeRound round;
        round.addEvenDivider();
        Policy p = policy();
        const PlacementSpec last = standing(p);  // 1 + 3 of 4, oregon is new
        const auto shares = [&](Rebalance mode, std::int64_t wanted) {
            p.rebalance = mode;
            return sharesOf(decide(three(), replicated(wanted, currentOf(last)), p, round, &last).spec);
        };
        QCOMPARE(shares(Rebalance::WhenNeeded, 4), (Shares{{"osaka", 1}, {"tokyo", 3}}));
        QCOMPARE(shares(Rebalance::Never, 4), (Shares{{"osaka", 1}, {"tokyo", 3}}));
        QCOMPARE(shares(Rebalance::Always, 4).size(), std::size_t{3});
        QCOMPARE(shares(Rebalance::Never, 6), (Shares{{"osaka", 2}, {"tokyo", 2}, {"oregon", 2}}));
        // A cluster drops out: WhenNeeded fills up, Never does not.
        p.rebalance = Rebalance::WhenNeeded;
        const auto two = fleet({cluster("osaka"), cluster("oregon")});
        Decision d = decide(two, replicated(4, currentOf(last)), p, round, &last);
        QCOMPARE(sharesOf(d.spec), (Shares{{"osaka", 2}, {"oregon", 2}}));
        p.rebalance = Rebalance::Never;
        d = decide(two, replicated(4, currentOf(last)), p, round, &last);
        QCOMPARE(sharesOf(d.spec), (Shares{{"osaka", 1}}));
        QCOMPARE(d.spec.unplaced, 3);
    }

    void whatMembersHoldIsTakenOverWithoutMovingIt() {
        FakeRound round;
        round.addEvenDivider();
        const Policy p = policy();
        PlacementSpec found;  // as after the loss of the store: no policy, no total
        found.clusters = {{"osaka", 1}, {"tokyo", 3}};
        const Decision d = decide(three(), replicated(4, currentOf(found)), p, round, &found);
        QVERIFY(d.scheduled);
        QCOMPARE(sharesOf(d.spec), (Shares{{"osaka", 1}, {"tokyo", 3}}));
        QVERIFY(d.spec.policy == p.ref);
    }

    void whateverFailsTheLastDecisionStands_data() {
        QTest::addColumn<int>("stage");
        QTest::addColumn<int>("mistake");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, Stage stage, int mistake, const char* says) {
            QTest::newRow(name) << static_cast<int>(stage) << mistake << says;
        };
        row("error", Stage::Filter, 0, "broken");
        row("unknown cluster", Stage::Filter, 1, "unknown cluster");
        row("duplicate", Stage::Score, 2, "in its place");
        row("NaN", Stage::Score, 3, "a score of nan");
        row("infinite", Stage::Score, 4, "a score of inf");
        row("too high", Stage::Score, 5, "a score of 1.5");
        row("min above max", Stage::Limit, 6, "limits from 3 to 2");
        row("negative limit", Stage::Limit, 7, "limits from -1");
        row("more than asked", Stage::Divide, 8, "more replicas than");
        row("above max", Stage::Divide, 9, "replicas, its limits are");
        row("negative", Stage::Divide, 10, "-1 replicas");
        row("strange verdict", Stage::Select, 11, "neither 0 nor 1");
        row("overflow", Stage::Divide, 12, "replicas, its limits are");
    }
    void whateverFailsTheLastDecisionStands() {
        QFETCH(int, stage);
        QFETCH(int, mistake);
        QFETCH(QString, says);
        const FakeRound::Run bad = [mistake](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            switch (mistake) {
                case 0:
                    return fail(Code::Internal, "broken");
                case 1:
                    rows[0].cluster = 99;
                    break;
                case 2:
                    rows[0].cluster = rows[1].cluster;
                    break;
                case 3:
                    rows[0].points = std::numeric_limits<double>::quiet_NaN();
                    break;
                case 4:
                    rows[0].points = std::numeric_limits<double>::infinity();
                    break;
                case 5:
                    rows[0].points = 1.5;
                    break;
                case 6:
                    rows[0].lower = 3, rows[0].upper = 2;
                    break;
                case 7:
                    rows[0].lower = -1;
                    break;
                case 8:
                    for (RoundRow& row : rows)
                        row.replicas = 4;
                    break;
                case 9:
                    rows[0].replicas = 100;
                    break;
                case 10:
                    rows[0].replicas = -1;
                    break;
                case 11:
                    rows[0].out = 7;
                    break;
                default:
                    rows[0].replicas = std::numeric_limits<std::int64_t>::max();
                    break;
            }
            return {};
        };
        Policy p = policy();
        p.rebalance = Rebalance::Always;
        const PlacementSpec last = standing(p);
        FakeRound round;
        round.add("bad", static_cast<Stage>(stage), bad);
        if (static_cast<Stage>(stage) != Stage::Divide)
            round.addEvenDivider();
        const Decision d = decide(three(), replicated(4, currentOf(last)), p, round, &last);
        QVERIFY(!d.scheduled);
        QVERIFY(d.keepsLast);
        QCOMPARE(d.reason, std::string("PolicyError"));
        QVERIFY(d.spec == last);
        QVERIFY2(d.message.find(says.toStdString()) != std::string::npos, d.message.c_str());
        QVERIFY2(d.message.find("\"bad\"") != std::string::npos, d.message.c_str());

        // Marked optional it is left out, and the rest decides. What divides cannot be left out.
        FakeRound optional;
        optional.add("bad", static_cast<Stage>(stage), bad, true);
        if (static_cast<Stage>(stage) != Stage::Divide)
            optional.addEvenDivider();
        const Decision o = decide(three(), replicated(4, currentOf(last)), p, optional, &last);
        QCOMPARE(o.scheduled, static_cast<Stage>(stage) != Stage::Divide);
        QCOMPARE(o.explanation->traces.front().failure.empty(), false);
    }

    void whatAPluginWritesIntoItsInputsIsIgnored() {
        FakeRound round;
        round.add("vandal", Stage::Filter, [](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            for (RoundRow& row : rows) {
                row.current = 1000;
                row.min = 1000;
                row.tieBreak = 0;
            }
            return {};
        });
        round.addEvenDivider();
        const Policy p = policy();
        FakeRound plain;
        plain.addEvenDivider();
        QCOMPARE(sharesOf(decide(three(), replicated(4), p, round).spec),
                 sharesOf(decide(three(), replicated(4), p, plain).spec));
    }

    void nothingFitsNothingMoves() {
        FakeRound round;
        round.add("closed", Stage::Filter, [](std::span<RoundRow> rows, ReasonLog* log) -> Result<void> {
            for (RoundRow& row : rows) {
                row.out = 1;
                row.reason = log->add("closed");
            }
            return {};
        });
        const Policy p = policy();
        const PlacementSpec last = standing(p);
        const Decision d = decide(three(), replicated(4, currentOf(last)), p, round, &last);
        QCOMPARE(d.reason, std::string("NoClusterFits"));
        QVERIFY(d.spec == last);
        QVERIFY2(d.message.find("3 rejected by closed") != std::string::npos, d.message.c_str());
        // Each cluster's verdict of now: the Placement keeps those of the decision that stays.
        QVERIFY2(d.message.find(": rejected by closed") != std::string::npos, d.message.c_str());
        const Decision none = decide(fleet({}), replicated(4, currentOf(last)), p, round, &last);
        QCOMPARE(none.reason, std::string("NoClusterFits"));
        QVERIFY(none.spec == last);
    }

    void whatADecisionWasMadeForIsSaidByName() {
        const Policy p = policy();
        const PlacementSpec last = standing(p);
        QCOMPARE(becauseOf(nullptr, last), std::string("it is new"));
        PlacementSpec next = last;
        next.clusters.erase(next.clusters.begin());
        const std::string gone = last.clusters.front().name;
        QCOMPARE(becauseOf(&last, next), "cluster " + gone + " dropped out");
        QCOMPARE(becauseOf(&next, last), "cluster " + gone + " came in");
        next.clusters.push_back({"zz", {}});
        QCOMPARE(becauseOf(&last, next), "cluster " + gone + " dropped out, cluster zz came in");
        for (const std::string name : {"zza", "zzb", "zzc", "zzd"})
            next.clusters.push_back({name, {}});
        QCOMPARE(becauseOf(&last, next), "cluster " + gone + " dropped out, 5 clusters came in");
        next = last;
        next.clusters.front().replicas = last.clusters.front().replicas.value_or(0) + 1;
        QCOMPARE(becauseOf(&last, next), std::string("what the clusters can take changed"));
    }

    void withoutPolicyOrSuspendedNothingMoves() {
        Policy p = policy();
        const PlacementSpec last = standing(p);
        ScheduleInput input{
            .fleet = three(), .workload = replicated(9, currentOf(last)), .last = &last, .roundError = {}};
        QCOMPARE(schedule(input).reason, std::string("NoPolicy"));
        QVERIFY(schedule(input).spec == last);
        input.policy = &p;
        input.roundError = "there is no plugin \"x\"";
        QCOMPARE(schedule(input).reason, std::string("PolicyError"));
        QVERIFY(schedule(input).spec == last);
        p.suspend = true;
        QCOMPARE(schedule(input).reason, std::string("Suspended"));
        QVERIFY(schedule(input).spec == last);
    }

    void twoDividersAreAMistake() {
        FakeRound round;
        round.addEvenDivider().addEvenDivider();
        const Policy p = policy();
        const Decision d = decide(three(), replicated(1), p, round);
        QCOMPARE(d.reason, std::string("PolicyError"));
        QVERIFY(d.spec.clusters.empty());
    }

    void scoresAreWeightedAndARejectionInScoreExcludes() {
        FakeRound round;
        round.add("a", Stage::Score, setAll(0.5), false, 2);
        round.add("b", Stage::Score, [](std::span<RoundRow> rows, ReasonLog*) -> Result<void> {
            rows[0].out = 1;
            rows[1].points = 1;
            return {};
        });
        Workload everywhere = replicated(1);
        everywhere.form = Form::Everywhere;
        const Policy p = policy();
        const Decision d = decide(three(), everywhere, p, round);
        QCOMPARE(sharesOf(d.spec), (Shares{{"osaka", -1}, {"tokyo", -1}}));  // by name: oregon is row 0
        QCOMPARE(d.explanation->outcomes[1].score, 2.0);
        QCOMPARE(d.explanation->outcomes[2].score, 1.0);
    }

    void randomRoundsKeepTheirPromises() {
        std::mt19937 random(20261122);
        const auto pick = [&](int below) {
            return static_cast<int>(random() % static_cast<unsigned>(below));
        };
        for (int turn = 0; turn < 2000; ++turn) {
            std::vector<ClusterInfo> clusters;
            const int count = 1 + pick(8);
            for (int i = 0; i < count; ++i)
                clusters.push_back(
                    cluster("c" + std::to_string(i), pick(5) == 0 ? Phase::Unreachable : Phase::Ready));
            Policy p = policy();
            p.rebalance = static_cast<Rebalance>(pick(3));
            std::vector<CurrentShare> current;
            PlacementSpec last;
            last.policy = p.ref;
            for (int i = 0; i < count; ++i) {
                if (pick(3) == 0)
                    p.perCluster["c" + std::to_string(i)] = {.min = pick(3), .max = 3 + pick(10)};
                if (pick(2) == 0)
                    current.push_back({"c" + std::to_string(i), pick(6), 0});
            }
            std::int64_t before = 0;
            for (const auto& share : current) {
                last.clusters.push_back({share.cluster, share.replicas});
                before += share.replicas;
            }
            last.replicas = before;
            const bool hasLast = !current.empty();
            FakeRound round;
            round.addEvenDivider();
            const std::int64_t wanted = pick(30);
            const Decision d =
                decide(fleet(clusters), replicated(wanted, current), p, round, hasLast ? &last : nullptr);
            if (d.keepsLast)
                continue;
            std::int64_t sum = 0;
            for (const ClusterShare& share : d.spec.clusters) {
                QVERIFY(*share.replicas >= 0);
                sum += *share.replicas;
            }
            QVERIFY(sum <= wanted);
            QCOMPARE(sum + d.spec.unplaced, wanted);
            // Decided again with nothing changed, nothing changes.
            const Decision again =
                decide(fleet(clusters), replicated(wanted, currentOf(d.spec)), p, round, &d.spec);
            QVERIFY2(again.spec == d.spec, again.message.c_str());
        }
    }
};

QTEST_GUILESS_MAIN(ScheduleTest)
#include "schedule_test.moc"

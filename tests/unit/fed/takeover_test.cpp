// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/takeover.h"

#include <QtTest/QTest>

#include "kubefed/fed/names.h"
#include "tests/unit/fed/fleet_builders.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

namespace {

PlacementSpec spec(const std::map<std::string, std::int64_t>& shares) {
    PlacementSpec made;
    for (const auto& [name, replicas] : shares)
        made.clusters.push_back({name, replicas});
    return made;
}

Decision decision(const std::map<std::string, std::int64_t>& shares) {
    Decision made;
    made.scheduled = true;
    made.reason = kReasonScheduled;
    made.spec = spec(shares);
    made.spec.replicas = 0;
    for (const auto& [name, replicas] : shares)
        *made.spec.replicas += replicas;
    return made;
}

using Shares = std::map<std::string, std::int64_t>;

}  // namespace

class TakeoverTest : public QObject {
    Q_OBJECT

    FleetPtr m_fleet = fleet({cluster("m1"), cluster("m2"), cluster("m3", Phase::Leaving)});
    Policy m_own = policy();
    Policy m_default = policy();

private Q_SLOTS:
    void initTestCase() {
        m_default.ref = {"ClusterPlacementPolicy", "", std::string(kDefaultPolicyName), "u0", 1};
    }

    void whatWasFoundIsAddedToWhatIsNamed() {
        const TemplateRef source{{"", "v1", "Pod"}, {"shop", "a"}, "u"};
        QVERIFY(!withFound(nullptr, source, {}));
        QVERIFY(
            (sharesOf(*withFound(nullptr, source, {{"m2", 4}, {"m1", 3}})) == Shares{{"m1", 3}, {"m2", 4}}));
        const PlacementSpec last = spec({{"m2", 1}});
        QVERIFY(
            (sharesOf(*withFound(&last, source, {{"m1", 3}, {"m2", 4}})) == Shares{{"m1", 3}, {"m2", 1}}));
        QCOMPARE(withFound(&last, source, {})->source.uid, std::string("u"));
        QVERIFY(isUndecided(nullptr));
        QVERIFY(isUndecided(&last));
    }

    void whileOthersMayFollowNothingMoves() {
        const PlacementSpec last = spec({{"m1", 4}});
        for (const Policy* policy : {&m_own, &m_default}) {
            const Decision held = takeOver(decision({{"m1", 8}}), {*m_fleet, last, *policy, true});
            QCOMPARE(held.reason, std::string(kReasonTakingOver));
            QVERIFY((sharesOf(held.spec) == Shares{{"m1", 4}}));
            QCOMPARE(held.spec.replicas, std::optional<std::int64_t>(8));
            QCOMPARE(held.spec.unplaced, 4);
            QVERIFY(held.spec.policy.isEmpty());
            QVERIFY(held.keepsLast && !held.scheduled);
            QCOMPARE(takeOver(decision({{"m1", 8}}), {*m_fleet, last, *policy, false}).reason,
                     std::string(kReasonScheduled));
        }
        // What is as the policy would have it is decided at once.
        QCOMPARE(takeOver(decision({{"m1", 4}}), {*m_fleet, last, m_own, true}).reason,
                 std::string(kReasonScheduled));
    }

    void thePolicyDefaultTakesNothingAway() {
        PlacementSpec last = spec({{"m1", 4}, {"m2", 4}});
        const Decision made = decision({{"m1", 2}, {"m2", 2}});
        const Decision held = takeOver(made, {*m_fleet, last, m_default, false});
        QCOMPARE(held.reason, std::string(kReasonTakingOver));
        QVERIFY((sharesOf(held.spec) == Shares{{"m1", 4}, {"m2", 4}}));
        QCOMPARE(held.spec.unplaced, 0);
        QCOMPARE(takeOver(decision({{"m1", 8}}), {*m_fleet, last, m_default, false}).reason,
                 std::string(kReasonTakingOver));
        QCOMPARE(takeOver(made, {*m_fleet, last, m_own, false}).reason, std::string(kReasonScheduled));
        // Again, from what the hold has written down; then with another total.
        last = held.spec;
        QCOMPARE(takeOver(made, {*m_fleet, last, m_default, false}).reason, std::string(kReasonTakingOver));
        QCOMPARE(takeOver(decision({{"m1", 3}, {"m2", 3}}), {*m_fleet, last, m_default, false}).reason,
                 std::string(kReasonScheduled));
    }

    void whatLeavesOrHasLeftIsNotHeld() {
        const PlacementSpec last = spec({{"gone", 2}, {"m1", 4}, {"m3", 2}});
        QCOMPARE(takeOver(decision({{"m1", 8}}), {*m_fleet, last, m_default, false}).reason,
                 std::string(kReasonScheduled));
        const Decision held = takeOver(decision({{"m1", 8}}), {*m_fleet, last, m_default, true});
        QVERIFY((sharesOf(held.spec) == Shares{{"m1", 4}}));
    }

    void whatKeepsTheLastDecisionIsLeftAsItIs() {
        const PlacementSpec last = spec({{"m1", 4}});
        Decision kept;
        kept.reason = kReasonPolicyError;
        kept.keepsLast = true;
        kept.spec = last;
        QCOMPARE(takeOver(kept, {*m_fleet, last, m_own, true}).reason, std::string(kReasonPolicyError));
    }
};

QTEST_APPLESS_MAIN(TakeoverTest)
#include "takeover_test.moc"

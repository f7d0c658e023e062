// SPDX-License-Identifier: Apache-2.0
//
// Where something goes that follows its users, and where it stays for those that were left behind.
#include "kubefed/fed/following.h"

#include <algorithm>

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::fed;

namespace {

PlacementSpec placed(const char* name, std::vector<std::string> clusters) {
    PlacementSpec spec;
    spec.source = {{"", "v1", "ReplicationController"}, {"shop", name}, std::string("uid-of-") + name};
    for (std::string& cluster : clusters)
        spec.clusters.push_back({std::move(cluster), 1});
    return spec;
}

LeftBehind left(const char* name, std::vector<std::string> clusters) {
    return {{"", "v1", "ReplicationController"}, name, std::move(clusters)};
}

// All clusters but "gone" are joined.
Following following(std::span<const Leader> leaders, const PlacementSpec* last = nullptr,
                    const PlacementSpec* again = nullptr) {
    return {.leaders = leaders,
            .last = last,
            .isDecidedAgain =
                [again](const LeftBehind& who, std::string_view cluster) {
                    return again != nullptr && who.isOf(again->source) && again->find(cluster) != nullptr;
                },
            .isJoined = [](std::string_view name) { return name != "gone"; }};
}

std::string clustersOf(const Decision& decision) {
    std::string text;
    for (const ClusterShare& share : decision.spec.clusters)
        text += (text.empty() ? "" : " ") + share.name;
    return text;
}

const KindTraits& kService = *findKind("v1", "Service");
const KindTraits& kConfigMap = *findKind("v1", "ConfigMap");

}  // namespace

#define SAME_TEXT(a, b) QCOMPARE(QString::fromStdString(a), QString::fromStdString(b))

class FollowingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void followersGoWhereTheirUsersAre() {
        const PlacementSpec a = placed("a", {"oregon", "tokyo"});
        const PlacementSpec b = placed("b", {"osaka"});
        const std::vector<Leader> both{{&a}, {&b}};
        const Decision d = follow(kService, following(both));
        QVERIFY(d.scheduled);
        SAME_TEXT(clustersOf(d), "oregon osaka tokyo");
        SAME_TEXT(d.message, "follows ReplicationController/a, ReplicationController/b");
        QVERIFY(d.spec.leftBehind.empty());
        const Decision none = follow(kService, following({}, &d.spec));
        SAME_TEXT(none.reason, "NoSelectedPods");
        QVERIFY(none.spec == d.spec);
        SAME_TEXT(follow(kConfigMap, following({}, &d.spec)).reason, "NotReferenced");
    }

    void whatHasNothingToFollowSaysWhy() {
        SAME_TEXT(follow(kConfigMap, following({})).message, "no pod of the federation names it");
        Following input = following({});
        SAME_TEXT(follow(kService, input).message, "its selector selects no pods of the federation");
        input.hasSelector = false;
        const Decision none = follow(kService, input);
        SAME_TEXT(none.reason, "NoSelectedPods");
        SAME_TEXT(none.message,
                  "it has no selector, so no pods say where it goes; name its kind in a policy");
        const PlacementSpec nowhere = placed("a", {});
        const std::vector<Leader> waiting{{&nowhere}};
        SAME_TEXT(follow(kService, following(waiting)).message, "what uses it is not placed yet");
    }

    void onHalfTheKnowledgeNothingIsDropped() {
        const PlacementSpec a = placed("a", {"tokyo"});
        const PlacementSpec last = placed("x", {"osaka", "tokyo"});
        const std::vector<Leader> one{{&a}};
        Following input = following(one, &last);
        SAME_TEXT(clustersOf(follow(kService, input)), "tokyo");
        input.isPending = true;
        SAME_TEXT(clustersOf(follow(kService, input)), "osaka tokyo");
    }

    void whoIsLeftBehindIsRemembered() {
        const PlacementSpec a = placed("a", {"tokyo"});
        const PlacementSpec b = placed("b", {"osaka"});
        const std::vector<Leader> both{{&a, true}, {&b}};
        const Decision d = follow(kConfigMap, following(both));
        SAME_TEXT(clustersOf(d), "osaka tokyo");
        QVERIFY(d.spec.leftBehind == std::vector{left("a", {"tokyo"})});
        QVERIFY(isLeftBehind(d.spec, a.source, "tokyo"));
        QVERIFY(!isLeftBehind(d.spec, a.source, "osaka"));
        QVERIFY(!isLeftBehind(d.spec, b.source, "tokyo"));
        QVERIFY(d.spec.onDelete == OnDelete::Orphan);
        SAME_TEXT(d.message,
                  "follows ReplicationController/b; stays where ReplicationController/a was left behind");

        const std::vector<Leader> onlyB{{&b}};
        const Decision after = follow(kConfigMap, following(onlyB, &d.spec));
        QVERIFY(after.spec == d.spec);
        const Decision alone = follow(kConfigMap, following({}, &d.spec));
        SAME_TEXT(clustersOf(alone), "tokyo");
        SAME_TEXT(alone.reason, "Follows");
        SAME_TEXT(alone.message, "stays where ReplicationController/a was left behind");
    }

    void oneWhoComesBackSpeaksForItsClusters() {
        PlacementSpec last = placed("x", {"osaka", "tokyo"});
        last.leftBehind = {left("a", {"osaka", "tokyo"})};
        const PlacementSpec again = placed("a", {"tokyo"});
        QVERIFY(leftBehind(following({}, &last, &again)) == std::vector{left("a", {"osaka"})});
        const PlacementSpec other = placed("b", {"tokyo"});
        QVERIFY(leftBehind(following({}, &last, &other)) == last.leftBehind);
    }

    void nobodyIsLeftBehindInAClusterThatLeft() {
        PlacementSpec last = placed("x", {"gone"});
        last.leftBehind = {left("a", {"gone"})};
        QVERIFY(leftBehind(following({}, &last)).empty());
        const PlacementSpec a = placed("a", {"gone", "tokyo"});
        const std::vector<Leader> one{{&a, true}};
        QVERIFY(leftBehind(following(one, &last)) == std::vector{left("a", {"tokyo"})});
    }

    void whatIsOwedToOneThatIsLeftIsItsPlace() {
        const PlacementSpec a = placed("a", {"tokyo"});
        const PlacementSpec b = placed("b", {"tokyo"});
        std::vector<Leader> both{{&a, true, {"gone", "osaka"}}, {&b}};
        const Decision d = follow(kConfigMap, following(both));
        SAME_TEXT(clustersOf(d), "osaka tokyo");
        QVERIFY(d.spec.leftBehind == std::vector{left("a", {"osaka", "tokyo"})});
        both.front().isLeft = false;  // it is being removed there
        SAME_TEXT(clustersOf(follow(kConfigMap, following(both))), "tokyo");
    }

    // Names that are generated never end, and a Placement has a limited size.
    void ofVeryManySomeAreNamed() {
        std::vector<PlacementSpec> jobs;
        for (int i = 0; i < 1000; ++i)
            jobs.push_back(placed(("job-" + std::to_string(1000 + i)).c_str(),
                                  {i % 2 == 0 ? "osaka" : "tokyo", "gone"}));
        std::vector<Leader> leaders;
        for (const PlacementSpec& job : jobs)
            leaders.push_back({&job, true});
        const Decision d = follow(kConfigMap, following(leaders));
        QCOMPARE(d.spec.leftBehind.size(), kMaxNamedLeft + 1);
        QVERIFY(d.spec.leftBehind.front() == (LeftBehind{{}, {}, {"osaka", "tokyo"}}));
        QVERIFY(d.spec.leftBehind.back() == left("job-1063", {"tokyo"}));
        SAME_TEXT(clustersOf(d), "osaka tokyo");
        SAME_TEXT(d.message,
                  "stays where ReplicationController/job-1000, ReplicationController/job-1001, "
                  "ReplicationController/job-1002 and others were left behind");
        for (const PlacementSpec& job : jobs)
            QVERIFY(isLeftBehind(d.spec, job.source, job.clusters.front().name));
        QVERIFY(!isLeftBehind(d.spec, jobs.back().source, "oregon"));
        // It stays the same, whoever of them is still there.
        QVERIFY(follow(kConfigMap, following(leaders, &d.spec)).spec == d.spec);
        QVERIFY(follow(kConfigMap, following({}, &d.spec)).spec == d.spec);
        // A new one does not take the name of one that is known, wherever it sorts.
        const PlacementSpec first = placed("a", {"oregon"});
        const std::vector<Leader> more{{&first, true}};
        const auto after = leftBehind(following(more, &d.spec));
        QVERIFY(after.front() == (LeftBehind{{}, {}, {"oregon", "osaka", "tokyo"}}));
        QVERIFY(std::ranges::equal(after.begin() + 1, after.end(), d.spec.leftBehind.begin() + 1,
                                   d.spec.leftBehind.end()));
    }

    void whoIsNotNamedEndsOnlyWithItsClusters() {
        PlacementSpec last = placed("x", {"gone", "osaka"});
        last.leftBehind = {{{}, {}, {"gone", "osaka"}}};
        const PlacementSpec again = placed("a", {"osaka"});
        const std::vector<Leader> one{{&again}};
        const Decision d = follow(kConfigMap, following(one, &last, &again));
        QVERIFY(d.spec.leftBehind == std::vector{(LeftBehind{{}, {}, {"osaka"}})});
        SAME_TEXT(d.message, "follows ReplicationController/a; stays where others were left behind");
        PlacementSpec gone = placed("x", {"gone"});
        gone.leftBehind = {{{}, {}, {"gone"}}};
        QVERIFY(leftBehind(following({}, &gone)).empty());
    }
};

QTEST_GUILESS_MAIN(FollowingTest)
#include "following_test.moc"

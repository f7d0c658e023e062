// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/status_aggregation.h"

#include <array>

#include <QtTest/QTest>

#include "kubefed/fed/manifest.h"
#include "tests/unit/fed/sync_test_data.h"

using namespace kubefed;
using namespace kubefed::fed;

namespace {

const KindTraits& traits(std::string_view kind) {
    return *findKind("v1", kind);
}

MemberObject liveRc(std::int64_t replicas, std::int64_t ready) {
    MemberObject live;
    live.uid = "u";
    live.generation = 1;
    live.status.replicas = replicas;
    live.status.readyReplicas = ready;
    live.status.availableReplicas = ready;
    live.status.fullyLabeledReplicas = replicas - 1;
    return live;
}

ClusterView view(std::string name, const MemberObject* live, std::int64_t desired) {
    ClusterView result;
    result.name = std::move(name);
    result.live = live;
    result.desired = desired;
    result.state = live != nullptr ? ObjectState::Synced : ObjectState::Pending;
    result.templateGeneration = live != nullptr ? 3 : 0;
    return result;
}

std::int64_t number(const std::optional<kube::JsonObject>& status, std::string_view key) {
    return kube::intAt(*status, {key}).value_or(-1);
}

std::string reasonOf(const PlacementStatus& status, std::string_view type) {
    return findCondition(status.conditions, type)->reason;
}

}  // namespace

class StatusAggregationTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theCommonestReasonCounts() {
        QCOMPARE(commonestReason({{"ErrImagePull", 1}, {"ImagePullBackOff", 3}}),
                 std::string("ImagePullBackOff ×3"));
        QCOMPARE(commonestReason({{"B", 2}, {"A", 2}}), std::string("A ×2"));
        QCOMPARE(commonestReason({}), std::string());
    }

    void replicatedStatusIsTheSum() {
        const kube::Object source = kube::Object::parse(test::kTemplateRc).value();
        const MemberObject a = liveRc(4, 3);
        const MemberObject b = liveRc(2, 2);
        std::vector<ClusterView> views{view("m1", &a, 4), view("m2", &b, 2)};
        auto status = templateStatus(traits("ReplicationController"), source, views);
        QCOMPARE(number(status, "replicas"), 6);
        QCOMPARE(number(status, "readyReplicas"), 5);
        QCOMPARE(number(status, "fullyLabeledReplicas"), 4);
        QCOMPARE(number(status, "observedGeneration"), 3);
        views[1].templateGeneration = 2;  // m2 still has the version before
        status = templateStatus(traits("ReplicationController"), source, views);
        QCOMPARE(number(status, "observedGeneration"), -1);
        views[1].reachable = false;  // and cannot be asked: it counts, but holds nothing up
        status = templateStatus(traits("ReplicationController"), source, views);
        QCOMPARE(number(status, "replicas"), 6);
        QCOMPARE(number(status, "observedGeneration"), 3);
    }

    void aMembersOwnControllerMustHaveSeenIt() {
        const kube::Object source = kube::Object::parse(test::kTemplateRc).value();
        MemberObject a = liveRc(4, 4);
        a.generation = 2;
        a.status.observedGeneration = 1;
        std::vector<ClusterView> views{view("m1", &a, 4)};
        QCOMPARE(number(templateStatus(traits("ReplicationController"), source, views), "observedGeneration"),
                 -1);
        a.status.observedGeneration = 2;
        QCOMPARE(number(templateStatus(traits("ReplicationController"), source, views), "observedGeneration"),
                 3);
    }

    void whatIsOnlyRememberedCountsAsItCanBe() {
        kube::Object source = kube::Object::parse(test::kTemplateRc).value();
        const KindTraits& rc = traits("ReplicationController");
        const MemberObject a = liveRc(4, 4);
        PlacementStatus written;
        written.clusters.push_back({.name = "m2", .state = ObjectState::Synced});
        written.clusters[0].replicas = {.desired = 3, .ready = 1};
        written.clusters[0].observedGeneration = 3;
        std::vector<ClusterView> views{view("m1", &a, 4), view("m2", nullptr, 3)};
        recall(views[1], written, 3, 0);
        const auto replicas = [&](std::int64_t stands) {
            source.document()["status"] = kube::JsonObject{{"replicas", stands}, {"observedGeneration", 2}};
            return number(templateStatus(rc, source, views), "replicas");
        };
        QCOMPARE(replicas(6), 6);  // two of its three: it can be
        QCOMPARE(replicas(0), 5);
        QCOMPARE(replicas(9), 7);
        const auto status = templateStatus(rc, source, views);
        QCOMPARE(number(status, "readyReplicas"), 5);
        QCOMPARE(number(status, "availableReplicas"), 4);
        QCOMPARE(number(status, "observedGeneration"), 2);  // nobody has seen that it has it
        QCOMPARE(clusterStatus(views[1], rc, nullptr, "t").replicas->ready, 1);
        written.clusters[0].observedGeneration = 0;  // it never had it
        recall(views[1], written, 3, 0);
        QCOMPARE(replicas(9), 5);

        kube::Object service = kube::Object::parse(test::kTemplateService).value();
        MemberObject b;
        b.status.text = "[{\"ip\":\"3.3.3.3\"}]";
        views[0] = view("m1", &b, 0);
        service.document()["status"] =
            kube::parseJson(R"({"loadBalancer":{"ingress":[{"ip":"2.2.2.2"},{"ip":"1.1.1.1"}]}})").value();
        const auto balancer = templateStatus(traits("Service"), service, views);
        QCOMPARE(kube::printJson(balancer->at("loadBalancer").at("ingress")),
                 std::string(R"([{"ip":"2.2.2.2"},{"ip":"1.1.1.1"},{"ip":"3.3.3.3"}])"));
    }

    void whatWasWrittenStandsUnlessMoreIsAskedSince() {
        struct Row {
            const char* name;
            ObjectState written;
            std::int64_t generation;
            std::int64_t desired;
            bool wanted;
            ObjectState state;
        };
        const std::array rows{Row{"as it is", ObjectState::Synced, 3, 2, true, ObjectState::Synced},
                              Row{"another version", ObjectState::Synced, 2, 2, true, ObjectState::Pending},
                              Row{"another share", ObjectState::Drifted, 3, 5, true, ObjectState::Pending},
                              Row{"dropped since", ObjectState::Synced, 3, 2, false, ObjectState::Pending},
                              Row{"refused", ObjectState::Failed, 2, 5, true, ObjectState::Failed},
                              Row{"kept there", ObjectState::Left, 3, 0, false, ObjectState::Left},
                              Row{"was away", ObjectState::Unreachable, 3, 2, true, ObjectState::Pending}};
        for (const Row& row : rows) {
            PlacementStatus written;
            written.clusters.push_back({.name = "m1", .state = row.written, .reason = "Why"});
            written.clusters[0].replicas = {.desired = row.desired, .ready = 2};
            written.clusters[0].observedGeneration = row.generation;
            ClusterView one = view("m1", nullptr, 2);
            one.wanted = row.wanted;
            recall(one, written, 3, 0);
            QVERIFY2(one.state == row.state, row.name);
            QVERIFY2(one.reason.empty() == (row.state != row.written), row.name);
        }
        // Healthy stays Healthy, until it is seen.
        PlacementStatus written;
        setCondition(written.conditions, {.type = std::string(kHealthyCondition), .status = "True"}, "t");
        written.clusters.push_back({.name = "m1", .state = ObjectState::Synced});
        written.clusters[0].observedGeneration = 3;
        std::vector<ClusterView> pods{view("m1", nullptr, 0)};
        recall(pods[0], written, 3, 0);
        setObjectConditions(written, pods, traits("Pod"), 1, "t2");
        QCOMPARE(reasonOf(written, kAppliedCondition), std::string("Applied"));
        QCOMPARE(reasonOf(written, kHealthyCondition), std::string("Healthy"));
    }

    // A ConfigMap has no generation: what stands there tells whether it is the present one.
    void whatStandsThereTellsWhatIsDone() {
        const auto sent = [](const char* value) {
            kube::Object map = kube::Object::make({"", "v1", "ConfigMap"}, "shop", "c");
            map.document()["data"] = kube::JsonObject{{"a", value}};
            return Manifest::build(map, traits("ConfigMap"), "fed-1")->hash({});
        };
        MemberObject live;
        live.appliedHash = sent("1");
        PlacementStatus written;
        written.clusters.push_back({.name = "m1", .state = ObjectState::Synced});
        for (const char* value : {"1", "2"}) {
            ClusterView one = view("m1", &live, 0);
            one.state = ObjectState::Pending;
            recall(one, written, 0, sent(value));
            QVERIFY2(one.state == (sent(value) == sent("1") ? ObjectState::Synced : ObjectState::Pending),
                     value);
        }
        QVERIFY(sent("1") != sent("2"));
    }

    void podStatusIsACopyAndServiceStatusAUnion() {
        const kube::Object pod = kube::Object::parse(test::kTemplatePod).value();
        MemberObject one;
        one.status.text = "{\"phase\":\"Running\"}";
        std::vector<ClusterView> views{view("m1", &one, 0)};
        QCOMPARE(kube::stringAt(*templateStatus(traits("Pod"), pod, views), {"phase"}),
                 std::string_view("Running"));

        const kube::Object service = kube::Object::parse(test::kTemplateService).value();
        MemberObject a;
        MemberObject b;
        a.status.text = "[{\"ip\":\"1.1.1.1\"}]";
        b.status.text = "[{\"ip\":\"2.2.2.2\"},{\"ip\":\"1.1.1.1\"}]";
        views = {view("m1", &a, 0), view("m2", &b, 0)};
        const auto status = templateStatus(traits("Service"), service, views);
        QCOMPARE(kube::arrayAt(*status, {"loadBalancer", "ingress"})->size(), 2U);
        QVERIFY(!templateStatus(traits("ConfigMap"), service, views));
    }

    void conditionsSayWhatIsWrong() {
        const KindTraits& kind = traits("ReplicationController");
        const MemberObject good = liveRc(2, 2);
        const MemberObject bad = liveRc(2, 0);
        struct Row {
            const char* name;
            std::vector<ClusterView> views;
            const char* applied;
            const char* healthy;
        };
        std::vector<Row> rows;
        rows.push_back({"all well", {view("m1", &good, 2)}, "Applied", "Healthy"});
        rows.push_back({"nowhere", {}, "NotPlaced", "NotPlaced"});
        rows.push_back(
            {"on the way", {view("m1", &good, 2), view("m2", nullptr, 2)}, "Applying", "PodsNotReady"});
        rows.push_back({"pods", {view("m1", &bad, 2)}, "Applied", "PodsNotReady"});
        rows.back().views[0].podReasons = {{"ImagePullBackOff", 2}};
        rows.push_back({"away",
                        {view("m1", &good, 2), view("m2", &good, 2)},
                        "MembersUnreachable",
                        "MembersUnreachable"});
        rows.back().views[1].reachable = false;
        rows.push_back(
            {"failed", {view("m1", &good, 2), view("m2", nullptr, 2)}, "Conflict", "PodsNotReady"});
        rows.back().views[1].state = ObjectState::Failed;
        rows.back().views[1].reason = "Conflict";
        for (const Row& row : rows) {
            PlacementStatus status;
            setObjectConditions(status, row.views, kind, 1, "2026-01-01T00:00:00Z");
            QVERIFY2(reasonOf(status, kAppliedCondition) == row.applied, row.name);
            QVERIFY2(reasonOf(status, kHealthyCondition) == row.healthy, row.name);
        }
        PlacementStatus status;
        setObjectConditions(status, rows[3].views, kind, 1, "2026-01-01T00:00:00Z");
        QCOMPARE(findCondition(status.conditions, kHealthyCondition)->message,
                 std::string("m1: ImagePullBackOff ×2"));
    }

    void theMembersWordsAreTheCause() {
        const auto healthy = [](std::span<const ClusterView> views, const KindTraits& kind) {
            PlacementStatus status;
            setObjectConditions(status, views, kind, 1, "t");
            return findCondition(status.conditions, kHealthyCondition)->message;
        };
        MemberObject pod;
        pod.status.reason = "Unschedulable";
        pod.status.message = "0/3 nodes are available: 3 Insufficient cpu.";
        const std::vector<ClusterView> pods{view("m1", &pod, 0)};
        QCOMPARE(healthy(pods, traits("Pod")),
                 std::string("m1: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."));
        QCOMPARE(clusterStatus(pods[0], traits("Pod"), nullptr, "t").message,
                 std::string("Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."));
        MemberObject workload = liveRc(1, 1);
        workload.status.reason = "FailedCreate";
        workload.status.message = "exceeded quota: small";
        std::vector<ClusterView> replicated{view("m1", &workload, 3)};
        const KindTraits& rc = traits("ReplicationController");
        QCOMPARE(healthy(replicated, rc), std::string("m1: FailedCreate: exceeded quota: small"));
        replicated[0].desired = 1;  // all are there: it is of a time before
        QCOMPARE(healthy(replicated, rc), std::string());
        QCOMPARE(clusterStatus(replicated[0], rc, nullptr, "t").message, std::string());
    }

    void whatIsHeldIsNotOnItsWay() {
        const MemberObject good = liveRc(2, 2);
        for (const char* reason : {"Suspended", "NotPropagated"}) {
            std::vector<ClusterView> views{view("m1", &good, 2), view("m2", nullptr, 2)};
            views[1].reason = reason;
            QVERIFY(isHeld(views));
            PlacementStatus status;
            setObjectConditions(status, views, traits("ReplicationController"), 1, "t");
            QCOMPARE(reasonOf(status, kAppliedCondition), std::string(reason));
            views[0].wanted = views[1].wanted = false;  // the template is being deleted
            setObjectConditions(status, views, traits("ReplicationController"), 1, "t");
            QCOMPARE(reasonOf(status, kAppliedCondition), std::string(reason));
        }
    }

    void whatIsMissingIsNamed() {
        using All = std::vector<MissingDependency>;
        QCOMPARE(describeMissing(All{{"A \"a\"", ""}}, "shop"),
                 std::string("A \"a\" does not exist in namespace \"shop\""));
        QCOMPARE(describeMissing(All{{"A", ""}, {"B", ""}, {"C", ""}}, "shop"),
                 std::string("A, B and C do not exist in namespace \"shop\""));
        QCOMPARE(describeMissing(All{{"A", "it is owned"}}, "shop"),
                 std::string("A (it is owned) is not propagated"));
        QCOMPARE(describeMissing(All{{"A", "x"}, {"B", ""}, {"C", "y"}}, "shop"),
                 std::string("B does not exist in namespace \"shop\"; A (x) and C (y) are not propagated"));
        const std::string many = describeMissing(All(20, {"A", ""}), "shop");
        QVERIFY2(many.ends_with("A, A and 8 more do not exist in namespace \"shop\""), many.c_str());
    }

    void transitionsKeepTheirTime() {
        const MemberObject live = liveRc(2, 2);
        const ClusterView one = view("m1", &live, 2);
        const KindTraits& kind = traits("ReplicationController");
        const ClusterObjectStatus first = clusterStatus(one, kind, nullptr, "t1");
        QCOMPARE(clusterStatus(one, kind, &first, "t2").lastTransitionTime, std::string("t1"));
        ClusterView failed = one;
        failed.state = ObjectState::Failed;
        QCOMPARE(clusterStatus(failed, kind, &first, "t2").lastTransitionTime, std::string("t2"));
        ClusterView away = one;
        away.reachable = false;
        QVERIFY(clusterStatus(away, kind, &first, "t2").state == ObjectState::Unreachable);
    }

    void aWaitingDeletionNamesWhomItWaitsFor() {
        PlacementStatus status;
        const std::vector<std::string> away{"oregon"};
        setDeletionCondition(status, away, 2, "t");
        QCOMPARE(reasonOf(status, kAppliedCondition), std::string("WaitingForMembers"));
        QVERIFY(findCondition(status.conditions, kAppliedCondition)->message.find("oregon") !=
                std::string::npos);
    }
};

QTEST_GUILESS_MAIN(StatusAggregationTest)
#include "status_aggregation_test.moc"

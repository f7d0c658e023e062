// SPDX-License-Identifier: Apache-2.0
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "tests/unit/policies/policy_fixture.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

using Shares = std::map<std::string, std::int64_t>;

class PoliciesTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    std::unique_ptr<Decider> m_decider;

    static FleetPtr japanAndUs() {
        return fleet({cluster("tokyo", Phase::Ready, "jp"), cluster("osaka", Phase::Ready, "jp"),
                      cluster("oregon", Phase::Ready, "us")});
    }
    static std::uint32_t at(const FleetPtr& fleet, const char* name) { return *fleet->indexOf(name); }
    [[nodiscard]] Shares shares(const FleetPtr& fleet, Workload workload, const std::string& spec) {
        const Decision d = m_decider->decide(fleet, std::move(workload), spec);
        if (d.keepsLast)
            qWarning("%s: %s", d.reason.c_str(), d.message.c_str());
        return sharesOf(d.spec);
    }
    static Workload everywhere() {
        Workload workload = replicated(1);
        workload.form = Form::Everywhere;
        return workload;
    }

private Q_SLOTS:
    void initTestCase() {
        m_decider = std::make_unique<Decider>(m_dir.path().toStdString());
        QVERIFY(m_decider->isReady());
    }

    void weightsDivideWhatIsLeftAfterMinimums() {
        // The example of the documentation: minimum 2 for osaka, weights 3 and 1, 9 replicas.
        const auto two = fleet({cluster("tokyo"), cluster("osaka")});
        const Policy p = m_decider->policyOf(
            "plugins: [{name: weighted, config: {weights: {tokyo: 3, \"*\": 1}}}]\n"
            "replicas: {perCluster: {osaka: {min: 2}}}");
        const Decision d = m_decider->decide(two, replicated(9), p);
        QCOMPARE(sharesOf(d.spec), (Shares{{"tokyo", 6}, {"osaka", 3}}));
        QCOMPARE(d.explanation->verdict(at(two, "tokyo")),
                 std::string("chosen: 6 of the 7 left after minimums (weight 3 of 4, rounded up)"));
        QCOMPARE(d.explanation->verdict(at(two, "osaka")), std::string("chosen: minimum 2, plus the last 1"));
        const auto one = fleet({cluster("tokyo")});
        const Decision alone =
            m_decider->decide(one, replicated(9), m_decider->policyOf("plugins: [{name: weighted}]"));
        QCOMPARE(alone.explanation->verdict(at(one, "tokyo")), std::string("chosen: all 9"));
    }

    void weightsAreExactWhereDoublesAreNot() {
        std::vector<ClusterInfo> clusters{cluster("a"), cluster("b"), cluster("c")};
        QCOMPARE(shares(fleet(clusters), replicated(3),
                        "plugins: [{name: weighted, config: {weights: {\"*\": 0.1}}}]"),
                 (Shares{{"a", 1}, {"b", 1}, {"c", 1}}));
    }

    void weightsLeaveOutWhoHasNone() {
        QCOMPARE(
            shares(japanAndUs(), replicated(4), "plugins: [{name: weighted, config: {weights: {tokyo: 1}}}]"),
            (Shares{{"tokyo", 4}}));
        const Decision d = m_decider->decide(japanAndUs(), replicated(4),
                                             "plugins: [{name: weighted, config: {weights: {nowhere: 1}}}]");
        QCOMPARE(d.reason, std::string("NoClusterFits"));
    }

    void limitsAreKeptRoundAfterRound() {
        QCOMPARE(shares(japanAndUs(), replicated(12),
                        "plugins: [{name: weighted, config: {weights: {tokyo: 10, \"*\": 1}}}]\n"
                        "replicas: {perCluster: {tokyo: {max: 4}, osaka: {max: 3}}}"),
                 (Shares{{"tokyo", 4}, {"osaka", 3}, {"oregon", 5}}));
    }

    void aScaleDownFollowsTheWeightsToo() {
        const Policy p =
            m_decider->policyOf("plugins: [{name: weighted, config: {weights: {tokyo: 3, \"*\": 1}}}]");
        const auto two = fleet({cluster("tokyo"), cluster("osaka")});
        PlacementSpec last = m_decider->decide(two, replicated(8), p).spec;
        QCOMPARE(sharesOf(last), (Shares{{"tokyo", 6}, {"osaka", 2}}));
        last = m_decider->decide(two, replicated(4), p, &last).spec;
        QCOMPARE(sharesOf(last), (Shares{{"tokyo", 3}, {"osaka", 1}}));
    }

    void spreadPutsAReplicaIntoEachDomain() {
        // By weight alone tokyo would get both.
        QCOMPARE(shares(japanAndUs(), replicated(2),
                        "plugins: [{name: spread, config: {minDomains: 2}}, "
                        "{name: weighted, config: {weights: {tokyo: 9, osaka: 1, oregon: 1}}}]")
                     .at("oregon"),
                 1);
        // One replica needs no more than one domain, and a bare pod neither.
        QCOMPARE(
            shares(japanAndUs(), replicated(1), "plugins: [{name: spread, config: {minDomains: 2}}]").size(),
            std::size_t{1});
    }

    void spreadWithoutEnoughDomainsPlacesNothing() {
        const auto japan = fleet(
            {cluster("tokyo", Phase::Ready, "jp"), cluster("osaka", Phase::Ready, "jp"), cluster("nowhere")});
        const Decision d =
            m_decider->decide(japan, replicated(4), "plugins: [{name: spread, config: {minDomains: 2}}]");
        QCOMPARE(d.reason, std::string("NoClusterFits"));
        QVERIFY(d.spec.clusters.empty());
        QCOMPARE(d.explanation->verdict(at(japan, "nowhere")),
                 std::string("not selected by spread: has no label topology.kubernetes.io/region"));
        QVERIFY2(d.message.find("only 1 of the 2 domains") != std::string::npos ||
                     d.message.find("has no label") != std::string::npos,
                 d.message.c_str());
    }

    void spreadAtItsBestDoesWithWhatThereIs() {
        const std::string spec = "plugins: [{name: spread, config: {minDomains: 2, bestEffort: true}}]";
        QCOMPARE(shares(fleet({cluster("m1", Phase::Ready, "jp"), cluster("m2")}), replicated(4), spec),
                 (Shares{{"m1", 2}, {"m2", 2}}));
        QCOMPARE(shares(fleet({cluster("m1", Phase::Ready, "jp"), cluster("m2", Phase::Leaving)}),
                        replicated(4), spec),
                 (Shares{{"m1", 4}}));
    }

    void spreadCountsClustersPerDomainAndKeepsWhatIsChosen() {
        const std::string spec = "plugins: [{name: spread, config: {maxPerDomain: 1}}]";
        Workload workload = everywhere();
        for (const char* chosen : {"tokyo", "osaka"}) {
            workload.current = {{chosen, 0, 0}, {"oregon", 0, 0}};
            QCOMPARE(shares(japanAndUs(), workload, spec), (Shares{{chosen, -1}, {"oregon", -1}}));
        }
        workload.current = {{"osaka", 0, 0}};
        QCOMPARE(shares(japanAndUs(), workload, "plugins: [{name: spread, config: {maxClusters: 1}}]"),
                 (Shares{{"osaka", -1}}));
    }

    void affinityTermsAreAnded() {
        QCOMPARE(shares(japanAndUs(), everywhere(), "clusters: {names: [], exclude: [], labelSelector: {}}")
                     .size(),
                 std::size_t{3});
        QCOMPARE(shares(japanAndUs(), everywhere(), "clusters: {names: [tokyo, oregon], exclude: [tokyo]}"),
                 (Shares{{"oregon", -1}}));
        QCOMPARE(shares(japanAndUs(), everywhere(),
                        "clusters: {labelSelector: {matchLabels: {topology.kubernetes.io/region: jp}}}"),
                 (Shares{{"osaka", -1}, {"tokyo", -1}}));
        QCOMPARE(shares(japanAndUs(), everywhere(),
                        "clusters: {labelSelector: {matchExpressions: [{key: topology.kubernetes.io/region, "
                        "operator: NotIn, values: [us]}, {key: gpu, operator: DoesNotExist}]}}"),
                 (Shares{{"osaka", -1}, {"tokyo", -1}}));
        const Decision none = m_decider->decide(
            japanAndUs(), everywhere(),
            "clusters: {labelSelector: {matchExpressions: [{key: gpu, operator: Exists}]}}");
        QCOMPARE(none.reason, std::string("NoClusterFits"));
        QCOMPARE(none.explanation->verdict(0), std::string("rejected by affinity: has no label gpu"));
    }

    void onlyWhatIsNewIsKeptAwayByCordonTaintAndLoss() {
        ClusterInfo cordoned = cluster("cordoned");
        cordoned.cordoned = true;
        ClusterInfo tainted = cluster("tainted");
        tainted.taints = {{"gpu", "yes", TaintEffect::NoSchedule}};
        const auto clusters = fleet({cordoned, tainted, cluster("lost", Phase::Unreachable),
                                     cluster("denied", Phase::Unauthorized), cluster("ready")});
        Workload workload = everywhere();
        const Decision fresh = m_decider->decide(clusters, workload, "");
        QCOMPARE(sharesOf(fresh.spec), (Shares{{"ready", -1}}));
        QCOMPARE(fresh.explanation->verdict(at(clusters, "lost")),
                 std::string("rejected by taints: Unreachable, nothing was there before"));
        QCOMPARE(fresh.explanation->verdict(at(clusters, "tainted")),
                 std::string("rejected by taints: taint gpu=yes:NoSchedule is not tolerated"));
        for (const char* name : {"cordoned", "tainted", "lost", "denied"})
            workload.current.push_back({name, 0, 0});
        QCOMPARE(shares(clusters, workload, "").size(), std::size_t{5});
        QCOMPARE(shares(clusters, everywhere(), "tolerations: [{key: gpu, operator: Exists}]").size(),
                 std::size_t{2});
    }

    void whereNothingNewMayComeNothingGrows() {
        ClusterInfo cordoned = cluster("cordoned");
        cordoned.cordoned = true;
        ClusterInfo tainted = cluster("tainted");
        tainted.taints = {{"gpu", "yes", TaintEffect::NoSchedule}};
        const auto clusters = fleet({cordoned, tainted, cluster("ready")});
        Workload workload = replicated(12);
        workload.current = {{"cordoned", 3, 3}, {"ready", 3, 3}, {"tainted", 3, 3}};
        QCOMPARE(shares(clusters, workload, ""), (Shares{{"cordoned", 3}, {"ready", 6}, {"tainted", 3}}));
        QCOMPARE(shares(clusters, workload, "tolerations: [{key: gpu, operator: Exists}]").at("cordoned"), 3);
        QVERIFY(shares(clusters, workload, "tolerations: [{key: gpu, operator: Exists}]").at("tainted") > 3);
        // It shrinks as any other.
        workload.wanted = 3;
        QCOMPARE(shares(clusters, workload, ""), (Shares{{"cordoned", 1}, {"ready", 1}, {"tainted", 1}}));
        // A share of nothing is nothing that stands there.
        workload = replicated(5);
        workload.current = {{"cordoned", 0, 0}, {"ready", 0, 0}, {"tainted", 0, 0}};
        QCOMPARE(shares(clusters, workload, ""), (Shares{{"ready", 5}}));
        workload.wanted = 0;  // but it stays while nothing is wanted anywhere
        QCOMPARE(shares(clusters, workload, "").size(), std::size_t{3});
    }

    void noExecuteAndLeavingReachWhatIsThere() {
        ClusterInfo evicted = cluster("evicted");
        evicted.taints = {{"drain", "", TaintEffect::NoExecute}};
        const auto clusters = fleet({evicted, cluster("leaving", Phase::Leaving), cluster("ready")});
        Workload workload = everywhere();
        workload.current = {{"evicted", 0, 0}, {"leaving", 0, 0}};
        QCOMPARE(shares(clusters, workload, ""), (Shares{{"ready", -1}}));
        QCOMPARE(shares(clusters, workload, "tolerations: [{operator: Exists}]"),
                 (Shares{{"evicted", -1}, {"ready", -1}}));
    }

    void whoDoesNotServeTheTypeGetsNothingNew() {
        ClusterInfo old = cluster("old");
        old.apis = {"v1/Pod"};
        const auto clusters = fleet({old, cluster("ready")});
        QCOMPARE(shares(clusters, replicated(2), ""), (Shares{{"ready", 2}}));
    }

    void explanationsStayWithinTheirSize() {
        std::vector<ClusterInfo> clusters;
        for (int i = 0; i < 1000; ++i)
            clusters.push_back(cluster("cluster-with-a-long-name-" + std::to_string(i),
                                       i % 3 == 0 ? Phase::Unreachable : Phase::Ready,
                                       "r" + std::to_string(i % 7)));
        const auto fleet = testing::fleet(clusters);
        const Decision d =
            m_decider->decide(fleet, replicated(5000), "plugins: [{name: spread, config: {minDomains: 3}}]");
        QVERIFY(d.scheduled);
        const CompactExplanation brief = compact(*d.explanation, "2026-11-23T00:00:00Z", "it is new");
        QVERIFY(kube::printJson(encode(brief)).size() <= kCompactExplanationBytes);
        QVERIFY(!brief.clusters.empty());
        QCOMPARE(brief.others.size(), std::size_t{1});
        QCOMPARE(brief.others.front().count, 334);
        QCOMPARE(brief.others.front().plugin, std::string("taints"));
        QCOMPARE(static_cast<std::size_t>(brief.omitted), d.spec.clusters.size() - brief.clusters.size());
        const kube::JsonObject whole = full(*d.explanation);
        QCOMPARE(kube::arrayAt(whole, {"clusters"})->size(), std::size_t{1000});
    }

    void losersOfOneReasonAreCountedTogether() {
        std::vector<ClusterInfo> clusters{cluster("a", Phase::Ready, "x"), cluster("b", Phase::Ready, "y"),
                                          cluster("c", Phase::Ready, "jp")};
        const Decision d = m_decider->decide(
            fleet(clusters), everywhere(),
            "clusters: {labelSelector: {matchLabels: {topology.kubernetes.io/region: jp}}}");
        const CompactExplanation brief = compact(*d.explanation, {}, {});
        QCOMPARE(brief.others.size(), std::size_t{1});
        QCOMPARE(brief.others.front().count, 2);
        QCOMPARE(brief.others.front().verdict,
                 std::string("rejected by affinity: label topology.kubernetes.io/region is \"...\""));
        QCOMPARE(brief.others.front().clusters, (std::vector<std::string>{"a", "b"}));
    }
};

QTEST_GUILESS_MAIN(PoliciesTest)
#include "policies_test.moc"

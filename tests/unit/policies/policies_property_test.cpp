// SPDX-License-Identifier: Apache-2.0
//
// What must hold for any fleet, policy and history, tried with seeded random ones.
#include <random>

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "tests/unit/policies/policy_fixture.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

class PoliciesPropertyTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    std::unique_ptr<Decider> m_decider;
    std::mt19937 m_random{20261123};

    int pick(int below) { return static_cast<int>(m_random() % static_cast<unsigned>(below)); }

    std::vector<ClusterInfo> randomClusters() {
        std::vector<ClusterInfo> clusters;
        const int count = 1 + pick(9);
        for (int i = 0; i < count; ++i) {
            clusters.push_back(cluster("c" + std::to_string(i),
                                       pick(6) == 0 ? Phase::Unreachable : Phase::Ready,
                                       pick(8) == 0 ? "" : "r" + std::to_string(pick(3))));
            clusters.back().cordoned = pick(8) == 0;
        }
        return clusters;
    }
    std::string randomSpec(bool limits) {
        std::string weights = "\"*\": " + std::to_string(pick(4));
        std::string perCluster;
        for (int i = 0; i < 9; ++i) {
            if (pick(3) == 0)
                weights += ", c" + std::to_string(i) + ": " + std::to_string(pick(7));
            if (limits && pick(3) == 0)
                perCluster += (perCluster.empty() ? "" : ", ") + ("c" + std::to_string(i)) +
                              ": {min: " + std::to_string(pick(3)) + ", max: " + std::to_string(3 + pick(9)) +
                              "}";
        }
        const char* modes[] = {"Never", "WhenNeeded", "Always"};
        return "plugins: [{name: spread, config: {minDomains: " + std::to_string(1 + pick(3)) +
               ", maxClusters: " + std::to_string(3 + pick(6)) + "}}, {name: weighted, config: {weights: {" +
               weights + "}}}]\nreplicas: {rebalance: " + modes[pick(3)] + ", perCluster: {" + perCluster +
               "}}";
    }

private Q_SLOTS:
    void initTestCase() {
        m_decider = std::make_unique<Decider>(m_dir.path().toStdString());
        QVERIFY(m_decider->isReady());
    }

    void decisionsKeepTheirPromises() {
        int decided = 0;
        for (int turn = 0; turn < 1500; ++turn) {
            std::vector<ClusterInfo> clusters = randomClusters();
            const Policy p = m_decider->policyOf(randomSpec(true));
            std::optional<PlacementSpec> last;
            for (int step = 0; step < 4; ++step) {
                const std::int64_t wanted = pick(25);
                const PlacementSpec* before = last ? &*last : nullptr;
                const Decision d = m_decider->decide(fleet(clusters), replicated(wanted), p, before);
                QVERIFY2(d.reason != "PolicyError", d.message.c_str());
                if (d.keepsLast) {
                    QVERIFY(before == nullptr ? d.spec.clusters.empty() : d.spec == *before);
                    continue;
                }
                ++decided;
                // Never more than wanted, and nothing unaccounted for.
                std::int64_t sum = 0;
                for (const ClusterShare& share : d.spec.clusters)
                    sum += *share.replicas;
                QVERIFY(sum <= wanted);
                QCOMPARE(sum + d.spec.unplaced, wanted);
                // The order of the clusters does not matter, nor whether an explanation is wanted.
                std::ranges::shuffle(clusters, m_random);
                QVERIFY(m_decider->decide(fleet(clusters), replicated(wanted), p, before, false).spec ==
                        d.spec);
                // Decided again with nothing changed, nothing changes; where each round may rebalance, it
                // settles.
                PlacementSpec settled = d.spec;
                for (int round = 0; p.rebalance == Rebalance::Always && round < 4; ++round)
                    settled = m_decider->decide(fleet(clusters), replicated(wanted), p, &settled).spec;
                const Decision again = m_decider->decide(fleet(clusters), replicated(wanted), p, &settled);
                QVERIFY2(again.spec == settled,
                         (std::to_string(static_cast<int>(p.rebalance)) + ": " +
                          kube::printJson(encode(settled)) + " / " + kube::printJson(encode(again.spec)))
                             .c_str());
                last = d.spec;
                // Some cluster changes before the next step.
                ClusterInfo& changed =
                    clusters[static_cast<std::size_t>(pick(static_cast<int>(clusters.size())))];
                changed.phase = pick(2) == 0 ? Phase::Unreachable : Phase::Ready;
            }
        }
        QVERIFY2(decided > 2000, std::to_string(decided).c_str());
    }

    void anUnreachableClusterNeverChanges() {
        for (int turn = 0; turn < 500; ++turn) {
            std::vector<ClusterInfo> clusters = randomClusters();
            const Policy p = m_decider->policyOf(randomSpec(false));
            const Decision first = m_decider->decide(fleet(clusters), replicated(12), p);
            if (first.keepsLast || first.spec.clusters.empty())
                continue;
            const ClusterShare lost = first.spec.clusters.front();
            for (ClusterInfo& cluster : clusters)
                if (cluster.name == lost.name)
                    cluster.phase = Phase::Unreachable;
            const std::int64_t wanted = *lost.replicas + pick(30);
            const Decision next = m_decider->decide(fleet(clusters), replicated(wanted), p, &first.spec);
            const ClusterShare* kept = next.spec.find(lost.name);
            // maxClusters and minDomains of spread may leave it out of the selection only if it was not
            // chosen.
            QVERIFY2(kept != nullptr && kept->replicas == lost.replicas, next.message.c_str());
        }
    }

    void moreWantedIsNeverLessAnywhere() {
        for (int turn = 0; turn < 400; ++turn) {
            std::vector<ClusterInfo> clusters;
            for (int i = 0; i < 1 + pick(8); ++i)
                clusters.push_back(cluster("c" + std::to_string(i)));
            std::string weights = "\"*\": 1";
            for (std::size_t i = 0; i < clusters.size(); ++i)
                weights += ", c" + std::to_string(i) + ": " + std::to_string(1 + pick(9));
            const Policy p =
                m_decider->policyOf("plugins: [{name: weighted, config: {weights: {" + weights + "}}}]");
            std::map<std::string, std::int64_t> before;
            for (std::int64_t wanted = 1; wanted < 40; ++wanted) {
                const auto now = sharesOf(m_decider->decide(fleet(clusters), replicated(wanted), p).spec);
                for (const auto& [name, replicas] : before)
                    QVERIFY(now.contains(name) && now.at(name) >= replicas);
                before = now;
            }
        }
    }
};

QTEST_GUILESS_MAIN(PoliciesPropertyTest)
#include "policies_property_test.moc"

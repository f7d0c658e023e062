// SPDX-License-Identifier: Apache-2.0
//
// Proves the tier itself: two real clusters side by side, their faults, and that nothing of them stays.
#include <array>
#include <csignal>
#include <memory>
#include <vector>

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "tests/kube/support/real_cluster.h"

using namespace kubefed::test;

namespace {

constexpr std::array kComponents = {"etcd", "apiserver", "controller-manager", "scheduler", "kwok"};

const QByteArray kController = R"({
  "apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"},
  "spec": {"replicas": 5, "selector": {"app": "web"}, "template": {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}}}})";

bool alive(qint64 pid) {
    return kill(static_cast<pid_t>(pid), 0) == 0;
}

}  // namespace

class ClusterSmokeTest : public QObject {
    Q_OBJECT

    struct Outcome {
        int exitCode = -1;
        QByteArray out, err;
    };
    // The kubectl of the clusters' own version.
    static Outcome kubectl(const RealCluster& cluster, const QStringList& arguments,
                           const QByteArray& input = {}) {
        QProcess process;
        process.start(RealCluster::assets() + "/kubectl",
                      QStringList{"--kubeconfig", cluster.kubeconfig()} + arguments);
        process.write(input);
        process.closeWriteChannel();
        process.waitForFinished(60'000);
        const bool ended = process.exitStatus() == QProcess::NormalExit;
        return {ended ? process.exitCode() : -1, process.readAllStandardOutput(),
                process.readAllStandardError()};
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        for (const char* name : {"m1", "m2"}) {
            m_clusters.push_back(
                std::make_unique<RealCluster>(name, m_folder.filePath(name), QStringList{"--nodes", "2"}));
        }
        for (const auto& cluster : m_clusters) {
            const QString why = cluster->waitReady();
            QVERIFY2(why.isEmpty(), qPrintable(why));
        }
    }

    void cleanup() {
        if (QTest::currentTestFailed())
            m_folder.setAutoRemove(false);
    }

    void clustersAreDistinctAndReady() {
        QVERIFY(m_clusters[0]->server() != m_clusters[1]->server());
        for (const auto& cluster : m_clusters) {
            const Outcome version = kubectl(*cluster, {"version", "-o", "json"});
            QVERIFY2(version.out.contains("\"v1.34.4\""), version.err.constData());
            const Outcome nodes = kubectl(*cluster, {"get", "nodes", "--no-headers"});
            QCOMPARE(nodes.out.count(" Ready "), 2);
        }
    }

    void replicationControllerGetsReadyPods() {
        for (const auto& cluster : m_clusters) {
            const Outcome created = kubectl(*cluster, {"create", "-f", "-"}, kController);
            QVERIFY2(created.exitCode == 0, created.err.constData());
            const Outcome ready = kubectl(
                *cluster, {"wait", "rc/web", "--for=jsonpath={.status.readyReplicas}=5", "--timeout=30s"});
            QVERIFY2(ready.exitCode == 0, ready.err.constData());
        }
    }

    void frozenClusterIsSilentUntilThawed() {
        QCOMPARE(m_clusters[0]->control("freeze"), QString());
        QVERIFY(kubectl(*m_clusters[0], {"get", "rc", "--request-timeout=1s"}).exitCode != 0);
        QCOMPARE(kubectl(*m_clusters[1], {"get", "rc", "--request-timeout=10s"}).exitCode, 0);
        QCOMPARE(m_clusters[0]->control("thaw"), QString());
        QCOMPARE(kubectl(*m_clusters[0], {"get", "rc"}).exitCode, 0);
    }

    void killedClusterComesBackWithItsData() {
        const qint64 before = m_clusters[0]->pid("apiserver");
        QCOMPARE(m_clusters[0]->control("kill"), QString());
        QCOMPARE(m_clusters[0]->pid("apiserver"), 0);
        QVERIFY(!alive(before));
        QVERIFY(kubectl(*m_clusters[0], {"get", "rc", "--request-timeout=1s"}).exitCode != 0);
        QCOMPARE(m_clusters[0]->control("start"), QString());
        QVERIFY(m_clusters[0]->pid("apiserver") > 0);
        const Outcome kept = kubectl(*m_clusters[0], {"get", "rc/web", "-o", "jsonpath={.spec.replicas}"});
        QCOMPARE(kept.out, QByteArray("5"));
    }

    void unknownCommandsAreRefused() {
        QVERIFY(m_clusters[1]->control("explode").contains("unknown command"));
    }

    void nothingStaysAfterStop() {
        std::vector<qint64> pids;
        for (const auto& cluster : m_clusters) {
            for (const char* component : kComponents) {
                pids.push_back(cluster->pid(component));
                QVERIFY2(pids.back() > 0, component);
            }
            cluster->stop();
        }
        for (const qint64 pid : pids)
            QVERIFY(!alive(pid));
    }

private:
    QTemporaryDir m_folder;
    std::vector<std::unique_ptr<RealCluster>> m_clusters;
};

QTEST_GUILESS_MAIN(ClusterSmokeTest)
#include "cluster_smoke_test.moc"

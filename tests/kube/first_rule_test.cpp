// SPDX-License-Identifier: Apache-2.0
//
// Losing something never deletes anything: the policy, the plugin, the member, the store. Each time the
// members' objects must be the very same ones afterwards, by UID.
#include <QDir>
#include <QFileInfo>
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class FirstRuleTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;
    QStringList m_before;

    // Kind, name and UID of everything placed in both members, pods included.
    QStringList identities() {
        QStringList out;
        for (const char* context : {"m1", "m2"}) {
            const kube::Json list = m_fleet->read(context, {"rc,svc,pods,configmaps", "-n", "shop"});
            const kube::Json* items = kube::find(list, {"items"});
            if (items == nullptr)
                continue;
            for (const kube::Json& item : items->get_array()) {
                const auto text = [&](std::initializer_list<std::string_view> path) {
                    const std::string_view v = kube::stringAt(item.get_object(), path);
                    return QString::fromUtf8(v.data(), static_cast<qsizetype>(v.size()));
                };
                out << QString("%1 %2 %3 %4")
                           .arg(context, text({"kind"}), text({"metadata", "name"}),
                                text({"metadata", "uid"}));
            }
        }
        out.sort();
        return out;
    }
    // `part` of the condition Scheduled.
    QString scheduled(const QString& placement, std::string_view part = "reason") {
        const kube::Json object = m_fleet->read("prod", {"placement", placement, "-n", "shop"});
        const kube::Json* conditions = kube::find(object, {"status", "conditions"});
        if (conditions == nullptr)
            return "no conditions";
        for (const kube::Json& c : conditions->get_array())
            if (kube::stringAt(c.get_object(), {"type"}) == "Scheduled") {
                const std::string_view told = kube::stringAt(c.get_object(), {part});
                return QString::fromUtf8(told.data(), static_cast<qsizetype>(told.size()));
            }
        return "no Scheduled condition";
    }
    void nothingWasDeleted() {
        QTest::qWait(1500);  // long enough for any deletion that should not come
        QCOMPARE(identities(), m_before);
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        QString why = m_fleet->startMembers();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        // One that fails its probe, and one that passes it and fails for workloads of certain names.
        const QDir plugins(m_fleet->folder() + "/plugins");
        QVERIFY(plugins.mkpath("."));
        for (const QString file : {KUBEFED_BAD_PLUGINS "/ThrowsInFacade.so", KUBEFED_TRAP_PLUGINS "/trap.so"})
            QVERIFY2(QFile::copy(file, plugins.filePath(QFileInfo(file).fileName())), qPrintable(file));
        why = m_fleet->startFederation({"--plugin-dir", plugins.path()});
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Outcome apply = m_fleet->kubectl(
            "prod", {"apply", "-n", "shop", "-f", Fleet::source("tests/kube/manifests/web.yaml")});
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        for (const char* name : {"throw", "nonsense"}) {
            const QString rc =
                QString(
                    "{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\",\"metadata\":{\"name\":"
                    "\"%1\"},\"spec\":{\"replicas\":4,\"selector\":{\"app\":\"%1\"},\"template\":{"
                    "\"metadata\":{\"labels\":{\"app\":\"%1\"}},\"spec\":{\"containers\":[{\"name\":"
                    "\"main\",\"image\":\"nginx:1.27\"}]}}}}")
                    .arg(name);
            QVERIFY(m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, rc.toUtf8()).exitCode == 0);
        }
        const QString settled = Fleet::eventually([&] {
            for (const char* name : {"web", "throw", "nonsense"}) {
                const kube::Json rc = m_fleet->read("prod", {"rc", name, "-n", "shop"});
                if (!rc.is_object() || kube::intAt(rc.get_object(), {"status", "readyReplicas"}) != 4)
                    return QString(name) + " is not ready";
            }
            return QString();
        });
        QVERIFY2(settled.isEmpty(), qPrintable(settled));
        m_before = identities();
        QVERIFY(m_before.size() >= 3 * (4 + 2) + 2 + 1);
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void theDeletedPolicyFreezesTheDecision() {
        QVERIFY(
            m_fleet->kubectl("prod", {"delete", "placementpolicy", "everywhere", "-n", "shop"}).exitCode ==
            0);
        const QString why = Fleet::eventually([&] {
            const QString reason = scheduled("replicationcontroller.core.web");
            return reason == "NoPolicy" ? QString() : reason;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        nothingWasDeleted();
    }

    void aPolicyWithABrokenPluginKeepsWhatIsPlaced_data() {
        QTest::addColumn<QString>("plugin");
        QTest::addColumn<QString>("workload");
        QTest::addColumn<QString>("message");
        QTest::newRow("is not there") << "no-such-plugin" << "web" << "no-such-plugin";
        QTest::newRow("failed its probe") << "bad" << "web" << "bad";
        QTest::newRow("throws") << "trap" << "throw" << "no luck today";
        QTest::newRow("answers nonsense") << "trap" << "nonsense" << "a score of nan";
    }
    void aPolicyWithABrokenPluginKeepsWhatIsPlaced() {
        QFETCH(const QString, plugin);
        QFETCH(const QString, workload);
        QFETCH(const QString, message);
        // Without the plugin it would take everything out of m2.
        const QString policy =
            QString(
                "{\"apiVersion\":\"kubefed.io/v1alpha1\",\"kind\":\"PlacementPolicy\",\"metadata\":{"
                "\"name\":\"broken\"},\"spec\":{\"resourceSelectors\":[{\"apiVersion\":\"v1\",\"kind\":"
                "\"ReplicationController\",\"name\":\"%1\"}],\"clusters\":{\"names\":[\"m1\"]},"
                "\"plugins\":[{\"name\":\"%2\"}]}}")
                .arg(workload, plugin);
        const Outcome apply = m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, policy.toUtf8());
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString placement = "replicationcontroller.core." + workload;
        // The row before may have left the same reason with another message.
        const QString why = Fleet::eventually([&] {
            const QString told = scheduled(placement) + ": " + scheduled(placement, "message");
            return told.startsWith("PolicyError: ") && told.contains(message) ? QString() : told;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        nothingWasDeleted();
    }

    void anEmptySelectionKeepsWhatIsPlaced() {
        const QByteArray policy =
            "{\"apiVersion\":\"kubefed.io/"
            "v1alpha1\",\"kind\":\"PlacementPolicy\",\"metadata\":{\"name\":\"broken\"},"
            "\"spec\":{\"resourceSelectors\":[{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\"}],"
            "\"clusters\":{\"names\":[\"nowhere\"]}}}";
        const Outcome apply = m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, policy);
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString why = Fleet::eventually([&] {
            const QString reason = scheduled("replicationcontroller.core.web");
            return reason == "NoClusterFits" ? QString() : reason;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        nothingWasDeleted();
    }

    void theLostStoreIsTakenOverWithoutARestartOfAnyPod() {
        const kube::Json info = m_fleet->read("prod", {"configmap", "kubefed-info", "-n", "kube-public"});
        QVERIFY(info.is_object());
        const std::string id(kube::stringAt(info.get_object(), {"data", "federationId"}));
        QVERIFY(!id.empty());
        QVERIFY(m_fleet->kubefed({"deinit", "prod", "--yes"}).exitCode == 0);
        QCOMPARE(identities(), m_before);
        const Outcome init =
            m_fleet->kubefed({"init", "prod", "--federation-id", QString::fromStdString(id)});
        QVERIFY2(init.exitCode == 0, qPrintable(init.text()));
        for (const QString& member : {QString("m1"), QString("m2")}) {
            const Outcome join = m_fleet->kubefed({"join", member, "--cluster-context", member});
            QVERIFY2(join.exitCode == 0, qPrintable(join.text()));
        }
        QVERIFY(m_fleet->kubectl("prod", {"create", "namespace", "shop"}).exitCode == 0);
        QVERIFY(m_fleet
                    ->kubectl("prod",
                              {"apply", "-n", "shop", "-f", Fleet::source("tests/kube/manifests/web.yaml")})
                    .exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const kube::Json rc = m_fleet->read("prod", {"rc", "web", "-n", "shop"});
            return rc.is_object() && kube::intAt(rc.get_object(), {"status", "readyReplicas"}) == 4
                       ? QString()
                       : QString("not taken over");
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        nothingWasDeleted();
    }
};

QTEST_GUILESS_MAIN(FirstRuleTest)
#include "first_rule_test.moc"

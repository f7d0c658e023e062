// SPDX-License-Identifier: Apache-2.0
//
// Losing something never deletes anything: the policy, the plugin, the member, the store. Each time the
// members' objects must be the very same ones afterwards, by UID.
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
    QString scheduledReason(const QString& placement) {
        const kube::Json object = m_fleet->read("prod", {"placement", placement, "-n", "shop"});
        const kube::Json* conditions = kube::find(object, {"status", "conditions"});
        if (conditions == nullptr)
            return "no conditions";
        for (const kube::Json& c : conditions->get_array())
            if (kube::stringAt(c.get_object(), {"type"}) == "Scheduled") {
                const std::string_view reason = kube::stringAt(c.get_object(), {"reason"});
                return QString::fromUtf8(reason.data(), static_cast<qsizetype>(reason.size()));
            }
        return "no Scheduled condition";
    }
    void nothingWasDeleted() {
        QTest::qWait(1500);  // long enough for any deletion that should not come
        QCOMPARE(identities(), m_before);
    }

private Q_SLOTS:
    void initTestCase() {
        if (const QString why = RealCluster::unavailable(); !why.isEmpty())
            QSKIP(qPrintable(why));
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Outcome apply = m_fleet->kubectl(
            "prod", {"apply", "-n", "shop", "-f", Fleet::source("tests/kube/manifests/web.yaml")});
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString settled = Fleet::eventually([&] {
            const kube::Json rc = m_fleet->read("prod", {"rc", "web", "-n", "shop"});
            return rc.is_object() && kube::intAt(rc.get_object(), {"status", "readyReplicas"}) == 4
                       ? QString()
                       : QString("not ready");
        });
        QVERIFY2(settled.isEmpty(), qPrintable(settled));
        m_before = identities();
        QVERIFY(m_before.size() >= 4 + 2 + 2 + 1);
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void theDeletedPolicyFreezesTheDecision() {
        QVERIFY(
            m_fleet->kubectl("prod", {"delete", "placementpolicy", "everywhere", "-n", "shop"}).exitCode ==
            0);
        const QString why = Fleet::eventually([&] {
            const QString reason = scheduledReason("replicationcontroller.core.web");
            return reason == "NoPolicy" ? QString() : reason;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        nothingWasDeleted();
    }

    void aPolicyWithABrokenPluginKeepsWhatIsPlaced() {
        const QByteArray policy =
            "{\"apiVersion\":\"kubefed.io/"
            "v1alpha1\",\"kind\":\"PlacementPolicy\",\"metadata\":{\"name\":\"broken\"},"
            "\"spec\":{\"resourceSelectors\":[{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\"}],"
            "\"plugins\":[{\"name\":\"no-such-plugin\"}]}}";
        const Outcome apply = m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, policy);
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString why = Fleet::eventually([&] {
            const QString reason = scheduledReason("replicationcontroller.core.web");
            return reason == "PolicyError" ? QString() : reason;
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
            const QString reason = scheduledReason("replicationcontroller.core.web");
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

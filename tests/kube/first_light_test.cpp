// SPDX-License-Identifier: Apache-2.0
//
// The second thing that the README promises, step by step: init, join, apply, why, scale, unjoin, down, up,
// deinit, with kubectl, against two real clusters.
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class FirstLightTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;

    // readyReplicas of rc/NAME in a context; -1 where it is absent.
    int ready(const QString& context, const QString& name) {
        const kube::Json rc = m_fleet->read(context, {"rc", name, "-n", "shop"});
        if (!rc.is_object())
            return -1;
        return static_cast<int>(kube::intAt(rc.get_object(), {"status", "readyReplicas"}).value_or(0));
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startMembers();
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void initAnswersAtOnce() {
        const Outcome init = m_fleet->kubefed({"init", "prod"});
        QVERIFY2(init.exitCode == 0, qPrintable(init.text()));
        const Outcome ready = m_fleet->kubectl("prod", {"get", "--raw", "/readyz"});
        QCOMPARE(ready.out.trimmed(), QString("ok"));
        const Outcome again = m_fleet->kubefed({"init", "prod"});
        QVERIFY2(again.exitCode != 0, "a second init must refuse to overwrite the context");
    }

    void joinIsIdempotentAndSaysWhatWasGranted() {
        const Outcome dry = m_fleet->kubefed({"join", "m1", "--cluster-context", "m1", "--dry-run"});
        QVERIFY2(dry.exitCode == 0, qPrintable(dry.text()));
        QVERIFY(!m_fleet->read("prod", {"memberclusters", "m1"}).is_object());
        QVERIFY(!m_fleet->read("m1", {"namespace", "kubefed-system"}).is_object());
        for (const bool again : {false, true}) {  // without the label: it stays
            QStringList arguments{"join", "m1", "--cluster-context", "m1"};
            if (!again)
                arguments << "--labels" << "topology.kubernetes.io/region=jp";
            const Outcome join = m_fleet->kubefed(arguments);
            QVERIFY2(join.exitCode == 0, qPrintable(join.text()));
            QVERIFY2((join.out + join.err).contains("token"), qPrintable(join.text()));
        }
        const Outcome join = m_fleet->kubefed({"join", "m2", "--cluster-context", "m2"});
        QVERIFY2(join.exitCode == 0, qPrintable(join.text()));
        const kube::Json member = m_fleet->read("prod", {"memberclusters", "m1"});
        QVERIFY(member.is_object());
        QCOMPARE(kube::stringAt(member.get_object(), {"status", "phase"}), std::string_view("Ready"));
        QCOMPARE(kube::stringAt(member.get_object(), {"metadata", "labels", "topology.kubernetes.io/region"}),
                 std::string_view("jp"));
    }

    void theGuestbookBecomesHealthy() {
        QVERIFY(m_fleet->kubectl("prod", {"create", "namespace", "shop"}).exitCode == 0);
        const Outcome apply =
            m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", Fleet::source("examples/guestbook")});
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString why = Fleet::eventually([&] {
            const kube::Json list = m_fleet->read("prod", {"placements", "-n", "shop"});
            const kube::Json* items = kube::find(list, {"items"});
            if (items == nullptr || items->get_array().size() < 8)
                return QString("fewer than eight placements");
            for (const kube::Json& item : items->get_array()) {
                const kube::JsonArray* conditions =
                    kube::arrayAt(item.get_object(), {"status", "conditions"});
                bool healthy = false;
                for (const kube::Json& c : conditions != nullptr ? *conditions : kube::JsonArray{})
                    healthy |= kube::stringAt(c.get_object(), {"type"}) == "Healthy" &&
                               kube::stringAt(c.get_object(), {"status"}) == "True";
                if (!healthy)
                    return QString::fromStdString(kube::printJson(item));
            }
            return QString();
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        // As it stands in the README, members included, which are in no namespace.
        const Outcome get =
            m_fleet->kubectl("prod", {"get", "rc,svc,pods,placements,memberclusters", "-n", "shop"});
        QVERIFY2(get.exitCode == 0, qPrintable(get.text()));
        for (const char* row : {"replicationcontroller/frontend ", "service/frontend ", "pod/toolbox ",
                                "placement.kubefed.io/replicationcontroller.core.frontend ",
                                "membercluster.kubefed.io/m1 ", "membercluster.kubefed.io/m2 "})
            QVERIFY2(get.out.contains(row), qPrintable(QString(row) + " is not in " + get.text()));
        // Everything in the members carries our label, and nothing else does.
        QVERIFY(m_fleet->propagated("m1", "rc,svc").size() + m_fleet->propagated("m2", "rc,svc").size() >= 6);
    }

    void whyNamesEveryCluster() {
        const Outcome why = m_fleet->kubefed({"why", "rc/frontend", "-n", "shop"});
        QVERIFY2(why.exitCode == 0, qPrintable(why.text()));
        QVERIFY2(why.out.contains("m1") && why.out.contains("m2"), qPrintable(why.text()));
        const Outcome missing = m_fleet->kubefed({"why", "rc/absent", "-n", "shop"});
        QVERIFY2(missing.exitCode == 1 && missing.err.contains("error KF"), qPrintable(missing.text()));
    }

    void scaleReachesBothMembers() {
        QVERIFY(m_fleet->kubectl("prod", {"scale", "rc/frontend", "-n", "shop", "--replicas=9"}).exitCode ==
                0);
        const QString why = Fleet::eventually([&] {
            const int a = std::max(0, ready("m1", "frontend"));
            const int b = std::max(0, ready("m2", "frontend"));
            const int total = ready("prod", "frontend");
            return a + b == 9 && total == 9 ? QString()
                                            : QString("m1 %1, m2 %2, prod %3").arg(a).arg(b).arg(total);
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }

    void unjoinDeletesThereAndKeepsTheTotalHere() {
        const Outcome unjoin = m_fleet->kubefed({"unjoin", "m2", "--objects=delete"});
        QVERIFY2(unjoin.exitCode == 0, qPrintable(unjoin.text()));
        const QString why = Fleet::eventually([&] {
            const QStringList left = m_fleet->propagated("m2", "rc,svc,pods,configmaps,secrets");
            if (!left.isEmpty())
                return "left in m2: " + left.join('\n');
            return ready("m1", "frontend") == 9 ? QString()
                                                : QString("m1 has %1").arg(ready("m1", "frontend"));
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QVERIFY(!m_fleet->read("prod", {"memberclusters", "m2"}).is_object());
        QVERIFY(!m_fleet->read("m2", {"serviceaccount", "prod", "-n", "kubefed-system"}).is_object());
    }

    void downUpKeepsEverything() {
        const QStringList before = m_fleet->propagated("m1", "rc,svc,pods");
        QVERIFY(m_fleet->kubefed({"down", "prod"}).exitCode == 0);
        QVERIFY(m_fleet->kubectl("prod", {"get", "--raw", "/readyz"}).exitCode != 0);
        const Outcome up = m_fleet->kubefed({"up", "prod"});
        QVERIFY2(up.exitCode == 0, qPrintable(up.text()));
        QVERIFY(m_fleet->read("prod", {"rc", "frontend", "-n", "shop"}).is_object());
        const QString why =
            Fleet::eventually([&] { return ready("prod", "frontend") == 9 ? QString() : QString("totals"); });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QCOMPARE(m_fleet->propagated("m1", "rc,svc,pods"), before);
    }

    void deinitLeavesNothingHere() {
        const Outcome deinit = m_fleet->kubefed({"deinit", "prod", "--yes"});
        QVERIFY2(deinit.exitCode == 0, qPrintable(deinit.text()));
        QVERIFY(!QFile::exists(m_fleet->dataFolder()));
        QVERIFY(m_fleet->kubectl("prod", {"get", "ns"}).exitCode != 0);
        // The first rule: taking the federation away deletes nothing in members.
        QVERIFY(!m_fleet->propagated("m1", "rc").isEmpty());
    }
};

QTEST_GUILESS_MAIN(FirstLightTest)
#include "first_light_test.moc"

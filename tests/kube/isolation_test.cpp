// SPDX-License-Identifier: Apache-2.0
//
// One member never delays another: frozen (it accepts and never answers), it changes nothing for the healthy
// one; killed and back, it gets what it missed.
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"
#include "tests/kube/support/meter.h"

using namespace kubefed;
using namespace kubefed::test;

class IsolationTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;
    std::unique_ptr<Meter> m_meter;
    const kube::Gvr m_services{"", "v1", "services"};

    static kube::Object service(const std::string& name) {
        kube::Object object = kube::Object::make({"", "v1", "Service"}, "shop", name);
        object.document()["spec"] = kube::JsonObject{
            {"clusterIP", "None"}, {"ports", kube::JsonArray{kube::JsonObject{{"port", 80}}}}};
        return object;
    }
    // 200 writes, one after the other, each awaited in m2.
    Burst writes(const std::string& prefix) {
        return m_meter->run("prod", {"m2"}, m_services, "shop", service, 200, 1, prefix,
                            std::chrono::seconds(120), Pace::Present);
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString placed = m_fleet->placeEverywhere({"Service"});
        QVERIFY2(placed.isEmpty(), qPrintable(placed));
        m_meter = std::make_unique<Meter>(QStringList{
            m_fleet->folder() + "/kubeconfig", m_fleet->m1().kubeconfig(), m_fleet->m2().kubeconfig()});
        const Burst warm = m_meter->run("prod", {"m1", "m2"}, m_services, "shop", service, 20, 1, "warm",
                                        std::chrono::seconds(60));
        QVERIFY2(warm.error.empty(), warm.error.c_str());
    }
    void cleanupTestCase() {
        m_meter.reset();
        m_fleet.reset();
    }

    void aFrozenMemberDoesNotDelayTheOther() {
        const Burst baseline = writes("before");
        QVERIFY2(baseline.error.empty(), baseline.error.c_str());
        QString why = m_fleet->m1().control("freeze");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Burst frozen = writes("frozen");
        why = m_fleet->m1().control("thaw");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QVERIFY2(frozen.error.empty(), frozen.error.c_str());
        const double limit = 1.2 * baseline.latencyMs(0.99) + 5.0;
        qInfo("p99 %.2f ms frozen, %.2f ms before, limit %.2f ms", frozen.latencyMs(0.99),
              baseline.latencyMs(0.99), limit);
        QVERIFY(frozen.latencyMs(0.99) <= limit);
        // What the frozen one missed arrives once it is back.
        const QString arrived = Fleet::eventually(
            [&] {
                const qsizetype n = m_fleet->propagated("m1", "services").size();
                return n >= 20 + 200 + 200 ? QString() : QString("m1 has %1").arg(n);
            },
            60'000);
        QVERIFY2(arrived.isEmpty(), qPrintable(arrived));
    }

    void aKilledMemberGetsItsBacklog() {
        QString why = m_fleet->m1().control("kill");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Burst lost = m_meter->run("prod", {"m2"}, m_services, "shop", service, 50, 8, "lost",
                                        std::chrono::seconds(60));
        QVERIFY2(lost.error.empty(), lost.error.c_str());
        why = m_fleet->m1().control("start");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString arrived = Fleet::eventually(
            [&] {
                const qsizetype n = m_fleet->propagated("m1", "services").size();
                return n >= 20 + 200 + 200 + 50 ? QString() : QString("m1 has %1").arg(n);
            },
            90'000);
        QVERIFY2(arrived.isEmpty(), qPrintable(arrived));
    }
};

QTEST_GUILESS_MAIN(IsolationTest)
#include "isolation_test.moc"

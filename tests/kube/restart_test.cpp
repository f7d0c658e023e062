// SPDX-License-Identifier: Apache-2.0
//
// The controller is killed (SIGKILL) at twenty random moments while objects flow; afterwards the members
// hold exactly the desired objects, each created once.
#include <QRandomGenerator>
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class RestartTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;

    static QByteArray manifest(int index, int port) {
        return QByteArray("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s") +
               QByteArray::number(index) +
               "\"},\"spec\":{\"clusterIP\":\"None\",\"ports\":[{\"port\":" + QByteArray::number(port) +
               "}]}}\n";
    }

private Q_SLOTS:
    void initTestCase() {
        if (const QString why = RealCluster::unavailable(); !why.isEmpty())
            QSKIP(qPrintable(why));
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString placed = m_fleet->placeEverywhere({"Service"});
        QVERIFY2(placed.isEmpty(), qPrintable(placed));
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void twentyKillsLoseNothing() {
        const quint32 seed = QRandomGenerator::system()->generate();
        qInfo("seed %u", seed);
        QRandomGenerator random(seed);
        constexpr int kRounds = 20, kEach = 10;
        // What must stand at the end: port by index; deleted ones are absent.
        QMap<int, int> desired;
        for (int round = 0; round < kRounds; ++round) {
            QByteArray batch;
            for (int i = 0; i < kEach; ++i) {
                const int index = round * kEach + i;
                desired[index] = 80;
                batch += "---\n" + manifest(index, 80);
            }
            if (round > 0) {
                const int edited = (round - 1) * kEach;
                desired[edited] = 8000 + round;
                batch += "---\n" + manifest(edited, 8000 + round);
            }
            const Outcome apply = m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, batch);
            QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
            if (round > 0) {
                const int gone = (round - 1) * kEach + 1;
                desired.remove(gone);
                const Outcome removed = m_fleet->kubectl(
                    "prod", {"delete", "svc", QString("s%1").arg(gone), "-n", "shop", "--wait=false"});
                QVERIFY2(removed.exitCode == 0, qPrintable(removed.text()));
            }
            QTest::qWait(static_cast<int>(random.bounded(0, 300)));
            const qint64 pid = m_fleet->controllerPid();
            QVERIFY(pid > 1);
            m_fleet->killController();
            const Outcome up = m_fleet->kubefed({"up", "prod"});
            QVERIFY2(up.exitCode == 0, qPrintable(up.text()));
            QVERIFY(m_fleet->controllerPid() != pid);
        }
        QStringList expected;
        for (auto it = desired.begin(); it != desired.end(); ++it)
            expected << QString("s%1:%2").arg(it.key()).arg(it.value());
        expected.sort();
        for (const char* context : {"prod", "m1", "m2"}) {
            QStringList present;
            const QString why = Fleet::eventually(
                [&] {
                    present.clear();
                    const kube::Json list = m_fleet->read(context, {"svc", "-n", "shop"});
                    const kube::Json* items = kube::find(list, {"items"});
                    if (items == nullptr)
                        return QString("no list");
                    for (const kube::Json& item : items->get_array()) {
                        const std::string_view name = kube::stringAt(item.get_object(), {"metadata", "name"});
                        present << QString("%1:%2")
                                       .arg(QString::fromUtf8(name.data(),
                                                              static_cast<qsizetype>(name.size())))
                                       .arg(kube::find(item, {"spec", "ports"})
                                                ->get_array()
                                                .at(0)
                                                .at("port")
                                                .to_number<int>());
                    }
                    present.sort();
                    return present == expected
                               ? QString()
                               : QString("%1 objects, not %2").arg(present.size()).arg(expected.size());
                },
                60'000);
            QVERIFY2(why.isEmpty(), qPrintable(QString(context) + ": " + why));
        }
    }
};

QTEST_GUILESS_MAIN(RestartTest)
#include "restart_test.moc"

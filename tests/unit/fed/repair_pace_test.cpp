// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/repair_pace.h"

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::fed;
using namespace std::chrono_literals;

class RepairPaceTest : public QObject {
    Q_OBJECT

    RepairPace m_pace;
    SteadyTime m_now{};

    // How long a change that comes at once after each repair waits for its own.
    std::vector<Duration> fight(int repairs) {
        std::vector<Duration> waits;
        for (int i = 0; i < repairs; ++i) {
            waits.push_back(repairWait(m_pace, m_now));
            m_now += waits.back();
            noteRepair(m_pace, m_now);
        }
        return waits;
    }

private Q_SLOTS:
    void init() {
        m_pace = {};
        m_now = SteadyTime{} + 1h;
    }

    void aFightSlowsDown() {
        const std::vector<Duration> waits = fight(16);
        const std::vector<Duration> expected{0ms, 0ms, 0ms, 0ms, 0ms,  1s,   2s,   4s,
                                             8s,  16s, 32s, 64s, 128s, 256s, 300s, 300s};
        QVERIFY(waits == expected);
        QVERIFY(isContested(m_pace, m_now));
    }

    void editsNowAndThenAreRepairedAtOnce() {
        for (int i = 0; i < 100; ++i) {
            QCOMPARE(repairWait(m_pace, m_now).count(), 0);
            noteRepair(m_pace, m_now);
            m_now += 20s;
        }
        QVERIFY(!isContested(m_pace, m_now));
    }

    void aCalmMinuteEndsIt() {
        fight(8);
        m_now += 8s + 61s;
        QVERIFY(!isContested(m_pace, m_now));
        QCOMPARE(repairWait(m_pace, m_now).count(), 0);
        const std::vector<Duration> waits = fight(6);
        QVERIFY((waits == std::vector<Duration>{0ms, 0ms, 0ms, 0ms, 0ms, 1s}));
    }
};

QTEST_APPLESS_MAIN(RepairPaceTest)
#include "repair_pace_test.moc"

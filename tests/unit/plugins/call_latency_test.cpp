// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/call_latency.h"

#include <QtTest/QTest>

using kubefed::plugins::CallLatency;
using namespace std::chrono_literals;

class CallLatencyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void withoutCallsThereIsNone() { QCOMPARE(CallLatency().quantile(0.5).count(), 0); }

    // One call, told at most an eighth too high, however long it took.
    void aQuantileIsNearTheTruth() {
        for (std::int64_t nanos = 1; nanos < std::int64_t{1} << 39U; nanos += 1 + nanos / 7) {
            CallLatency latency;
            latency.add(std::chrono::nanoseconds(nanos));
            for (const double share : {0.0, 0.5, 1.0}) {
                const std::int64_t told = latency.quantile(share).count();
                QVERIFY2(told >= nanos && told <= nanos + nanos / 8, std::to_string(nanos).c_str());
            }
        }
    }

    void quantilesDivideTheCalls() {
        CallLatency latency;
        for (int i = 0; i < 980; ++i)
            latency.add(1us);
        for (int i = 0; i < 20; ++i)
            latency.add(1ms);
        const auto isNear = [&](double share, std::chrono::nanoseconds what) {
            const auto told = latency.quantile(share);
            return told >= what && told <= what + what / 8;
        };
        QVERIFY(isNear(0.5, 1us));
        QVERIFY(isNear(0.98, 1us));
        QVERIFY(isNear(0.981, 1ms));
        QVERIFY(isNear(0.99, 1ms));
    }

    void whatNeverEndedAndWhatRanBackwards() {
        CallLatency latency;
        latency.add(-5ns);
        QCOMPARE(latency.quantile(1).count(), 0);
        latency.add(100h);
        QVERIFY(latency.quantile(1) > 18min);
    }
};

QTEST_GUILESS_MAIN(CallLatencyTest)
#include "call_latency_test.moc"

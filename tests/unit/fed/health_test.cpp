// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/health.h"

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::fed;
using namespace std::chrono_literals;

// For enumerations: Qt would look for its own kind of toString().
#define SAME(a, b) QVERIFY((a) == (b))

namespace {

// One letter a probe: o Ok, n NotReady, u Refused (401, 403), f Failed.
Health run(const char* probes, HealthCheck check = {}, Health health = {}) {
    WallTime now{std::chrono::hours{1000}};
    for (const char* p = probes; *p != 0; ++p, now += 10s) {
        Probe probe;
        probe.latency = 5ms;
        probe.message = std::string("failed as ") + *p;
        probe.outcome = *p == 'o'   ? ProbeOutcome::Ok
                        : *p == 'n' ? ProbeOutcome::NotReady
                        : *p == 'u' ? ProbeOutcome::Refused
                                    : ProbeOutcome::Failed;
        health = afterProbe(std::move(health), probe, now, check);
    }
    return health;
}

}  // namespace

class HealthTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void phasesFlipByThresholdExactly() {
        struct Row {
            const char* probes;
            Phase phase;
        };
        const Row rows[] = {
            {"", Phase::Joining},
            {"o", Phase::Ready},
            {"f", Phase::Joining},
            {"ff", Phase::Joining},
            {"fff", Phase::Unreachable},
            {"ffo", Phase::Ready},
            {"of", Phase::Ready},
            {"off", Phase::Ready},
            {"offf", Phase::Unreachable},
            {"offo", Phase::Ready},
            {"offoff", Phase::Ready},
            {"offffffo", Phase::Ready},
            {"on", Phase::Ready},
            {"onnn", Phase::Degraded},
            {"onnno", Phase::Ready},
            {"ouuu", Phase::Unauthorized},
            {"uuu", Phase::Unauthorized},
            {"offu", Phase::Unauthorized},
            {"offffu", Phase::Unauthorized},
            // One lost probe on top of another trouble does not make it unreachable.
            {"onnf", Phase::Degraded},
            {"onnnf", Phase::Degraded},
            {"onnnff", Phase::Degraded},
            {"onnnfff", Phase::Unreachable},
            {"ofnf", Phase::Degraded},
            {"offn", Phase::Degraded},
            {"nfnfnf", Phase::Degraded},
            {"onfnfnf", Phase::Degraded},
            {"onnnffnff", Phase::Degraded},
            {"onnnffnfff", Phase::Unreachable},
            {"ouuuf", Phase::Unauthorized},
            {"ouuuff", Phase::Unauthorized},
            {"ouuufff", Phase::Unreachable},
            {"ouunuu", Phase::Degraded},
            {"ouunuuu", Phase::Unauthorized},
            {"onnffu", Phase::Unauthorized},
            {"offnffo", Phase::Ready},
            // An answer is a contact, whatever it says.
            {"offffn", Phase::Degraded},
            {"ouuun", Phase::Degraded},
        };
        for (const Row& row : rows)
            QVERIFY2(run(row.probes).phase == row.phase, row.probes);
    }

    void thresholdsAreSettable() {
        SAME(run("of", {.failureThreshold = 1}).phase, Phase::Unreachable);
        SAME(run("offfo", {.successThreshold = 2}).phase, Phase::Unreachable);
        SAME(run("offfoo", {.successThreshold = 2}).phase, Phase::Ready);
        SAME(run("offfofoo", {.successThreshold = 2}).phase, Phase::Ready);
        SAME(run("offfn", {.successThreshold = 2}).phase, Phase::Unreachable);
        SAME(run("offfno", {.successThreshold = 2}).phase, Phase::Degraded);
        SAME(run("offfnoo", {.successThreshold = 2}).phase, Phase::Ready);
        SAME(run("onf", {.failureThreshold = 2}).phase, Phase::Degraded);
        SAME(run("onff", {.failureThreshold = 2}).phase, Phase::Unreachable);
    }

    void anEditedThresholdJudgesWhatWasCounted() {
        const WallTime now{std::chrono::hours{2000}};
        const auto edited = [&](const char* probes, HealthCheck before, HealthCheck after) {
            return afterEdit(run(probes, before), now, after);
        };
        const Health lost = edited("off", {}, {.failureThreshold = 1});
        SAME(lost.phase, Phase::Unreachable);
        QCOMPARE((lost.since - now).count(), WallTime::duration(0s).count());
        QCOMPARE(describe(lost, {.failureThreshold = 1}), std::string("failed as f (1 of 1 probes)"));
        SAME(edited("o", {}, {.failureThreshold = 1}).phase, Phase::Ready);
        SAME(edited("", {}, {.failureThreshold = 1}).phase, Phase::Joining);
        SAME(edited("offfo", {.successThreshold = 2}, {}).phase, Phase::Ready);
        // A higher one forgives nothing, and one probe more is what is missing.
        const Health still = edited("offf", {}, {.failureThreshold = 5});
        SAME(still.phase, Phase::Unreachable);
        QCOMPARE(describe(still, {.failureThreshold = 5}), std::string("failed as f (3 of 5 probes)"));
        SAME(edited("oo", {}, {.successThreshold = 3}).phase, Phase::Ready);
        SAME(run("ff", {.failureThreshold = 5}, edited("off", {}, {.failureThreshold = 5})).phase,
             Phase::Ready);
        SAME(run("fff", {.failureThreshold = 5}, edited("off", {}, {.failureThreshold = 5})).phase,
             Phase::Unreachable);
    }

    void lastContactIsTheLastAnswerOfAnyKind() {
        const WallTime start{std::chrono::hours{1000}};
        QVERIFY(!run("f").contacted);
        QCOMPARE((run("of").lastContact - start).count(), WallTime::duration(0s).count());
        QCOMPARE((run("ofu").lastContact - start).count(), WallTime::duration(20s).count());
        QCOMPARE((run("offff").since - start).count(), WallTime::duration(30s).count());
    }

    void theMessageCountsProbes() {
        QCOMPARE(describe(run("off"), {}), std::string("failed as f (2 of 3 probes)"));
        QCOMPARE(describe(run("o"), {}), std::string());
        QCOMPARE(describe(run("offfff"), {}), std::string("failed as f (3 of 3 probes)"));
        QCOMPARE(describe(run("onnf"), {}), std::string("failed as f (1 of 3 probes)"));
        QCOMPARE(describe(run("onnnfn"), {}), std::string("failed as n (3 of 3 probes)"));
    }
};

QTEST_GUILESS_MAIN(HealthTest)
#include "health_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cache/work_queue.h"

#include <string>
#include <vector>

#include <QtTest/QTest>

#include "kubefed/cache/rate_limiter.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;
using namespace kubefed::cache;
using namespace std::chrono_literals;

namespace {

std::string laneOf(const std::string& key) {
    return key.substr(0, 1);
}

std::vector<std::string> takeAll(WorkQueue<std::string>& queue) {
    std::vector<std::string> keys;
    while (auto key = queue.take()) {
        keys.push_back(*key);
        queue.done(*key);
    }
    return keys;
}

using Keys = std::vector<std::string>;

Error answered(int httpCode, std::optional<Duration> retryAfter = {}) {
    return Error{.code = Code::Unavailable,
                 .message = "",
                 .status = ApiStatus{.httpCode = httpCode, .reason = {}, .body = {}},
                 .retryAfter = retryAfter};
}

}  // namespace

class WorkQueueTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aKeyIsQueuedOnceAndTheOwnerIsToldOnceFromTheLoop() {
        FakeClock clock;
        int told = 0;
        WorkQueue<std::string> queue(clock, {}, laneOf, [&] { ++told; });
        queue.add("a");
        queue.add("a");
        queue.add("b");
        QCOMPARE(told, 0);
        clock.advance(0ms);
        QCOMPARE(told, 1);
        QCOMPARE(queue.metrics().depth, 2U);
        QCOMPARE(queue.metrics().adds, 2U);
        QCOMPARE(takeAll(queue), (Keys{"a", "b"}));
        clock.advance(1s);
        QCOMPARE(told, 1);
    }

    void aKeyAddedWhileProcessedComesBackAfterDone() {
        FakeClock clock;
        int told = 0;
        WorkQueue<std::string> queue(clock, {}, laneOf, [&] { ++told; });
        queue.add("a");
        QCOMPARE(queue.take().value(), std::string("a"));
        queue.add("a");
        queue.add("a");
        clock.advance(0ms);
        QVERIFY(!queue.take());
        queue.done("a");
        clock.advance(0ms);
        QCOMPARE(told, 2);
        QCOMPARE(queue.take().value(), std::string("a"));
        queue.done("a");
        QVERIFY(!queue.take());
        QVERIFY(!queue.isPending("a"));
    }

    void lanesTakeTurns() {
        FakeClock clock;
        WorkQueue<std::string> queue(clock, {}, laneOf, {});
        for (const char* key : {"a1", "a2", "a3", "a4", "b1", "b2", "c1"})
            queue.add(key);
        QCOMPARE(takeAll(queue), (Keys{"a1", "b1", "c1", "a2", "b2", "a3", "a4"}));
    }

    void delaysKeepTheEarliestAndAnAddEndsThem() {
        FakeClock clock;
        WorkQueue<std::string> queue(clock, {}, laneOf, {});
        queue.addAfter("late", 10s);
        queue.addAfter("late", 20s);
        queue.addAfter("soon", 10s);
        queue.addAfter("soon", 1s);
        clock.advance(1s);
        QCOMPARE(takeAll(queue), Keys{"soon"});
        queue.add("late");
        QCOMPARE(takeAll(queue), Keys{"late"});
        clock.advance(60s);
        QCOMPARE(takeAll(queue), Keys{});
        QCOMPARE(clock.pendingTimers(), 0U);
    }

    void aDelayThatEndsWhileTheKeyIsProcessedIsNotLost() {
        FakeClock clock;
        WorkQueue<std::string> queue(clock, {}, laneOf, {});
        queue.add("a");
        QVERIFY(queue.take());
        queue.addAfter("a", 1s);
        clock.advance(2s);
        QVERIFY(!queue.take());
        queue.done("a");
        QCOMPARE(takeAll(queue), Keys{"a"});
    }

    void backoffGrowsToItsLimitAndForgetResetsIt() {
        FakeClock clock;
        WorkQueue<std::string> queue(
            clock, {.first = 100ms, .max = 800ms, .factor = 2, .jitter = 0, .jitterSeed = 1}, laneOf, {});
        for (const auto delay : {100ms, 200ms, 400ms, 800ms, 800ms}) {
            queue.addRateLimited("a");
            clock.advance(delay - 1ms);
            QVERIFY(!queue.take());
            clock.advance(1ms);
            QCOMPARE(takeAll(queue), Keys{"a"});
        }
        QCOMPARE(queue.retries("a"), 5);
        QCOMPARE(queue.metrics().retries, 5U);
        queue.forget("a");
        QCOMPARE(queue.retries("a"), 0);
        queue.addRateLimited("a", 5s);  // Retry-After
        clock.advance(4999ms);
        QVERIFY(!queue.take());
        clock.advance(1ms);
        QVERIFY(queue.take());
    }

    void jitterComesFromTheSeed() {
        const auto readyAfter = [](std::uint64_t seed) {
            FakeClock clock;
            WorkQueue<std::string> queue(
                clock, {.first = 10s, .max = 60s, .factor = 2, .jitter = 1, .jitterSeed = seed}, laneOf, {});
            queue.addRateLimited("a");
            int elapsed = 0;
            for (; !queue.take(); ++elapsed)
                clock.advance(1ms);
            return elapsed;
        };
        QCOMPARE(readyAfter(7), readyAfter(7));
        QVERIFY(readyAfter(7) != readyAfter(8));
        QVERIFY(readyAfter(7) >= 10'000 && readyAfter(7) <= 20'000);
    }

    void metricsKnowTheLongestWait() {
        FakeClock clock;
        WorkQueue<std::string> queue(clock, {}, laneOf, {});
        queue.add("a1");
        clock.advance(3s);
        queue.add("b1");
        clock.advance(1s);
        QCOMPARE(queue.metrics().longestWait, Duration(4s));
        QCOMPARE(queue.take().value(), std::string("a1"));
        QCOMPARE(queue.metrics().longestWait, Duration(1s));
    }

    void theLimiterGrowsWhereItIsFeltAndFallsOnPushback() {
        FakeClock clock;
        AdaptiveLimiter limiter(clock, {.initial = 2, .minimum = 1, .maximum = 3}, {});
        QVERIFY(limiter.tryAcquire());
        limiter.release(nullptr);
        QCOMPARE(limiter.limit(), 2.0);  // one of two: the limit was not felt
        for (int i = 0; i < 10; ++i) {
            while (limiter.tryAcquire()) {
            }
            while (limiter.inFlight() > 0)
                limiter.release(nullptr);
        }
        QCOMPARE(limiter.limit(), 3.0);
        QVERIFY(limiter.tryAcquire() && limiter.tryAcquire());
        const Error timeout{.code = Code::DeadlineExceeded, .message = ""};
        limiter.release(&timeout);
        limiter.release(&timeout);  // sent before the limit fell: counted once
        QCOMPARE(limiter.limit(), 1.5);
        QVERIFY(!limiter.isPaused());
        const Error conflict = answered(409);
        QVERIFY(limiter.tryAcquire());
        limiter.release(&conflict);
        QVERIFY(limiter.limit() > 1.5);
    }

    void theLimiterObeysRetryAfter() {
        FakeClock clock;
        int freed = 0;
        AdaptiveLimiter limiter(clock, {}, [&] { ++freed; });
        QVERIFY(limiter.tryAcquire() && limiter.tryAcquire());
        const Error busy = answered(429, 7s);
        const Error briefly = answered(429, 2s);
        limiter.release(&busy);
        limiter.release(&briefly);  // does not shorten the longer pause
        QVERIFY(!limiter.tryAcquire());
        clock.advance(6999ms);
        QVERIFY(!limiter.tryAcquire());
        QCOMPARE(freed, 0);
        clock.advance(1ms);
        QCOMPARE(freed, 1);
        QVERIFY(limiter.tryAcquire());
        QCOMPARE(limiter.limit(), 8.0);
    }

    void theBucketFillsAtItsRate() {
        FakeClock clock;
        TokenBucket bucket(clock, 10, 2);
        QVERIFY(bucket.tryTake() && bucket.tryTake());
        QVERIFY(!bucket.tryTake());
        QCOMPARE(bucket.untilNext(), Duration(100ms));
        clock.advance(100ms);
        QVERIFY(bucket.tryTake());
        clock.advance(1h);
        QVERIFY(bucket.tryTake() && bucket.tryTake() && !bucket.tryTake());
    }
};

QTEST_GUILESS_MAIN(WorkQueueTest)
#include "work_queue_test.moc"

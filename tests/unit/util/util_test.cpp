// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <thread>
#include <vector>

#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"
#include "kubefed/util/log.h"
#include "kubefed/util/mailbox.h"
#include "kubefed/util/qt_clock.h"
#include "kubefed/util/utf8.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;
using namespace std::chrono_literals;

class UtilTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void errorsShowTheirContextOutermostFirst() {
        const Error error = Error{.code = Code::NotFound, .message = "no such pod"}
                                .withContext("reading pod \"a\"")
                                .withContext("cluster \"m1\"");
        QCOMPARE(error.text(), std::string("cluster \"m1\": reading pod \"a\": no such pod"));
        QCOMPARE((Error{.code = Code::NotFound, .message = ""}.text()), std::string("NotFound"));
    }

    void timesAreWrittenAndReadAsKubernetesDoes() {
        WallTime time;
        QVERIFY(parseRfc3339("2026-02-28T23:59:59Z", time));
        QCOMPARE(toRfc3339(time), std::string("2026-02-28T23:59:59Z"));
        QVERIFY(parseRfc3339("2026-03-01T01:59:59.123456+02:00", time));
        QCOMPARE(toRfc3339Micro(time), std::string("2026-02-28T23:59:59.123456Z"));
        for (const char* bad : {"", "2026-02-30T00:00:00Z", "2026-02-28 00:00", "2026-02-28T00:00:00", "x",
                                "2026-02-28T24:00:00Z", "2026-02-28T00:00:00.Z", "2026-02-28T00:00:00+0200"})
            QVERIFY2(!parseRfc3339(bad, time), bad);
    }

    void fakeTimersFireInOrderAndAreCancelledByTheirHandle() {
        FakeClock clock;
        std::vector<int> fired;
        const Request a = clock.after(20ms, [&] { fired.push_back(20); });
        const Request b = clock.after(10ms, [&] { fired.push_back(10); });
        Request c = clock.after(15ms, [&] { fired.push_back(15); });
        c.cancel();
        clock.advance(19ms);
        QCOMPARE(fired, std::vector<int>{10});
        clock.advance(1ms);
        QCOMPARE(fired, (std::vector<int>{10, 20}));
        QCOMPARE(clock.pendingTimers(), 0U);
    }

    void qtTimersDoNotFireEarlyHoweverLong() {
        QtClock clock;
        bool early = false, later = false;
        const Request month = clock.after(Duration((std::int64_t{1} << 32) + 1), [&] { early = true; });
        const Request negative = clock.after(Duration(std::int64_t{1} << 31), [&] { early = true; });
        const Request soon = clock.after(Duration(20), [&] { later = true; });
        QTRY_VERIFY(later);
        QVERIFY(!early);
    }

    void qtTimersMayDestroyTheirOwnHandle() {
        QtClock clock;
        Request handle;
        bool fired = false;
        handle = clock.after(1ms, [&] {
            handle.cancel();
            fired = true;
        });
        QTRY_VERIFY(fired);
        bool cancelled = false;
        {
            const Request gone = clock.after(0ms, [&] { cancelled = true; });
        }
        bool later = false;
        const Request after = clock.after(2ms, [&] { later = true; });
        QTRY_VERIFY(later);
        QVERIFY(!cancelled);
    }

    void aMailboxKeepsOrderAndRefusesWhenFull() {
        std::vector<int> got;
        Mailbox<int> box(3,
                         [&](std::vector<int> batch) { got.insert(got.end(), batch.begin(), batch.end()); });
        QVERIFY(box.push(1) && box.push(2) && box.push(3));
        QVERIFY(!box.push(4));
        QTRY_COMPARE(got, (std::vector<int>{1, 2, 3}));
        QVERIFY(box.push(5));
        QTRY_COMPARE(got.size(), 4U);
    }

    void aClosedMailboxTakesAndTellsNothing() {
        auto alive = std::make_shared<int>(0);
        Mailbox<int> box(3, [&, alive](const std::vector<int>&) { ++*alive; });
        QVERIFY(box.push(1));  // its wake-up is under way
        box.close();
        QCOMPARE(alive.use_count(), 1L);
        QVERIFY(!box.push(2));
        bool later = false;
        Mailbox<int> next(1, [&](const std::vector<int>&) { later = true; });
        QVERIFY(next.push(1));
        QTRY_VERIFY(later);
        QCOMPARE(*alive, 0);
    }

    void aMailboxTakesFromOtherThreads() {
        constexpr int kEach = 1000;
        std::size_t count = 0;
        Mailbox<int> box(1'000'000, [&](std::vector<int> batch) { count += batch.size(); });
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&box] {
                for (int i = 0; i < kEach; ++i)
                    if (!box.push(i))
                        std::abort();
            });
        QTRY_COMPARE(count, std::size_t{4 * kEach});
    }

    void onlyWellFormedUtf8IsTaken() {
        constexpr auto npos = std::string_view::npos;
        for (const char* good :
             {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
            QVERIFY2(findInvalidUtf8(good) == npos, good);
        // Alone, cut short, overlong, a surrogate, too large.
        for (const char* bad : {"\x80", "\xC2", "\xC2 ", "\xE0\xA0", "\xC0\x80", "\xE0\x9F\xBF",
                                "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xFF"})
            QCOMPARE(findInvalidUtf8(std::string("ab") + bad), std::size_t{2});
    }

    void logLinesQuoteWhatNeedsIt() {
        std::string line;
        log::setSink([&](log::Level, std::string_view text) { line = text; });
        log::warning("member lost", {{"cluster", "m1"}, {"why", "said \"no\"\n"}});
        log::setSink({});
        const std::string_view expected = " warning \"member lost\" cluster=m1 why=\"said \\\"no\\\"\\n\"";
        QVERIFY2(line.ends_with(expected), line.c_str());
    }
};

QTEST_GUILESS_MAIN(UtilTest)
#include "util_test.moc"

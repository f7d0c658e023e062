// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include <kubefed/policy_properties.hpp>

namespace {

using namespace kubefed::policy;
using namespace kubefed::policy::testing;

// What a policy may do wrong, one in each.
enum class Flaw {
    None,
    Above,
    Undecided,
    Remembers,
    ByOrder,
    Chatty,
    Nan,
    TooMany,
    Throws,
    Rising,
    Restless
};

template <Flaw flaw>
struct Scoring : Policy {
    int calls = 0;
    void score(const Round& round, std::span<Candidate> clusters) override {
        ++calls;
        std::size_t index = 0;
        for (Candidate& c : clusters) {
            const double ms = c.cluster().number("latencyMillis", 0);
            double points = ms <= 0 ? 1 : 1 / (1 + ms);
            if constexpr (flaw == Flaw::Above)
                points = ms;
            if constexpr (flaw == Flaw::Remembers)
                points = calls % 2;
            if constexpr (flaw == Flaw::ByOrder)
                points = index == 0 ? 1 : 0;
            if constexpr (flaw == Flaw::Chatty)
                points = round.wantsReasons() ? 1 : 0;
            if constexpr (flaw == Flaw::Nan)
                points = ms / ms;
            if constexpr (flaw == Flaw::Throws)
                throw std::out_of_range("index 7 of 3");
            if constexpr (flaw == Flaw::Rising)
                points = ms <= 0 ? 0 : 1 - 1 / (1 + ms);
            c.score(points, "{} ms away", ms);
            ++index;
        }
        std::ignore = round;
    }
};

template <Flaw flaw>
struct Dividing : Policy {
    void divide(const Round& round, std::span<Candidate> clusters) override {
        std::int64_t left = round.wanted();
        for (Candidate& c : clusters)
            left -= c.min();
        std::vector<Candidate*> order;
        for (Candidate& c : clusters)
            order.push_back(&c);
        std::ranges::sort(order, [](const Candidate* a, const Candidate* b) {
            if (flaw == Flaw::Restless && a->current() != b->current())
                return a->current() < b->current();
            return a->tieBreak() < b->tieBreak();
        });
        for (Candidate* c : order) {
            const std::int64_t more =
                flaw == Flaw::TooMany ? c->max() - c->min() : std::min(left, c->max() - c->min());
            c->place(c->min() + more);
            left -= more;
        }
    }
};

template <class T>
std::string problemsOf(PropertyOptions options = {}) {
    static constexpr kubefed_policy_manifest kManifest =
        kubefed::policy::detail::manifest<T>("test", "1", "");
    std::string all;
    for (const std::string& problem : checkProperties(kManifest, options))
        all += problem + "\n";
    return all;
}

}  // namespace

class PolicyKitTest : public QObject {
    Q_OBJECT

    static void verifySays(const std::string& found, const char* what) {
        QVERIFY2(found.find(what) != std::string::npos, found.c_str());
    }

private Q_SLOTS:
    void whatIsRightPasses() {
        QCOMPARE(problemsOf<Scoring<Flaw::None>>({.falling = {"latencyMillis"}}), std::string());
        QCOMPARE(problemsOf<Dividing<Flaw::None>>(), std::string());
    }
    void whatIsWrongIsFoundAndNamed() {
        verifySays(problemsOf<Scoring<Flaw::Above>>(), "not within [0, 1]");
        verifySays(problemsOf<Scoring<Flaw::Nan>>(), "not within [0, 1]");
        verifySays(problemsOf<Scoring<Flaw::Remembers>>(), "another answer");
        verifySays(problemsOf<Scoring<Flaw::ByOrder>>(), "come in another order");
        verifySays(problemsOf<Scoring<Flaw::Chatty>>(), "when nobody wants reasons");
        verifySays(problemsOf<Scoring<Flaw::Throws>>(), "index 7 of 3");
        verifySays(problemsOf<Scoring<Flaw::Rising>>({.falling = {"latencyMillis"}}), "not falling in");
        verifySays(problemsOf<Dividing<Flaw::TooMany>>(), "more replicas than the");
        verifySays(problemsOf<Dividing<Flaw::Restless>>(), "never come to rest");
    }
    void aStageIsCalledAsTheControllerWould() {
        static constexpr kubefed_policy_manifest kManifest =
            kubefed::policy::detail::manifest<Scoring<Flaw::None>>("test", "1", "");
        Subject subject(kManifest);
        QVERIFY2(subject.isMade(), subject.error().c_str());
        std::vector<Row> rows(2);
        rows[1].raw.cluster = 1;
        QVERIFY(subject.run(
            KUBEFED_STAGE_SCORE,
            {cluster("tokyo").number("latencyMillis", 1), cluster("osaka").number("latencyMillis", 3)}, {},
            rows));
        QCOMPARE(rows[0].raw.points, 0.5);
        QCOMPARE(rows[1].raw.points, 0.25);
        QCOMPARE(rows[1].reason, std::string("3 ms away"));
    }
};

QTEST_GUILESS_MAIN(PolicyKitTest)
#include "policy_kit_test.moc"

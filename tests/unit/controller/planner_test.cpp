// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <latch>
#include <set>

#include <QTest>

#include "controller/scheduling/thread_planner.h"
#include "tests/unit/fed/fleet_builders.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

// Everything to everywhere; stands still in rounds for policies called "tar" until it is let go.
struct Policies final : PolicySource {
    class Round final : public fed::PolicyRound {
    public:
        Round(Policies& policies, bool hangs) : m_policies(policies), m_hangs(hangs) {}
        ~Round() override { --m_policies.open_; }
        [[nodiscard]] std::span<const Plugin> plugins() const override { return {&m_plugin, 1}; }
        [[nodiscard]] Result<void> run(std::size_t, fed::Stage, const fed::RoundContext&,
                                       std::span<fed::RoundRow> rows, fed::ReasonLog*) override {
            if (m_hangs) {
                m_policies.hanging.count_down();
                m_policies.letGo.wait();
            }
            for (fed::RoundRow& row : rows)
                row.replicas = row.min;
            return {};
        }

    private:
        Policies& m_policies;
        const bool m_hangs;
        Plugin m_plugin{.name = "any",
                        .weight = 1,
                        .optional = false,
                        .stages = 1U << static_cast<unsigned>(fed::Stage::Divide)};
    };

    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy& policy) override {
        threads.insert(std::this_thread::get_id());
        if (++open_ > 1)
            isCrowded = true;
        return std::make_unique<Round>(*this, policy.ref.name == "tar");
    }

    void forget(const std::string&) override {}

    std::set<std::thread::id> threads;  // of the worker while it lives
    std::atomic<int> open_{0};
    std::atomic<bool> isCrowded{false};
    std::latch hanging{1};
    std::latch letGo{1};
};

PlanJob job(const std::string& name, const std::string& policy = "web") {
    kube::Object object = kube::Object::make({"", "v1", "ReplicationController"}, "shop", name);
    object.document()["spec"] = kube::JsonObject{{"replicas", 0}};
    const auto kind = kindIndex(fed::findKind("v1", "ReplicationController"));
    return {.id = {static_cast<std::uint8_t>(kind), {"shop", name}},
            .inputs = std::make_shared<const PlanInputs>(
                PlanInputs{.fleet = fed::testing::fleet({fed::testing::cluster("tokyo")}),
                           .object = std::make_shared<const kube::Object>(std::move(object)),
                           .policy = std::make_shared<const fed::Policy>(fed::testing::policy(policy)),
                           .last = {},
                           .status = {}}),
            .reasons = PlanReasons::Always};
}

}  // namespace

class PlannerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void answersInOrderOnThisThreadAndNeverFromInsideTheCall() {
        Policies policies;
        std::vector<std::string> told;
        {
            ThreadPlanner planner(policies);
            std::vector<Request> requests;
            for (int i = 0; i < 1'000; ++i)
                requests.push_back(
                    planner.plan(job("web" + std::to_string(i)), [&, i](const PlanAnswer& answer) {
                        const fed::Decision& made = answer.decision;
                        QVERIFY(QThread::currentThread() == thread());
                        QCOMPARE(made.reason, std::string("Scheduled"));
                        QCOMPARE(made.spec.source.key.name, "web" + std::to_string(i));
                        QVERIFY(made.explanation != nullptr);
                        told.push_back(made.spec.source.key.name);
                    }));
            QVERIFY(told.empty());
            QTRY_COMPARE(told.size(), std::size_t{1'000});
            QVERIFY(planner.end(10s));
        }
        for (int i = 0; i < 1'000; ++i)
            QCOMPARE(told[static_cast<std::size_t>(i)], "web" + std::to_string(i));
        QCOMPARE(policies.threads.size(), std::size_t{1});
        QVERIFY(!policies.threads.contains(std::this_thread::get_id()));
        QVERIFY(!policies.isCrowded);
        QCOMPARE(policies.open_.load(), 0);
    }

    void whatIsGivenUpIsNeverAnsweredAndNotBegun() {
        Policies policies;
        ThreadPlanner planner(policies);
        int told = 0;
        const auto count = [&told](const PlanAnswer&) { ++told; };
        Request begun = planner.plan(job("hang", "tar"), count);
        policies.hanging.wait();
        Request waits = planner.plan(job("web"), count);
        Request stays = planner.plan(job("other"), count);
        begun.cancel();
        waits.cancel();
        policies.letGo.count_down();
        QTRY_COMPARE(told, 1);
        QVERIFY(planner.end(10s));
        QTest::qWait(0);
        QCOMPARE(told, 1);
    }

    void oneMayGiveUpOthersWhenAnswered() {
        Policies policies;
        ThreadPlanner planner(policies);
        std::vector<Request> requests;
        int told = 0;
        for (int i = 0; i < 100; ++i)
            requests.push_back(planner.plan(job("web"), [&](const PlanAnswer&) {
                ++told;
                requests.clear();
            }));
        QTRY_COMPARE(told, 1);
        requests.push_back(planner.plan(job("web"), [&](const PlanAnswer&) { ++told; }));
        QTRY_COMPARE(told, 2);
    }

    void itsEndWaitsForWhatHasBegunAndDropsTheRest() {
        Policies policies;
        int told = 0;
        {
            ThreadPlanner planner(policies);
            const auto count = [&told](const PlanAnswer&) { ++told; };
            const Request begun = planner.plan(job("hang", "tar"), count);
            const Request waits = planner.plan(job("web"), count);
            policies.hanging.wait();
            policies.letGo.count_down();
            QVERIFY(planner.end(10s));
            QVERIFY(planner.end(10s));
        }
        QTest::qWait(0);
        QCOMPARE(told, 0);
        QCOMPARE(policies.open_.load(), 0);
    }

    void whatNeverComesBackDoesNotHoldUpItsEnd() {
        Policies policies;
        int told = 0;
        {
            ThreadPlanner planner(policies);
            const Request begun = planner.plan(job("hang", "tar"), [&told](const PlanAnswer&) { ++told; });
            policies.hanging.wait();
            QVERIFY(!planner.end(20ms));
        }
        // Left behind, it touches only what was to stay.
        policies.letGo.count_down();
        QTRY_COMPARE(policies.open_.load(), 0);
        QCOMPARE(told, 0);
    }
};

QTEST_GUILESS_MAIN(PlannerTest)
#include "planner_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/unjoin.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <QtTest/QTest>

#include "kubefed/fed/leaving.h"
#include "tests/unit/cli/join_fixture.h"

using namespace kubefed;
using namespace kubefed::cli;

class UnjoinTest : public QObject, protected JoinFixture {
    Q_OBJECT

    // Joined; from now on the controller keeps the MemberCluster until it has done what the order says, which
    // ends in m_order.
    std::optional<fed::UnjoinOrder> m_order;
    void joined() {
        becomesReady();
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        w->exitCode.reset();
        w->err.str("");
        m_order.reset();
        kube::ensureObject(w->federation.objects.at(kMemberPath), {"metadata"})["finalizers"] =
            kube::JsonArray{"kubefed.io/membership"};
        w->federation.clock = &w->clock;
        w->federation.changed = [this] { leave(); };
    }
    void leave() {
        if (!w->federation.objects.contains(kMemberPath) || !memberCluster().isDeleting())
            return;
        m_order = fed::unjoinOrderOf(memberCluster());
        w->federation.objects.erase(kMemberPath);
    }
    // When the order has been written, for the first time.
    void onOrder(std::function<void()> then) {
        w->federation.changed = [this, then = std::move(then), seen = false]() mutable {
            if (!std::exchange(seen, true))
                then();
            leave();
        };
    }
    void unjoin(bool deleteObjects = true) {
        run(std::make_unique<Unjoin>(
            w->env,
            UnjoinOptions{.common = w->options.common, .name = "tokyo", .deleteObjects = deleteObjects}));
    }
    void verifyNoOrderStands() {
        QVERIFY(!memberCluster().isDeleting());
        QVERIFY2(!fed::hasUnjoinOrder(memberCluster()), memberCluster().text().c_str());
        QVERIFY2(w->text().find("nothing was changed") != std::string::npos, w->text().c_str());
    }

private Q_SLOTS:
    void init() { makeWorld(); }

    void unjoinRemovesWhatJoinMade() {
        const auto federation = w->federation.objects;
        auto member = w->member.objects;
        becomesReady();
        join();
        w->exitCode.reset();
        UnjoinOptions options{.common = w->options.common, .name = "tokyo", .deleteObjects = true};
        run(std::make_unique<Unjoin>(w->env, options));
        QCOMPARE(w->exitCode.value_or(-1), 0);
        member["/api/v1/namespaces/kubefed-system"] =
            w->member.objects.at("/api/v1/namespaces/kubefed-system");
        QVERIFY(w->member.objects == member);  // the namespace may serve others
        QVERIFY(w->federation.objects == federation);
    }
    void theOrderCountsForItsDeletion() {
        joined();
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(m_order == (fed::UnjoinOrder{.deletesObjects = true}));
    }
    void theOrderIsDatedByTheFederationsClock() {
        joined();
        w->federation.date = "Fri, 20 Dec 2019 00:00:40 GMT";
        std::string time;
        onOrder([&] { time = memberCluster().annotation(fed::kUnjoinTimeAnnotation); });
        unjoin();
        QCOMPARE(time, std::string("2019-12-20T00:00:40Z"));
    }
    void interruptedBeforeTheDeletionItTakesTheOrderBack() {
        joined();
        onOrder([this] { w->verb->interrupt(); });
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 130);
        verifyNoOrderStands();
    }
    void aDeletionThatIsLostTakesTheOrderBack() {
        joined();
        onOrder([this] { w->federation.lost = {kMemberPath}; });
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        verifyNoOrderStands();
    }
    void aDeletionThatIsRefusedTakesTheOrderBack() {
        joined();
        onOrder([this] { w->federation.refusing = {std::string("DELETE ") + kMemberPath}; });
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        verifyNoOrderStands();
    }
    void anOrderWithoutAnAnswerIsTakenBack() {
        joined();
        w->federation.unanswered = {kMemberPath};
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        verifyNoOrderStands();
    }
    void aDeletionWithoutAnAnswerIsWaitedFor() {
        joined();
        onOrder([this] { w->federation.unanswered = {kMemberPath}; });
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(m_order == (fed::UnjoinOrder{.deletesObjects = true}));
    }
    void interruptedWhileItLeavesItSaysSo() {
        joined();
        w->federation.changed = [this] {
            if (memberCluster().isDeleting())
                w->verb->interrupt();
        };
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 130);
        QVERIFY(memberCluster().isDeleting());
        QVERIFY2(w->text().find("\"tokyo\" is leaving federation \"prod\"") != std::string::npos,
                 w->text().c_str());
    }
    void aPlainUnjoinReplacesAnOldOrder() {
        joined();
        kube::Object old = memberCluster();
        for (const std::string_view annotation : {fed::kUnjoinObjectsAnnotation, fed::kUnjoinForceAnnotation})
            old.setAnnotation(annotation, annotation == fed::kUnjoinForceAnnotation ? "true" : "delete");
        w->federation.objects[kMemberPath] = old.document();
        unjoin(false);
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(m_order == fed::UnjoinOrder{});
    }
    void joiningAgainClearsAnOldOrder() {
        joined();
        kube::Object old = memberCluster();
        old.setAnnotation(fed::kUnjoinObjectsAnnotation, "delete");
        old.setAnnotation(fed::kUnjoinTimeAnnotation, "2019-12-19T00:00:00Z");
        w->federation.objects[kMemberPath] = old.document();
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY2(!fed::hasUnjoinOrder(memberCluster()), memberCluster().text().c_str());
    }
    void aDeadMemberIsLetGoByForceAndWhatIsLeftIsListed() {
        becomesReady();
        join();
        w->member.connection = net::makeProblem(net::Problem::Refused, "10.1.0.4:6443");
        w->exitCode.reset();
        w->err.str("");
        UnjoinOptions options{.common = w->options.common, .name = "tokyo", .force = true};
        run(std::make_unique<Unjoin>(w->env, options));
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(!w->federation.objects.contains(kMemberPath));
        QVERIFY2(w->text().find("serviceaccounts/kubefed-system/prod") != std::string::npos,
                 w->text().c_str());
    }
    void whatCannotBeRemovedThereIsListed() {
        joined();
        const std::string account = "/api/v1/namespaces/kubefed-system/serviceaccounts/prod";
        QVERIFY(w->member.objects.contains(account));
        w->member.refusing = {"DELETE " + account};
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 5);
        QVERIFY(!w->federation.objects.contains(kMemberPath));
        for (const char* words :
             {"error KF1122: \"tokyo\" left, but what join made there could not be removed",
              "remove there, when it can be reached: serviceaccounts/kubefed-system/prod\n",
              "is no member of federation"})
            QVERIFY2(w->text().find(words) != std::string::npos, w->text().c_str());
        QVERIFY(w->member.objects.contains(account));
    }
    void aMemberThatDoesNotLeaveInTimeIsSaid() {
        joined();
        w->federation.changed = nullptr;  // the controller does nothing
        unjoin();
        QCOMPARE(w->exitCode.value_or(-1), 6);
        for (const char* words :
             {"error KF1121: member \"tokyo\" has not left within", "wait and repeat the command",
              "--force if the cluster is lost", "\"tokyo\" is leaving federation"})
            QVERIFY2(w->text().find(words) != std::string::npos, w->text().c_str());
        QVERIFY(memberCluster().isDeleting());
    }
    void unjoiningNobodyIsAnError() {
        run(std::make_unique<Unjoin>(w->env, UnjoinOptions{.common = w->options.common, .name = "kyoto"}));
        QCOMPARE(w->exitCode.value_or(-1), 1);
        for (const char* words : {"error KF1120:", "  evidence: ", "  remedy:   kubefed get clusters"})
            QVERIFY2(w->text().find(words) != std::string::npos, w->text().c_str());
    }
};

QTEST_GUILESS_MAIN(UnjoinTest)
#include "unjoin_test.moc"

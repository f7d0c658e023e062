// SPDX-License-Identifier: Apache-2.0
// How policies are installed, replaced, disabled and removed, and what is refused.
#include <fstream>

#include "kubefed/util/file.h"
#include "tests/unit/plugins/policy_manager_world.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace kubefed::controller::testing;
using namespace kubefed::fed::testing;

class PolicyManagerTest : public QObject, private PolicyManagerWorld {
    Q_OBJECT

private:
    [[nodiscard]] std::set<std::string> keptLibraries() const {
        std::set<std::string> kept;
        const auto files = plugins::librariesOf(w->data / "policies");
        for (const fs::path& file : *files)
            kept.insert(file.stem().string());
        return kept;
    }
    [[nodiscard]] std::set<std::string> withBuiltins(std::set<std::string> kept) const {
        for (const InstalledPolicy& policy : w->life->manager.list())
            if (policy.source == "builtin")
                kept.insert(policy.sha256);
        return kept;
    }

private Q_SLOTS:
    void init() {
        w = std::make_unique<World>();
        begin();
    }
    void cleanup() { w.reset(); }

    void theBuiltInsAreShown() {
        QVERIFY(until([this] { return object("weighted").status.state == "Active"; }));
        QCOMPARE(object("spread").status.abi, std::string("1.0"));
        QCOMPARE(object("weighted").status.stages, std::vector<std::string>{"divide"});
        QCOMPARE(listed("affinity").source, std::string("builtin"));
        QCOMPARE(w->life->manager.list().size(), std::size_t{4});
        // At rest nothing is written.
        w->host.writes.clear();
        w->clock.advance(10min);
        QVERIFY(w->host.writes.empty());
    }

    // Counters follow soon after the last decision, and once: a settled federation writes nothing.
    void countersAreWrittenWhenCallsRest() {
        QVERIFY(until([this] { return object("affinity").status.state == "Active"; }));
        w->clock.advance(2min);
        w->host.writes.clear();
        const fed::Policy policy = fed::testing::policy();
        const auto decide = [&] {
            auto round = w->life->registry.open(policy);
            QVERIFY(round);
            QVERIFY(fed::schedule({.fleet = fleet({cluster("tokyo")}),
                                   .workload = replicated(1),
                                   .policy = &policy,
                                   .round = round->get()})
                        .scheduled);
        };
        for (int i = 0; i < 20; ++i) {
            decide();
            w->clock.advance(1s);
        }
        QCOMPARE(w->host.writes["policyplugins/status"], 0);
        w->clock.advance(11s);
        QCOMPARE(object("affinity").status.calls, 20);
        QVERIFY(object("affinity").status.p50Micros >= 1);
        QVERIFY(object("affinity").status.p99Micros >= object("affinity").status.p50Micros);
        QCOMPARE(object("weighted").status.libraryGeneration, 1);
        const int writes = w->host.writes["policyplugins/status"];
        QVERIFY(writes >= 1 && writes <= 4);
        w->clock.advance(10min);
        QCOMPARE(w->host.writes["policyplugins/status"], writes);
        const InstalledPolicy told = listed("affinity");
        QVERIFY(told.calls == 20 && told.p50.count() > 0 && told.p99 >= told.p50);
        const std::string metrics = w->life->manager.metricsText();
        QVERIFY2(metrics.find("kubefed_policy_call_seconds{plugin=\"affinity\",quantile=\"0.99\"} ") !=
                     std::string::npos,
                 metrics.c_str());
        QVERIFY(metrics.find("kubefed_policy_call_seconds{plugin=\"spread\"") == std::string::npos);
    }

    // Each library that takes the place of another counts, a restart and a refusal do not.
    void generationsAreCounted() {
        const auto first = install(upload(bad("Good")));
        QVERIFY(first);
        QCOMPARE(first->libraryGeneration, 1U);
        QVERIFY(until([this] { return object("good").status.libraryGeneration == 1; }));
        const auto second = install(upload(bad("GoodAgain")));
        QVERIFY(second);
        QCOMPARE(second->libraryGeneration, 2U);
        QVERIFY(until([this] { return object("good").status.libraryGeneration == 2; }));
        QVERIFY(install(upload(bad("GoodAgain"))));
        fed::Policy p = policy();
        p.plugins.push_back({.name = "good", .config = {{"anything", 1}}});
        w->life->policies = {&p};
        QVERIFY(!install(upload(bad("worse/Strict"))));
        QVERIFY(until([this] { return conditionOf("good", "Installed").starts_with("False"); }));
        QCOMPARE(object("good").status.libraryGeneration, 2);
        w->host.writes.clear();
        begin();
        QVERIFY(listed("good").state == State::Active);
        w->clock.advance(10min);
        QVERIFY(w->host.writes.empty());
        QCOMPARE(object("good").status.libraryGeneration, 2);
        QCOMPARE(listed("good").libraryGeneration, 2U);
        QCOMPARE(listed("weighted").libraryGeneration, 1U);
    }

    void installedReplacedAndLoadedAgain() {
        const auto first = install(upload(bad("Good")));
        QVERIFY2(first, first ? "" : first.error().text().c_str());
        QCOMPARE(first->version, std::string("0.1"));
        QVERIFY(first->state == State::Active);
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        QCOMPARE(openError("good"), std::string());
        const int changes = w->life->changes;
        const auto second = install(upload(bad("GoodAgain")));
        QVERIFY2(second, second ? "" : second.error().text().c_str());
        QCOMPARE(second->version, std::string("0.2"));
        QCOMPARE(w->life->changes, changes + 1);
        QVERIFY(until([this] { return object("good").status.version == "0.2"; }));
        QCOMPARE(object("good").spec.sha256, second->sha256);
        QVERIFY(conditionOf("good", "Installed").starts_with("True"));
        begin();  // a restart
        QCOMPARE(listed("good").version, std::string("0.2"));
        QCOMPARE(openError("good"), std::string());
        // Back to the earlier one, which is still stored only as long as nobody tidied up: now it is not.
        kube::Object back = *w->host.find(fed::policyPlugins(), {{}, "good"});
        kube::ensureObject(back.document(), {"spec", "source", "library"})["sha256"] = first->sha256;
        w->host.put(fed::policyPlugins(), std::move(back));
        QVERIFY(until([this] { return conditionOf("good", "Installed").starts_with("False Refused"); }));
        QCOMPARE(listed("good").version, std::string("0.2"));
        QCOMPARE(openError("good"), std::string());
    }

    void namingAnEarlierOneThatIsStillStoredGoesBackToIt() {
        const auto first = install(upload(bad("Good")));
        QVERIFY2(first, first ? "" : first.error().text().c_str());
        const auto second = install(upload(bad("GoodAgain")));
        QVERIFY2(second, second ? "" : second.error().text().c_str());
        QVERIFY(until([this] { return object("good").status.version == "0.2"; }));
        QVERIFY(keptLibraries().contains(first->sha256));
        const int changes = w->life->changes;
        kube::Object back = *w->host.find(fed::policyPlugins(), {{}, "good"});
        kube::ensureObject(back.document(), {"spec", "source", "library"})["sha256"] = first->sha256;
        w->host.put(fed::policyPlugins(), std::move(back));
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        QCOMPARE(object("good").status.sha256, first->sha256);
        QCOMPARE(object("good").status.libraryGeneration, 3);
        QVERIFY2(conditionOf("good", "Installed").starts_with("True Loaded"),
                 conditionOf("good", "Installed").c_str());
        QVERIFY(conditionOf("good", "Ready").starts_with("True Active"));
        QCOMPARE(listed("good").version, std::string("0.1"));
        QVERIFY(listed("good").state == State::Active);
        QCOMPARE(w->life->changes, changes + 1);  // decisions are made anew, with it
        QCOMPARE(openError("good"), std::string());
        begin();  // a restart keeps it
        QCOMPARE(listed("good").version, std::string("0.1"));
        QCOMPARE(openError("good"), std::string());
    }

    void whatIsBadIsRefusedAndTheOldStays_data() {
        QTest::addColumn<QString>("says");
        QTest::addColumn<bool>("isNamed");
        const auto row = [](const char* name, const char* says, bool isNamed = true) {
            QTest::newRow(name) << QString(says) << isNamed;
        };
        row("NoManifest", "exports no kubefed_policy_manifest_v1", false);
        row("NewerMajor", "its policy ABI is 9.0", false);
        row("NewerMinor", "its policy ABI is 1.7");
        row("SmallStruct", "has 64 bytes");
        row("WrongMagic", "does not begin as one", false);
        row("NoStage", "entry point \"filter\" is missing");
        row("BadSchema", "configuration schema is not a JSON object");
        row("ThrowsInConstructor", "no luck today");
        row("CreateNull", "made no policy object");
        row("ThrowsAcross", "over the fence");
        row("Nan", "a score of nan");
        row("TooMany", "more replicas than");
        row("worse/CrashesInStatic", "it crashed in loading");
        row("worse/Crashes", "in a round with 1 clusters");
        row("worse/Aborts", "(Aborted)");
        row("worse/Exits", "it ended the process in a round");
        row("worse/Hangs", "it did not come back from a round");
        row("worse/HangsInStatic", "it did not come back from loading");
        row("worse/Floods", "it wrote without end");
#ifndef KUBEFED_SANITIZED
        row("worse/Allocates", "bad_alloc");
        row("worse/Overflows", "it crashed in a round");
#endif
    }
    void whatIsBadIsRefusedAndTheOldStays() {
        QFETCH(QString, says);
        QFETCH(bool, isNamed);
        // One of that name runs already, by another library that is good.
        const auto good = install(upload(bad("worse/Reformed")));
        QVERIFY2(good, good ? "" : good.error().text().c_str());
        QVERIFY(until([this] { return object("bad").status.version == "1.0"; }));
        PolicyUpload what = upload(bad(QTest::currentDataTag()));
        if (!isNamed)
            what.name = "bad";
        const auto refused = install(std::move(what));
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.find(says.toStdString()) != std::string::npos,
                 refused.error().message.c_str());
        QVERIFY(until([this] { return conditionOf("bad", "Installed").starts_with("False Refused"); }));
        QVERIFY2(conditionOf("bad", "Installed").find(says.toStdString()) != std::string::npos,
                 conditionOf("bad", "Installed").c_str());
        QVERIFY(conditionOf("bad", "Ready").starts_with("True Active"));
        QCOMPARE(object("bad").spec.sha256, good->sha256);
        QCOMPARE(object("bad").generation, std::int64_t{1});
        QCOMPARE(openError("bad"), std::string());
    }

    void theReasonGoesWithTheNextGoodOne() {
        QVERIFY(install(upload(bad("worse/Reformed"))));
        QVERIFY(!install(upload(bad("worse/Crashes"))));
        QVERIFY(until([this] { return conditionOf("bad", "Installed").starts_with("False Refused"); }));
        // (Under a sanitizer it "ended the process".)
        QVERIFY(listed("bad").message.find("in a round with 1 clusters") != std::string::npos);
        begin();  // a restart does not forget it
        QVERIFY(conditionOf("bad", "Installed").starts_with("False Refused"));
        QVERIFY(install(upload(bad("worse/Reformed"))));
        QVERIFY(until([this] { return conditionOf("bad", "Installed").starts_with("True Installed"); }));
        QCOMPARE(listed("bad").message, std::string());
    }

    // Whatever a library starts ends with its probe.
    void whatItForksEndsWithItsProbe_data() {
        QTest::addColumn<bool>("hangs");
        QTest::newRow("it ends") << false;
        QTest::newRow("it hangs") << true;
    }
    void whatItForksEndsWithItsProbe() {
        QFETCH(const bool, hangs);
        const QTemporaryDir folder;
        const std::string file = folder.filePath("child").toStdString();
        qputenv("KUBEFED_TEST_CHILD", file.c_str());
        if (hangs)
            qputenv("KUBEFED_TEST_HANGS", "1");
        const auto refused = install(upload(bad("worse/Forks")));
        qunsetenv("KUBEFED_TEST_CHILD");
        qunsetenv("KUBEFED_TEST_HANGS");
        QVERIFY(!refused);
        const auto child = readFile(file);
        QVERIFY2(child && !child->empty(), refused.error().message.c_str());
        // Of a process that has ended, the program is no longer known.
        std::error_code none;
        QTRY_VERIFY(fs::read_symlink("/proc/" + *child + "/exe", none).empty());
    }

    // What a library prints is not taken for what the probe says of it.
    void whatItPrintsIsNotHeard() {
        const auto chatters = install(upload(bad("worse/Chatters")));
        QVERIFY2(chatters, chatters ? "" : chatters.error().text().c_str());
        QCOMPARE(chatters->name, std::string("bad"));
    }

    // Who is refused and was never here leaves nothing behind; neither does who tells no name.
    void strangersLeaveNothing() {
        QVERIFY(!install(upload(bad("worse/Crashes"))));
        QVERIFY(w->host.find(fed::policyPlugins(), {{}, "bad"}) == nullptr);
        QVERIFY(listed("bad").name.empty());
        QVERIFY(install(upload(bad("worse/Reformed"))));
        QVERIFY(until([this] { return conditionOf("bad", "Installed").starts_with("True Installed"); }));
        QVERIFY(!install(upload(bad("NewerMajor"))));
        QVERIFY(!install(upload(bad("worse/IsWeighted"))));
        w->clock.advance(1min);
        QVERIFY(conditionOf("bad", "Installed").starts_with("True Installed"));
        QCOMPARE(conditionOf("weighted", "Installed"), std::string("none"));
        // Nor does the folder keep their libraries.
        QCOMPARE(keptLibraries(), withBuiltins({object("bad").spec.sha256}));
    }

    // What is refused or given up goes at once, but nothing that something else needs.
    void refusedLibrariesAreNotKept() {
        QCOMPARE(keptLibraries(), withBuiltins({}));
        PolicyUpload other = upload(bad("Good"));
        other.sha256 = "0000";
        QVERIFY(!install(std::move(other)));
        QCOMPARE(keptLibraries(), withBuiltins({}));
        bool isAnswered = false;
        Request given = w->life->manager.install(upload(bad("Good")),
                                                 [&](const Result<InstalledPolicy>&) { isAnswered = true; });
        QCOMPARE(keptLibraries().size(), withBuiltins({}).size() + 1);
        given.cancel();
        QVERIFY(!isAnswered);
        QCOMPARE(keptLibraries(), withBuiltins({}));
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        // The same one again, refused: it is the one that runs.
        PolicyUpload misnamed = upload(bad("Good"));
        misnamed.name = "nearest";
        QVERIFY(!install(std::move(misnamed)));
        QCOMPARE(keptLibraries(), withBuiltins({good->sha256}));
        // One of two who send the same gives up.
        std::optional<Result<InstalledPolicy>> answer;
        const Request one = w->life->manager.install(
            upload(bad("GoodAgain")), [&](Result<InstalledPolicy> result) { answer = std::move(result); });
        Request two = w->life->manager.install(upload(bad("GoodAgain")), [](const auto&) {});
        two.cancel();
        QVERIFY(until([&] { return answer.has_value(); }));
        QVERIFY(*answer);
        QVERIFY(keptLibraries().contains((*answer)->sha256));
    }

    void whoMayOnlyCreateReplacesNothing() {
        const auto byNewcomer = [this](const char* name) {
            PolicyUpload what = upload(bad(name));
            what.mayNotReplace = Error{.code = Code::PermissionDenied, .message = "you may not update"};
            return install(std::move(what));
        };
        const auto first = byNewcomer("Good");
        QVERIFY2(first, first ? "" : first.error().text().c_str());
        const auto second = byNewcomer("GoodAgain");
        QVERIFY(!second && second.error().code == Code::PermissionDenied);
        // Nor do they write into what is another's.
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        w->clock.advance(1min);
        QVERIFY2(conditionOf("good", "Installed").starts_with("True Installed"),
                 conditionOf("good", "Installed").c_str());
        QCOMPARE(object("good").spec.sha256, first->sha256);
        QCOMPARE(listed("good").version, std::string("0.1"));
        QVERIFY(install(upload(bad("GoodAgain"))));
    }

    void whatAPersonDisabledStaysSo() {
        QVERIFY(install(upload(bad("Good"))));
        setMode("good", "Disabled");
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        const auto second = install(upload(bad("GoodAgain")));
        QVERIFY2(second, second ? "" : second.error().text().c_str());
        QVERIFY(second->state == State::Disabled);
        QCOMPARE(second->version, std::string("0.2"));
        QVERIFY(second->message.find("kubefed policy enable good") != std::string::npos);
        QVERIFY(object("good").spec.isDisabled);
        QCOMPARE(object("good").spec.sha256, second->sha256);
        QVERIFY(until([this] { return object("good").status.version == "0.2"; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{5});
        QVERIFY(openError("good").find("is disabled by PolicyPlugin") != std::string::npos);
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(listed("good").version, std::string("0.2"));
        QCOMPARE(w->life->registry.generations(), std::size_t{6});
        QCOMPARE(openError("good"), std::string());
    }

    void whatArrivesMustBeWhatWasSent() {
        PolicyUpload cut = upload(bad("Good"));
        fs::resize_file(cut.file, fs::file_size(cut.file) / 2);
        const auto truncated = install(std::move(cut));
        QVERIFY(!truncated && truncated.error().message.find("truncated") != std::string::npos);
        PolicyUpload other = upload(bad("Good"));
        std::ofstream(other.file, std::ios::app) << "x";
        const auto changed = install(std::move(other));
        QVERIFY(!changed && changed.error().message.find("send it again") != std::string::npos);
        PolicyUpload misnamed = upload(bad("Good"));
        misnamed.name = "nearest";
        const auto named = install(std::move(misnamed));
        QVERIFY(!named && named.error().message.find("its name is \"good\"") != std::string::npos);
        QVERIFY(!w->host.find(fed::policyPlugins(), {{}, "good"}));
    }

    void withoutTrustAndUnderABuiltInsName() {
        const auto untrusted = install(upload(bad("Good"), false));
        QVERIFY(!untrusted);
        QVERIFY(untrusted.error().code == Code::FailedPrecondition);
        QVERIFY(untrusted.error().message.find("--trust") != std::string::npos);
        const auto builtin = install(upload(bad("worse/IsWeighted")));
        QVERIFY(!builtin);
        QVERIFY(builtin.error().code == Code::AlreadyExists);
        QCOMPARE(listed("weighted").source, std::string("builtin"));
    }

    void whatPoliciesGiveItMustBeAccepted() {
        QVERIFY(install(upload(bad("Good"))));
        fed::Policy p = policy();
        p.plugins.push_back({.name = "good", .config = {{"anything", 1}}});
        w->life->policies = {&p};
        const auto refused = install(upload(bad("worse/Strict")));
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.find("config.anything") != std::string::npos,
                 refused.error().message.c_str());
        QCOMPARE(listed("good").version, std::string("0.1"));
        w->life->policies = {};
        QVERIFY(install(upload(bad("worse/Strict"))));
        QCOMPARE(listed("good").version, std::string("0.3"));
    }

    void twoOfOneNameAtOnce() {
        std::vector<Result<InstalledPolicy>> answers;
        const auto note = [&](Result<InstalledPolicy> result) { answers.push_back(std::move(result)); };
        const Request one = w->life->manager.install(upload(bad("Good")), note);
        const Request two = w->life->manager.install(upload(bad("GoodAgain")), note);
        const Request gone = w->life->manager.install(upload(bad("worse/Strict")), note);
        const_cast<Request&>(gone).cancel();  // while it is being probed
        QVERIFY(until([&] { return answers.size() == 2; }));
        for (const auto& answer : answers)
            if (!answer)
                QVERIFY(answer.error().code == Code::Aborted);
        QVERIFY(answers[0] || answers[1]);
        QVERIFY(until([this] { return object("good").status.sha256 == object("good").spec.sha256; }));
        QCOMPARE(listed("good").sha256, object("good").spec.sha256);
        QVERIFY(listed("good").version != "0.3");
    }

    void aWriteThatFailsChangesNothing() {
        QVERIFY(install(upload(bad("Good"))));
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        w->host.failing = 1;
        QVERIFY(!install(upload(bad("GoodAgain"))));
        QCOMPARE(listed("good").version, std::string("0.1"));
        w->host.failing = 0;
        QVERIFY(install(upload(bad("GoodAgain"))));
    }

    void aStatusOnItsWayHoldsNothingUp() {
        QVERIFY(install(upload(bad("Good"))));
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        w->host.statusDelay = 1h;
        setMode("good", "Disabled");
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));  // not answered yet
        const auto second = install(upload(bad("GoodAgain")));
        QVERIFY2(second, second ? "" : second.error().text().c_str());
        w->host.erase(fed::policyPlugins(), {{}, "good"});
        const SteadyTime erased = w->clock.now();
        QVERIFY(until([this] { return listed("good").name.empty(); }));
        QVERIFY(w->clock.now() - erased < 1s);
        QVERIFY(openError("good").find("there is no plugin \"good\"") != std::string::npos);
    }

    void whatWasNeverWrittenIsNotListed() {
        w->host.failing = 1;
        QVERIFY(!install(upload(bad("Good"))));
        QVERIFY(listed("good").name.empty());
        w->host.failing = 0;
        w->clock.advance(10min);
        QVERIFY(listed("good").name.empty());
        QVERIFY(w->host.find(fed::policyPlugins(), {{}, "good"}) == nullptr);
    }

    void whatCouldNotBeWrittenIsWrittenSoon() {
        QVERIFY(until([this] { return object("weighted").status.state == "Active"; }));
        w->host.failing = 1;
        w->host.erase(fed::policyPlugins(), {{}, "weighted"});
        w->clock.advance(10s);
        QVERIFY(w->host.find(fed::policyPlugins(), {{}, "weighted"}) == nullptr);
        w->host.failing = 0;
        w->clock.advance(2s);
        QCOMPARE(object("weighted").status.state, std::string("Active"));
    }

    void disabledByAPersonAndRemoved() {
        QVERIFY(install(upload(bad("Good"))));
        setMode("good", "Disabled");
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        QVERIFY2(openError("good").find("is disabled by PolicyPlugin \"good\"") != std::string::npos,
                 openError("good").c_str());
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(openError("good"), std::string());
        std::optional<Result<void>> removed;
        const auto take = [&](Result<void> result) { removed = std::move(result); };
        const Request request = w->life->manager.remove("good", take);
        QVERIFY(until([&] { return removed && *removed && listed("good").name.empty(); }));
        QVERIFY(openError("good").find("there is no plugin \"good\"") != std::string::npos);
        removed.reset();
        const Request builtin = w->life->manager.remove("weighted", take);
        QVERIFY(until([&] { return removed.has_value(); }));
        QVERIFY(removed->error().code == Code::FailedPrecondition);
        removed.reset();
        const Request nobody = w->life->manager.remove("nobody", take);
        QVERIFY(until([&] { return removed.has_value(); }));
        QVERIFY(removed->error().code == Code::NotFound);
        // A built-in one whose object is deleted is there again at once.
        w->host.erase(fed::policyPlugins(), {{}, "weighted"});
        QVERIFY(until([this] { return object("weighted").status.state == "Active"; }));
    }

    void metricsNameThem() {
        QVERIFY(install(upload(bad("Good"))));
        const std::string text = w->life->manager.metricsText();
        QVERIFY2(text.find("kubefed_policy_generations 5") != std::string::npos, text.c_str());
        QVERIFY(text.find("kubefed_policy_active{plugin=\"good\"} 1") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(PolicyManagerTest)
#include "policy_manager_test.moc"

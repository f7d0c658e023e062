// SPDX-License-Identifier: Apache-2.0
// What one life of a controller leaves to the next: who ended it or hung, what is disabled, what folders
// hold.
#include <csignal>
#include <fstream>

#include "tests/unit/plugins/policy_manager_world.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace kubefed::controller::testing;
using namespace kubefed::fed::testing;

class PolicyManagerLivesTest : public QObject, private PolicyManagerWorld {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        w = std::make_unique<World>();
        begin();
    }
    void cleanup() { w.reset(); }

    void whoEndedTheProcessBeforeIsDisabled() {
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        begin({}, plugins::CallMonitor::Suspect{"good", good->sha256, plugins::Doing::Score,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return object("good").spec.isDisabled && w->life->forgiven == 1; }));
        QVERIFY(until([this] {
            return conditionOf("good", "Ready").starts_with("False Crashed it crashed in score");
        }));
        QVERIFY(openError("good").find("crashed in score") != std::string::npos);
        QCOMPARE(openError("weighted"), std::string());
        begin();  // the reason outlives the next start
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        QVERIFY(conditionOf("good", "Ready").starts_with("False Crashed"));
        // A person decides otherwise, in that controller or the one that found it: that holds.
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QVERIFY(conditionOf("good", "Ready").starts_with("True Active"));
        begin({}, plugins::CallMonitor::Suspect{"good", good->sha256, plugins::Doing::Score,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return conditionOf("good", "Ready").starts_with("False Crashed"); }));
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(openError("good"), std::string());
        w->clock.advance(10min);
        QVERIFY(!object("good").spec.isDisabled);
        // One that is disabled already is known at once.
        setMode("good", "Disabled");
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        begin({}, plugins::CallMonitor::Suspect{"good", good->sha256, plugins::Doing::Score,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return w->life->forgiven == 1; }));
        // A corrected version is in use again.
        QVERIFY(install(upload(bad("GoodAgain"))));
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(openError("good"), std::string());
        // Who crashed earlier under that name is another one.
        begin({}, plugins::CallMonitor::Suspect{"good", good->sha256, plugins::Doing::Score,
                                                plugins::Ending::Signal, SIGSEGV});
        QCOMPARE(w->life->forgiven, 1);
        QVERIFY(!object("good").spec.isDisabled);
    }

    // A kill, or too little memory, meets what is called most.
    void aKillIsNoFaultOfWhatIsBuiltIn() {
        const std::string sha256 = listed("weighted").sha256;
        QVERIFY(!sha256.empty());
        begin({}, plugins::CallMonitor::Suspect{"weighted", sha256, plugins::Doing::Divide,
                                                plugins::Ending::Untold});
        QCOMPARE(w->life->forgiven, 1);
        QVERIFY(until([this] { return object("weighted").status.state == "Active"; }));
        QVERIFY(!object("weighted").spec.isDisabled);
        QCOMPARE(openError("weighted"), std::string());
        // An installed one may have left, or have lost a thread of its own.
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        begin({}, plugins::CallMonitor::Suspect{"good", good->sha256, plugins::Doing::Score,
                                                plugins::Ending::Untold});
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        QVERIFY(conditionOf("good", "Ready").find("install a corrected version") != std::string::npos);
        // What tells of itself is a fault; no other one can be installed in its place.
        begin({}, plugins::CallMonitor::Suspect{"weighted", sha256, plugins::Doing::Divide,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return conditionOf("weighted", "Ready").starts_with("False Crashed"); }));
        const std::string why = conditionOf("weighted", "Ready");
        QVERIFY2(why.find("another version of kubefed") != std::string::npos &&
                     why.find("kubefed policy enable weighted") != std::string::npos &&
                     why.find("install") == std::string::npos,
                 why.c_str());
    }

    // It may be loading it that ends the process: then nothing else would end with it.
    void whatIsDisabledIsNotEvenMapped() {
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        begin({}, plugins::CallMonitor::Suspect{good->sha256, good->sha256, plugins::Doing::Load,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] {
            return conditionOf("good", "Ready").starts_with("False Crashed it crashed in loading");
        }));
        QVERIFY(object("good").spec.isDisabled);
        QCOMPARE(w->life->registry.generations(), std::size_t{4});
        QCOMPARE(listed("good").version, std::string("0.1"));  // as it was told when it ran
        QVERIFY(openError("good").find("crashed in loading") != std::string::npos);
        begin();
        QVERIFY(until([this] { return listed("good").state == State::Disabled; }));
        QCOMPARE(object("good").status.sha256, good->sha256);
        QCOMPARE(w->life->registry.generations(), std::size_t{4});
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{5});
        QCOMPARE(openError("good"), std::string());
        begin({}, plugins::CallMonitor::Suspect{good->sha256, good->sha256, plugins::Doing::Load,
                                                plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        const auto again = install(upload(bad("Good")));  // it crashed, and is no other one now
        QVERIFY(again && again->state == State::Disabled);
        QVERIFY(object("good").spec.isDisabled);
        QVERIFY(install(upload(bad("GoodAgain"))));
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{5});
    }

    // A process may end at any moment: until the reason is written down, the note of it is needed.
    void theNoteOfACrashIsKeptUntilItIsWrittenDown() {
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        const plugins::CallMonitor::Suspect suspect{"good", good->sha256, plugins::Doing::Score,
                                                    plugins::Ending::Signal, SIGSEGV};
        w->host.failingStatus = true;
        begin({}, suspect);
        QVERIFY(until([this] { return object("good").spec.isDisabled; }));
        w->clock.advance(1min);
        QCOMPARE(w->life->forgiven, 0);
        w->host.failingStatus = false;
        begin({}, suspect);
        QVERIFY(until([this] { return w->life->forgiven == 1; }));
        QVERIFY(conditionOf("good", "Ready").starts_with("False Crashed it crashed in score"));
    }

    void noMoreIsWhatAFolderHas() {
        const fs::path folder = w->data / "mine";
        fs::create_directories(folder);
        fs::copy_file(bad("Good"), folder / "a.so");
        const auto good = plugins::importLibrary(bad("Good"), w->data / "sums");
        QVERIFY(good);
        // The first start with it crashed while it was mapped, before it had an object.
        begin({folder}, plugins::CallMonitor::Suspect{good->sha256, good->sha256, plugins::Doing::Load,
                                                      plugins::Ending::Signal, SIGSEGV});
        QVERIFY(until([this] { return conditionOf("good", "Ready").starts_with("False Crashed"); }));
        QVERIFY(object("good").spec.isDisabled);
        QVERIFY(conditionOf("good", "Ready").find("into its folder") != std::string::npos);
        QCOMPARE(w->life->registry.generations(), std::size_t{4});
        begin({folder});
        QVERIFY(until([this] { return listed("good").state == State::Disabled; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{4});
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{5});
        QCOMPARE(openError("good"), std::string());
        // Corrected: another one than that which crashed.
        fs::remove(folder / "a.so");
        fs::copy_file(bad("GoodAgain"), folder / "a.so");
        begin({folder}, plugins::CallMonitor::Suspect{good->sha256, good->sha256, plugins::Doing::Load,
                                                      plugins::Ending::Signal, SIGSEGV});
        QCOMPARE(w->life->forgiven, 1);
        QVERIFY(until([this] { return object("good").status.version == "0.2"; }));
        QVERIFY(!object("good").spec.isDisabled);
    }

    void aStoredLibraryThatIsGone() {
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        w->life.reset();
        fs::remove(w->data / "policies" / (good->sha256 + ".so"));
        begin();
        QVERIFY(until([this] { return object("good").status.state == "Failed"; }));
        QVERIFY2(conditionOf("good", "Ready").find("cannot read it") != std::string::npos,
                 conditionOf("good", "Ready").c_str());
        QVERIFY(install(upload(bad("Good"))));
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
    }

    void foldersAreProbedToo() {
        const fs::path folder = w->data / "mine";
        fs::create_directories(folder);
        fs::copy_file(bad("worse/Crashes"), folder / "a.so");
        fs::copy_file(bad("Good"), folder / "b.so");
        begin({folder});
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(listed("good").source, std::string("folder"));
        // What is refused is told, too.
        QVERIFY(until([this] { return object("bad").status.state == "Failed"; }));
        QVERIFY(object("bad").spec.source == fed::PolicyPluginSpec::Source::Folder);
        QVERIFY2(conditionOf("bad", "Ready").starts_with("False NotLoaded") &&
                     conditionOf("bad", "Ready").find("a.so") != std::string::npos,
                 conditionOf("bad", "Ready").c_str());
        QCOMPARE(listed("bad").source, std::string("folder"));
        QVERIFY(listed("bad").state == State::Failed && !listed("bad").message.empty());
        QVERIFY(until([this] { return object("good").status.libraryGeneration == 1; }));
        // What is there is not told to be missing while it is being probed again.
        w->host.writes.clear();
        begin({folder});
        w->clock.advance(10min);
        QVERIFY(w->host.writes.empty());
        QCOMPARE(object("good").status.libraryGeneration, 1);
        const auto taken = install(upload(bad("GoodAgain")));
        QVERIFY(!taken);
        QVERIFY(taken.error().code == Code::AlreadyExists);
        begin({folder},
              plugins::CallMonitor::Suspect{"good", object("good").status.sha256, plugins::Doing::Score});
        QVERIFY(until([this] { return object("good").spec.isDisabled; }));
        QVERIFY(until([this] { return conditionOf("good", "Ready").starts_with("False Hung"); }));
        QVERIFY(!openError("good").empty());
        setMode("good", "Active");
        begin();
        QVERIFY(until([this] { return object("good").status.state == "Failed"; }));
        QVERIFY(conditionOf("good", "Ready").find("--plugin-dir") != std::string::npos);
    }

    // Whoever installed it is not told of a file that has the same name.
    void whatAFolderHasInVainTakesNoName() {
        QVERIFY(install(upload(bad("worse/Reformed"))));
        QVERIFY(until([this] { return conditionOf("bad", "Ready").starts_with("True Active"); }));
        const fs::path folder = w->data / "mine";
        fs::create_directories(folder);
        fs::copy_file(bad("worse/Crashes"), folder / "a.so");
        fs::copy_file(bad("worse/IsWeighted"), folder / "b.so");
        begin({folder});
        QVERIFY(until([this] { return listed("bad").state == State::Active; }));
        w->clock.advance(1min);
        QVERIFY(object("bad").spec.source == fed::PolicyPluginSpec::Source::Library);
        QVERIFY(conditionOf("bad", "Ready").starts_with("True Active"));
        QCOMPARE(listed("weighted").source, std::string("builtin"));
        QCOMPARE(object("weighted").status.state, std::string("Active"));
    }

    void whoHangsIsToldAtOnce() {
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        const plugins::CallMonitor::Suspect hung{"good", good->sha256, plugins::Doing::Score};
        w->life->manager.setHung(hung);
        QVERIFY(listed("good").state == State::Failed);
        QVERIFY(listed("good").message.find("kubefed down prod && kubefed up prod") != std::string::npos);
        QVERIFY(until([this] { return fed::isHanging(object("good").status); }));
        QVERIFY(conditionOf("good", "Ready").starts_with("False Hung it did not come back from score"));
        QVERIFY(listed("weighted").state == State::Active);
        // Disabled by a person it still hangs; when it has come back, nothing of that is left.
        setMode("good", "Disabled");
        QVERIFY(
            until([this] { return w->life->registry.plugins().size() == 5 && !openError("good").empty(); }));
        QVERIFY(fed::isHanging(object("good").status));
        w->life->manager.setHung({});
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        QVERIFY(conditionOf("good", "Ready").starts_with("False Disabled"));
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        // Ended in it, it is disabled as ever.
        w->life->manager.setHung(hung);
        QVERIFY(until([this] { return fed::isHanging(object("good").status); }));
        begin({}, hung);
        QVERIFY(
            until([this] { return object("good").status.state == "Disabled" && w->life->forgiven == 1; }));
        QVERIFY(object("good").spec.isDisabled);
        QVERIFY(conditionOf("good", "Ready").find("kubefed policy enable good") != std::string::npos);
    }

    void withoutPoliciesNothingElseIsMapped() {
        const fs::path folder = w->data / "mine";
        fs::create_directories(folder);
        fs::copy_file(bad("worse/Reformed"), folder / "a.so");
        begin({folder});
        QVERIFY(until([this] { return object("bad").status.state == "Active"; }));
        const auto good = install(upload(bad("Good")));
        QVERIFY(good);
        QVERIFY(until([this] { return object("good").status.version == "0.1"; }));
        begin({folder}, {}, true);
        for (const char* name : {"good", "bad"}) {
            QVERIFY(until([&] { return object(name).status.state == "Failed"; }));
            QVERIFY(
                conditionOf(name, "Ready").starts_with("False NotLoaded the controller was started with"));
            QVERIFY(openError(name).find("--without-policies") != std::string::npos);
        }
        QCOMPARE(object("good").status.sha256, good->sha256);
        // Disabled or back in use, it stays out; so does what is installed.
        setMode("bad", "Disabled");
        QVERIFY(until([this] { return object("bad").status.state == "Disabled"; }));
        setMode("good", "Disabled");
        QVERIFY(until([this] { return object("good").status.state == "Disabled"; }));
        setMode("good", "Active");
        QVERIFY(until([this] { return object("good").status.state == "Failed"; }));
        QVERIFY(openError("good").find("--without-policies") != std::string::npos);
        const auto again = install(upload(bad("GoodAgain")));
        QVERIFY(again);
        QVERIFY(again->state == State::Failed);
        QVERIFY(until([this] { return object("good").status.version == "0.2"; }));
        QCOMPARE(w->life->registry.generations(), std::size_t{4});
        QCOMPARE(object("weighted").status.state, std::string("Active"));
        QCOMPARE(openError("weighted"), std::string());
        begin({folder});
        QVERIFY(until([this] { return object("good").status.state == "Active"; }));
        QCOMPARE(object("good").status.version, std::string("0.2"));
        QCOMPARE(object("bad").status.state, std::string("Disabled"));
    }

    void whatAFolderHasButIsBadSaysWhy() {
        const fs::path folder = w->data / "mine";
        fs::create_directories(folder);
        fs::copy_file(bad("worse/Reformed"), folder / "a.so");
        begin({folder});
        QVERIFY(until([this] { return object("bad").status.state == "Active"; }));
        fs::remove(folder / "a.so");
        fs::copy_file(bad("worse/Crashes"), folder / "a.so");
        begin({folder});
        QVERIFY(until([this] { return object("bad").status.state == "Failed"; }));
        const std::string why = conditionOf("bad", "Ready");
        QVERIFY2(why.starts_with("False NotLoaded") && why.find("a.so") != std::string::npos &&
                     why.find("in a round with 1 clusters") != std::string::npos,
                 why.c_str());
    }
};

QTEST_GUILESS_MAIN(PolicyManagerLivesTest)
#include "policy_manager_lives_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <fstream>
#include <thread>

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "plugins/host/golden_rounds.h"
#include "plugins/host/registry.h"
#include "tests/unit/fed/fleet_builders.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;
using namespace kubefed::plugins;
namespace fs = std::filesystem;

class PluginReloadTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    std::unique_ptr<PolicyRegistry> m_registry;

    static fs::path bad(const std::string& name) { return fs::path(KUBEFED_BAD_PLUGINS) / (name + ".so"); }
    [[nodiscard]] fs::path in(const std::string& name) const {
        return fs::path(m_dir.path().toStdString()) / name;
    }
    // The same policy as another build of it: what follows the library's end nobody reads.
    [[nodiscard]] fs::path build(int number) const {
        const fs::path file = in("build-" + std::to_string(number) + ".so");
        fs::copy_file(bad("Good"), file);
        std::ofstream(file, std::ios::app) << number;
        return file;
    }
    static Policy listing(const std::string& plugin, kube::JsonObject config = {}) {
        Policy p = policy();
        p.rebalance = Rebalance::Always;
        p.plugins.push_back({.name = plugin, .config = std::move(config)});
        return p;
    }
    static FleetPtr three() { return fleet({cluster("tokyo"), cluster("osaka"), cluster("oregon")}); }
    [[nodiscard]] std::string version(const std::string& name) const {
        for (const PluginInfo& info : m_registry->plugins())
            if (info.manifest.name == name)
                return info.manifest.version;
        return {};
    }
    void replace(const fs::path& file) const {
        auto ready = m_registry->prepare(file);
        QVERIFY2(ready, ready ? "" : ready.error().message.c_str());
        m_registry->commit(*std::move(ready));
    }
    [[nodiscard]] Decision decideBy(const Policy& p) const {
        auto round = m_registry->open(p);
        return schedule({.fleet = three(),
                         .workload = replicated(4),
                         .policy = &p,
                         .round = round ? round->get() : nullptr,
                         .roundError = round ? std::string() : round.error().message});
    }

private Q_SLOTS:
    void init() {
        m_dir = QTemporaryDir();
        m_registry = std::make_unique<PolicyRegistry>(in("cache"));
        const auto builtins = fs::path(qgetenv("KUBEFED_BIN_DIR").toStdString()) / "policies";
        QCOMPARE(m_registry->loadFolder(builtins).loaded.size(), std::size_t{4});
    }

    void aNewVersionDecidesFromTheNextRoundOn() {
        QVERIFY(m_registry->load(bad("Good")));
        const Policy p = listing("good");
        auto under = m_registry->open(p);
        QVERIFY(under);
        auto ready = m_registry->prepare(bad("GoodAgain"));
        QVERIFY(ready);
        QCOMPARE((*ready)->info().manifest.version, std::string("0.2"));
        QCOMPARE(version("good"), std::string("0.1"));
        m_registry->commit(*std::move(ready));
        QCOMPARE(version("good"), std::string("0.2"));
        // The round under way ends with what it began with.
        const Decision d = decide(three(), replicated(6), p, **under);
        QVERIFY2(d.scheduled, d.message.c_str());
        under->reset();
        QVERIFY(decideBy(p).scheduled);
    }

    void whatAPolicyCouldNotUseChangesNothing() {
        QVERIFY(m_registry->load(bad("Good")));
        const Policy p = listing("good", {{"anything", 1}});
        QVERIFY(decideBy(p).scheduled);
        const auto refused = m_registry->prepare(bad("worse/Strict"));
        QVERIFY(!refused);
        const std::string& why = refused.error().message;
        QVERIFY2(why.find("policy \"shop/web\" could not use it") != std::string::npos &&
                     why.find("config.anything is not a setting") != std::string::npos,
                 why.c_str());
        QCOMPARE(version("good"), std::string("0.1"));
        QVERIFY(decideBy(p).scheduled);
    }

    void whatIsGoneBlocksNoNewVersion() {
        QVERIFY(m_registry->load(bad("Good")));
        const Policy p = listing("good", {{"anything", 1}});
        QVERIFY(decideBy(p).scheduled);
        m_registry->forget(p.ref.uid);
        QVERIFY(decideBy(p).scheduled);  // somebody asks why something stands where it was put by it
        QVERIFY(m_registry->prepare(bad("worse/Strict")));
    }

    void whatWasChangedSinceBlocksNoNewVersion() {
        QVERIFY(m_registry->load(bad("Good")));
        const Policy before = listing("good", {{"anything", 1}});
        Policy after = listing("good");
        after.ref.generation = before.ref.generation + 1;
        QVERIFY(decideBy(before).scheduled);
        QVERIFY(decideBy(after).scheduled);
        QVERIFY(decideBy(before).scheduled);  // to explain an earlier decision
        QVERIFY(m_registry->prepare(bad("worse/Strict")));
    }

    void whatIsPreparedAndDroppedChangesNothing() {
        QVERIFY(m_registry->load(bad("Good")));
        QVERIFY(decideBy(listing("good")).scheduled);
        QVERIFY(m_registry->prepare(bad("GoodAgain")));
        QCOMPARE(version("good"), std::string("0.1"));
        QVERIFY(decideBy(listing("good")).scheduled);
    }

    void aHundredReloads() {
        const Policy p = listing("good");
        for (int i = 0; i < 100; ++i) {
            const fs::path file = build(i);
            replace(file);
            fs::remove(file);  // what runs is the private copy
            const Decision d = decideBy(p);
            QVERIFY2(d.scheduled, d.message.c_str());
        }
        QCOMPARE(m_registry->generations(), std::size_t{104});
        const PluginStats stats = m_registry->stats().at("good");
        QCOMPARE(stats.calls, std::uint64_t{100});
        QVERIFY(stats.p50.count() > 0 && stats.p99 >= stats.p50);
        QCOMPARE(m_registry->plugins().size(), std::size_t{5});
    }

    // Rounds on a worker, as the controller has them, while the core replaces, disables and asks for figures.
    void reloadsWhileAnotherThreadDecides() {
        replace(build(0));
        std::atomic<bool> isEnough{false};
        std::atomic<int> good{0};
        std::atomic<int> other{0};
        std::thread worker([&] {
            Policy p = listing("good");
            while (!isEnough) {
                const Decision d = decideBy(p);
                ++(d.scheduled ? good : other);
                if (good % 64 == 0)
                    ++p.ref.generation;
            }
        });
        for (int i = 1; i < 40; ++i) {
            replace(build(i));
            m_registry->disable("good", "is disabled");
            (void)m_registry->stats();
            m_registry->enable("good");
            const int before = good;
            QTRY_VERIFY(good > before);
        }
        isEnough = true;
        worker.join();
        QVERIFY(decideBy(listing("good")).scheduled);
        QCOMPARE(m_registry->stats().at("good").failures, std::uint64_t{0});
    }

    void generationsAreCapped() {
        PolicyRegistry few(in("few"), nullptr, 2);
        QVERIFY(few.prepare(build(1)));
        QVERIFY(few.prepare(build(2)));
        const auto third = few.prepare(build(3));
        QVERIFY(!third);
        QVERIFY(third.error().code == Code::ResourceExhausted);
        QVERIFY2(third.error().message.find("restart the controller") != std::string::npos,
                 third.error().message.c_str());
        QVERIFY(few.prepare(in("build-1.so")));  // known already
    }

    void aFileThatChangesWhileItIsUsed() {
        const fs::path file = build(1);
        replace(file);
        std::ofstream(file, std::ios::trunc) << "no library any more";
        QVERIFY(decideBy(listing("good")).scheduled);
        QVERIFY(!m_registry->prepare(file));
        QVERIFY(decideBy(listing("good")).scheduled);
    }

    void takenOutOfUseAndPutBack() {
        QVERIFY(m_registry->load(bad("Good")));
        const Policy p = listing("good");
        QVERIFY(decideBy(p).scheduled);
        m_registry->disable("good", "is disabled, because we say so");
        QCOMPARE(decideBy(p).message, "policy \"shop/web\": plugin \"good\" is disabled, because we say so");
        m_registry->enable("good");
        QVERIFY(decideBy(p).scheduled);
        m_registry->remove("good");
        QVERIFY(decideBy(p).message.find("there is no plugin \"good\"") != std::string::npos);
        replace(bad("GoodAgain"));
        QVERIFY(decideBy(p).scheduled);
    }

    void failuresAreCounted() {
        QVERIFY(m_registry->load(bad("Nan")));
        QCOMPARE(decideBy(listing("bad")).reason, std::string("PolicyError"));
        QCOMPARE(decideBy(listing("bad")).reason, std::string("PolicyError"));
        const PluginStats stats = m_registry->stats().at("bad");
        QCOMPARE(stats.calls, std::uint64_t{2});
        QCOMPARE(stats.failures, std::uint64_t{2});
        QVERIFY2(stats.lastError.find("score: invalid answer") != std::string::npos, stats.lastError.c_str());
    }

    void goldenRoundsFindWhatFails_data() {
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const char* says) { QTest::newRow(name) << QString(says); };
        row("Good", "");
        row("ThrowsInFacade", "index 7 of 3");
        row("ThrowsInConstructor", "no luck today");
        row("CreateNull", "made no policy object");
        row("Nan", "a score of nan");
        row("UnknownCluster", "unknown cluster");
        row("MinAboveMax", "limits from 2 to 1");
        row("TooMany", "more replicas than");
        row("Hostile", "");  // strange texts are no failure
    }
    void goldenRoundsFindWhatFails() {
        QFETCH(QString, says);
        auto loaded = m_registry->load(bad(QTest::currentDataTag()));
        QVERIFY(loaded);
        std::string step;
        const auto result = runGoldenRounds(*m_registry, loaded->manifest.name, {},
                                            [&](const std::string& next) { step = next; });
        QCOMPARE(result.has_value(), says.isEmpty());
        if (!result)
            QVERIFY2(result.error().message.find(says.toStdString()) != std::string::npos,
                     result.error().message.c_str());
        QVERIFY(!step.empty());
    }
};

QTEST_GUILESS_MAIN(PluginReloadTest)
#include "plugin_reload_test.moc"

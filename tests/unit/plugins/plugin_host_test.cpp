// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <random>

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "plugins/host/host_functions.h"
#include "plugins/host/library_file.h"
#include "plugins/host/manifest_file.h"
#include "plugins/host/registry.h"
#include "tests/unit/fed/fleet_builders.h"

#include <sys/stat.h>

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;
using namespace kubefed::plugins;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

class PluginHostTest : public QObject {
    Q_OBJECT

    static fs::path bad(const std::string& name) { return fs::path(KUBEFED_BAD_PLUGINS) / (name + ".so"); }
    static fs::path builtins() { return fs::path(qgetenv("KUBEFED_BIN_DIR").toStdString()) / "policies"; }
    static bool says(const std::string& text, const std::string& what) {
        return text.find(what) != std::string::npos;
    }
    [[nodiscard]] fs::path cache() const { return fs::path(m_dir.path().toStdString()) / "cache"; }
    static FleetPtr three() { return fleet({cluster("tokyo"), cluster("osaka"), cluster("oregon")}); }
    static PlacementSpec standing(const Policy& by) {
        PlacementSpec spec;
        spec.policy = by.ref;
        spec.replicas = 4;
        spec.clusters = {{"osaka", 1}, {"tokyo", 3}};
        return spec;
    }
    // A decision by the built-in policies and one bad one.
    [[nodiscard]] Decision decideWith(const std::string& badName, bool optional, const PlacementSpec* last,
                                      PolicyRegistry& registry) const {
        const ScanReport loaded = registry.loadFolder(builtins());
        if (loaded.loaded.size() != 4 || !registry.load(bad(badName)))
            qFatal("plugins cannot be loaded");
        Policy p = policy();
        p.rebalance = Rebalance::Always;
        p.plugins.push_back({.name = "bad", .optional = optional, .config = {}});
        p.perCluster["tokyo"] = {.min = 1, .max = {}};
        auto round = registry.open(p);
        const std::vector<CurrentShare> current =
            last != nullptr ? currentOf(*last) : std::vector<CurrentShare>{};
        return schedule({.fleet = three(),
                         .workload = replicated(4, current),
                         .last = last,
                         .policy = &p,
                         .round = round ? round->get() : nullptr,
                         .roundError = round ? std::string() : round.error().message});
    }

    QTemporaryDir m_dir;

private Q_SLOTS:
    void init() {
        m_dir = QTemporaryDir();
        QVERIFY(m_dir.isValid());
    }

    void theBuiltInPoliciesLoadAsAnybodysWould() {
        PolicyRegistry registry(cache());
        const ScanReport report = registry.loadFolder(builtins());
        for (const Refusal& refusal : report.refused)
            QVERIFY2(false, refusal.error.message.c_str());
        std::vector<std::string> names;
        for (const PluginInfo& info : registry.plugins())
            names.push_back(info.manifest.name);
        QCOMPARE(names, (std::vector<std::string>{"affinity", "spread", "taints", "weighted"}));
    }

    void theyStandBesideTheProgramThatRuns() {
        // Tests stand elsewhere, so nothing is found beside them; the folder of the programs is.
        QVERIFY(builtinPolicyFolder().empty());
        QVERIFY(fs::is_directory(builtins()));
    }

    void librariesThatAreNoPoliciesAreRefused_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QStringList>("says");
        const auto row = [](const char* name, const QStringList& says) {
            QTest::newRow(name) << QString(name) << says;
        };
        row("NewerMajor", {"its policy ABI is 9.0", "this kubefed speaks 1.0", "update kubefed"});
        row("NewerMinor", {"its policy ABI is 1.7", "this kubefed speaks 1.0", "update kubefed"});
        row("SmallStruct", {"has 64 bytes", "its policy ABI is 1.0", "SDK"});
        row("WrongMagic", {"does not begin as one", "KUBEFED_POLICY"});
        row("NoCreate", {"entry point \"create\" is missing"});
        row("NoStage", {"entry point \"filter\" is missing"});
        row("NoStages", {"names no stage"});
        row("BadName", {"\"Bad Name!\"", "lower-case"});
        row("BadSchema", {"configuration schema", "kConfigSchema"});
        row("NoManifest", {"exports no kubefed_policy_manifest_v1", "KUBEFED_POLICY"});
        row("IsNotThere", {"cannot read it"});
    }
    void librariesThatAreNoPoliciesAreRefused() {
        QFETCH(QString, name);
        QFETCH(QStringList, says);
        PolicyRegistry registry(cache());
        const auto loaded = registry.load(bad(name.toStdString()));
        QVERIFY(!loaded);
        QVERIFY2(this->says(loaded.error().message, name.toStdString() + ".so"),
                 loaded.error().message.c_str());
        for (const QString& what : says)
            QVERIFY2(this->says(loaded.error().message, what.toStdString()), loaded.error().message.c_str());
        QVERIFY(registry.plugins().empty());
    }

    void filesThatAreNoLibrariesAreRefused() {
        const auto write = [&](const char* name, const QByteArray& bytes) {
            QFile file(m_dir.filePath(name));
            if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
                qFatal("cannot write");
            return fs::path(file.fileName().toStdString());
        };
        QFile good(QString::fromStdString(bad("Good").string()));
        QVERIFY(good.open(QIODevice::ReadOnly));
        const QByteArray whole = good.readAll();
        PolicyRegistry registry(cache());
        const auto message = [&](const fs::path& file) {
            const auto loaded = registry.load(file);
            return loaded ? std::string("was loaded") : loaded.error().message;
        };
        QVERIFY(says(message(write("text.so", "#!/bin/sh\n")), "not an ELF library"));
        QVERIFY(says(message(write("empty.so", "")), "not an ELF library"));
        for (const qsizetype size :
             {qsizetype{40}, qsizetype{200}, whole.size() / 4, whole.size() / 2, whole.size() - 1})
            QVERIFY2(says(message(write("cut.so", whole.left(size))), "truncated"),
                     qPrintable(QString::number(size)));
        QByteArray program = whole;
        program[16] = 2;  // e_type: an executable
        QVERIFY(says(message(write("program.so", program)), "not a shared library"));
        QByteArray foreign = whole;
        foreign[18] = 8;  // e_machine: MIPS
        QVERIFY(says(message(write("foreign.so", foreign)), "another processor"));
        QVERIFY(registry.plugins().empty());
        // Every cut is told before anything runs, wherever it is.
        for (qsizetype size = 0; size < whole.size(); size += 511)
            QVERIFY(!checkElf(std::string_view(whole.constData(), static_cast<std::size_t>(size))));
        QVERIFY(checkElf(std::string_view(whole.constData(), static_cast<std::size_t>(whole.size()))));
    }

    void namesAreReadOffFiles() {
        const auto bytesOf = [](const fs::path& file) {
            QFile library(QString::fromStdString(file.string()));
            if (!library.open(QIODevice::ReadOnly))
                qFatal("cannot read");
            return library.readAll().toStdString();
        };
        const auto nameOf = [&](const char* which) { return nameInFile(bytesOf(bad(which))); };
        QCOMPARE(nameOf("Good"), std::string("good"));
        QCOMPARE(nameOf("ThrowsInFacade"), std::string("bad"));
        QCOMPARE(nameOf("worse/CrashesInStatic"), std::string("bad"));
        QCOMPARE(nameOf("NewerMinor"), std::string("bad"));  // where it stands does not change
        QCOMPARE(nameOf("SmallStruct"), std::string("bad"));
        for (const char* which : {"NewerMajor", "WrongMagic", "BadName", "NoManifest"})
            QCOMPARE(nameOf(which), std::string());
        // Whatever the bytes are, it comes back, with a name or none.
        const std::string whole = bytesOf(bad("Good"));
        for (std::size_t size = 0; size < whole.size(); size += 97)
            (void)nameInFile(whole.substr(0, size));
        std::mt19937 random(7);
        for (int round = 0; round < 2'000; ++round) {
            std::string changed = whole;
            // Its tables stand at the beginning and at the end.
            const std::size_t from = round % 2 == 0 ? 0 : changed.size() - 2'500;
            for (int i = 0; i < 8; ++i)
                changed[from + random() % 2'500] = static_cast<char>(random());
            QVERIFY(nameInFile(changed).size() <= 63);
        }
    }

    void aNameIsTakenOnce() {
        PolicyRegistry registry(cache());
        QVERIFY(registry.load(bad("Good")));
        QVERIFY(registry.load(bad("Good")));
        const auto again = registry.load(bad("GoodAgain"));
        QVERIFY(!again);
        QVERIFY2(says(again.error().message, "version 0.2") && says(again.error().message, "version 0.1") &&
                     says(again.error().message, "rename"),
                 again.error().message.c_str());
        QCOMPARE(registry.plugins().size(), std::size_t{1});
        QCOMPARE(registry.plugins().front().manifest.version, std::string("0.1"));
    }

    void whatRunsIsAPrivateCopy() {
        const fs::path original = fs::path(m_dir.path().toStdString()) / "good.so";
        fs::copy_file(bad("Good"), original);
        PolicyRegistry registry(cache());
        const auto info = registry.load(original);
        QVERIFY(info);
        struct stat folder{};
        QCOMPARE(::stat(cache().c_str(), &folder), 0);
        QCOMPARE(folder.st_mode & 0777U, 0700U);
        const fs::path copy = cache() / (info->sha256 + ".so");
        QVERIFY(fs::exists(copy));
        fs::remove(original);
        Policy p = policy();
        p.plugins.push_back({.name = "good", .config = {}});
        QCOMPARE(registry.loadFolder(builtins()).loaded.size(), std::size_t{4});
        QVERIFY(registry.open(p));
    }

    void aCopyThatSomebodyChangedIsNotBelieved() {
        const auto library = importLibrary(bad("Good"), cache());
        QVERIFY(library);
        fs::permissions(library->copy, fs::perms::owner_write, fs::perm_options::add);
        std::ofstream(library->copy, std::ios::trunc) << "something else";
        QVERIFY(importLibrary(bad("Good"), cache()));
        QCOMPARE(fs::file_size(library->copy), fs::file_size(bad("Good")));
    }

    void aCacheThatOthersMayWriteIsRefused() {
        fs::create_directories(cache());
        fs::permissions(cache(), fs::perms::all);
        PolicyRegistry registry(cache());
        const auto loaded = registry.load(bad("Good"));
        QVERIFY(!loaded);
        QVERIFY2(says(loaded.error().message, "mode 0700"), loaded.error().message.c_str());
    }

    void aFolderIsLoadedInSpiteOfWhatIsBadInIt() {
        PolicyRegistry registry(cache());
        const ScanReport report = registry.loadFolder(KUBEFED_BAD_PLUGINS);
        QVERIFY(report.refused.size() >= 10);
        QVERIFY(!report.loaded.empty());
        QCOMPARE(registry.loadFolder("/nonexistent/folder").refused.size(), std::size_t{1});
    }

    void whatFailsInARoundLeavesEverythingInPlace_data() {
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const char* says) { QTest::newRow(name) << QString(says); };
        row("ThrowsAcross", "threw across the boundary: over the fence");
        row("ThrowsInFacade", "index 7 of 3");
        row("ThrowsInt", "no std::exception");
        row("ThrowsInConstructor", "no luck today");
        row("CreateFails", "the moon is full");
        row("CreateNull", "made no policy object");
        row("SaysNothing", "said no reason");
        row("Nan", "a score of nan");
        row("UnknownCluster", "unknown cluster, number 77 of 3");
        row("Duplicate", "in its place");
        row("MinAboveMax", "limits from 2 to 1");
        row("TooMany", "more replicas than the 4 asked for");
        row("BelowMin", "0 replicas, its limits are 1 to 4");
    }
    void whatFailsInARoundLeavesEverythingInPlace() {
        QFETCH(QString, says);
        const std::string name = QTest::currentDataTag();
        const PlacementSpec last = standing(policy());
        PolicyRegistry registry(cache());
        const Decision d = decideWith(name, false, &last, registry);
        QCOMPARE(d.reason, std::string("PolicyError"));
        QVERIFY2(this->says(d.message, says.toStdString()), d.message.c_str());
        QVERIFY2(this->says(d.message, "plugin \"bad\""), d.message.c_str());
        QVERIFY(d.spec == last);

        const bool divides = name == "TooMany" || name == "BelowMin";
        PolicyRegistry other(cache());
        const Decision o = decideWith(name, true, &last, other);
        QCOMPARE(o.scheduled, !divides);
        if (divides)
            QVERIFY(o.spec == last);
    }

    // A plugin in another language, or a careless one: asking without a place for the answer is no crash.
    void answersWithoutAPlaceAreNone() {
        ClusterInfo tokyo = cluster("tokyo", Phase::Ready, "jp");
        tokyo.labels = {{"a", "b"}};
        const FleetPtr clusters = fleet({tokyo});
        Workload workload = replicated(3);
        const kube::JsonObject labels{{"app", "web"}};
        workload.labels = &labels;
        workload.requests = {{"cpu", 500}};
        const RoundContext context{.fleet = *clusters, .workload = workload};
        CallContext call{.round = context, .reasons = nullptr};
        const kubefed_round round{.context = &call};
        const kubefed_host& host = hostFunctions();
        kubefed_string text{};
        double number = 0;
        QCOMPARE(host.label(&round, 0, toAbi("a"sv), &text), 1U);
        QCOMPARE(host.label(&round, 0, toAbi("a"sv), nullptr), 0U);
        QCOMPARE(host.label_at(&round, 0, 0, &text, &text), 1U);
        QCOMPARE(host.label_at(&round, 0, 0, nullptr, &text), 0U);
        QCOMPARE(host.label_at(&round, 0, 0, &text, nullptr), 0U);
        QCOMPARE(host.text(&round, 0, toAbi("name"sv), &text), 1U);
        QCOMPARE(host.text(&round, 0, toAbi("name"sv), nullptr), 0U);
        QCOMPARE(host.number(&round, 0, toAbi("nodes.ready"sv), nullptr), 0U);
        QCOMPARE(host.workload_label(&round, toAbi("app"sv), &text), 1U);
        QCOMPARE(host.workload_label(&round, toAbi("app"sv), nullptr), 0U);
        QCOMPARE(host.workload_request(&round, toAbi("cpu"sv), &number), 1U);
        QCOMPARE(host.workload_request(&round, toAbi("cpu"sv), nullptr), 0U);
        QCOMPARE(host.cluster(&round, 0, nullptr), 0U);
        QCOMPARE(host.taint_at(&round, 0, 0, nullptr), 0U);
    }

    void hostileTextIsShownAsText() {
        PolicyRegistry registry(cache());
        const PlacementSpec last = standing(policy());
        const Decision d = decideWith("Hostile", false, &last, registry);
        QCOMPARE(d.reason, std::string("NoClusterFits"));
        QVERIFY(d.spec == last);
        QCOMPARE(d.explanation->verdict(0), "rejected by bad: " + std::string(3, '?') + "(?inf{}");
    }

    void mistakesOfConfigurationNameTheField() {
        PolicyRegistry registry(cache());
        QCOMPARE(registry.loadFolder(builtins()).loaded.size(), std::size_t{4});
        const auto error = [&](const char* plugin, const char* config) {
            static std::int64_t generation = 100;
            Policy p = policy("web", "u9", ++generation);
            p.plugins.push_back({.name = plugin, .config = kube::parseJson(config)->as_object()});
            const auto round = registry.open(p);
            return round ? std::string("was accepted") : round.error().message;
        };
        const auto verify = [&](const char* plugin, const char* config, const char* what) {
            const std::string message = error(plugin, config);
            QVERIFY2(says(message, what), message.c_str());
        };
        verify("weighted", "{\"weights\": {\"tokyo\": \"3\"}}",
               "config.weights.tokyo must be of type number, got string");
        verify("weighted", "{\"weights\": {\"tokyo\": -1}}",
               "config.weights.tokyo must be at least 0, got -1");
        verify("weighted", "{\"weigths\": {}}",
               "config.weigths is not a setting of this plugin; known are weights");
        verify("spread", "{\"minDomains\": 1.5}", "config.minDomains must be of type integer");
        verify("spread", "{\"minDomains\": 3, \"maxClusters\": 2}",
               "\"maxClusters\" 2 is below \"minDomains\" 3");
        verify("affinity", "{\"labelSelector\": {\"matchExpressions\": [{\"key\": \"a\"}]}}",
               "config.labelSelector.matchExpressions[0] lacks \"operator\"");
        verify("taints", "{\"tolerations\": [{\"operator\": \"Like\"}]}", "must be one of");
        verify("nearest", "{}",
               "there is no plugin \"nearest\"; loaded are affinity, spread, taints, weighted");
        verify("weighted", "{\"weights\": {\"tokyo\": 3, \"*\": 1}}", "was accepted");
    }

    void roundsOfOnePolicyTakeTurnsAndOutliveIt() {
        PolicyRegistry registry(cache());
        QCOMPARE(registry.loadFolder(builtins()).loaded.size(), std::size_t{4});
        const Policy p = policy();
        auto round = registry.open(p);
        QVERIFY(round);
        registry.forget(p.ref.uid);
        const Decision d = decide(three(), replicated(6), p, **round);
        QVERIFY2(d.scheduled, d.message.c_str());
        QVERIFY(registry.open(p));
    }
};

QTEST_GUILESS_MAIN(PluginHostTest)
#include "plugin_host_test.moc"

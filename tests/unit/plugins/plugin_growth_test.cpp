// SPDX-License-Identifier: Apache-2.0
//
// Structs grow in a later minor version, on one side of the boundary first. Built twice: the host with grown
// structs and the policies without, and the other way round; decisions and their reasons are the same.
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

class PluginGrowthTest : public QObject {
    Q_OBJECT

    static FleetPtr five() {
        ClusterInfo osaka = cluster("osaka", Phase::Ready, "ap");
        osaka.taints = {{"cpu", "no", TaintEffect::NoSchedule}, {"gpu", "yes", TaintEffect::NoExecute}};
        ClusterInfo lyon = cluster("lyon", Phase::Ready, "eu");
        lyon.taints = {{"cpu", "no", TaintEffect::NoSchedule}};
        return fleet({cluster("tokyo", Phase::Ready, "ap"), osaka, lyon,
                      cluster("paris", Phase::Unreachable, "eu"), cluster("lima", Phase::Ready, "sa")});
    }
    static Policy selective() {
        Policy p = policy();
        const auto config = [](const char* json) { return kube::parseJson(json)->as_object(); };
        p.clusters = config(R"({"labelSelector": {"matchExpressions": [
            {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["ap", "eu"]}]}})");
        p.tolerations = kube::parseJson(R"([{"key": "cpu", "value": "no"}])")->as_array();
        p.plugins.push_back(
            {.name = "weighted", .config = config(R"({"weights": {"tokyo": 2, "lyon": 1}})")});
        return p;
    }

private Q_SLOTS:
    void bothSidesUnderstandEachOther() {
        const QTemporaryDir dir;
        PolicyRegistry registry(fs::path(dir.path().toStdString()) / "cache");
        const ScanReport report = registry.loadFolder(KUBEFED_POLICIES);
        for (const Refusal& refusal : report.refused)
            QVERIFY2(false, refusal.error.message.c_str());
        QCOMPARE(report.loaded.size(), std::size_t{4});

        const Policy p = selective();
        auto round = registry.open(p);
        QVERIFY2(round, round ? "" : round.error().message.c_str());
        const FleetPtr clusters = five();
        const Decision d = decide(clusters, replicated(5), p, **round);
        QVERIFY2(d.scheduled, d.message.c_str());
        QCOMPARE(sharesOf(d.spec), (std::map<std::string, std::int64_t>{{"lyon", 1}, {"tokyo", 4}}));
        std::map<std::string, std::string> verdicts;
        for (std::uint32_t i = 0; i < clusters->clusters().size(); ++i)
            verdicts[clusters->clusters()[i].name] = d.explanation->verdict(i);
        const std::map<std::string, std::string> expected{
            {"lima", "rejected by affinity: label topology.kubernetes.io/region is \"sa\""},
            {"lyon", "chosen: the last 1"},
            {"osaka", "rejected by taints: taint gpu=yes:NoExecute is not tolerated"},
            {"paris", "rejected by taints: Unreachable, nothing was there before"},
            {"tokyo", "chosen: 4 of the 5 left after minimums (weight 2 of 3, rounded up)"}};
        for (const auto& [name, verdict] : expected)
            QCOMPARE(verdicts[name], verdict);
    }

    void wholeRoundsTakeWhatHasGrown() {
        const QTemporaryDir dir;
        PolicyRegistry registry(fs::path(dir.path().toStdString()) / "cache");
        QCOMPARE(registry.loadFolder(KUBEFED_POLICIES).loaded.size(), std::size_t{4});
        const auto run = runGoldenRounds(registry, "spread", {}, [](const std::string&) {});
        QVERIFY2(run, run ? "" : run.error().message.c_str());
    }
};

QTEST_GUILESS_MAIN(PluginGrowthTest)
#include "plugin_growth_test.moc"

// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/apply.h"

#include <algorithm>
#include <string>

#include <QtTest/QTest>

#include "tests/unit/cli/join_fixture.h"

using namespace kubefed;
using namespace kubefed::cli;

namespace {

const std::string kPath = "/api/v1/namespaces/default/configmaps/";

}  // namespace

class ApplyTest : public QObject, protected JoinFixture {
    Q_OBJECT

    // ConfigMaps c0, c1, ...
    void apply(int count) {
        std::string manifest;
        for (int i = 0; i < count; ++i)
            manifest +=
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c" + std::to_string(i) + "}\n";
        w->in.str(manifest);
        run(std::make_unique<Apply>(
            w->env, ApplyOptions{.common = w->options.common, .files = {"-"}, .dryRun = m_dryRun}));
    }
    int applyAgain(int count) {
        w->exitCode.reset();
        w->out.str("");
        w->in.clear();
        apply(count);
        return w->exitCode.value_or(-1);
    }
    void says(const std::string& text) {
        QVERIFY2(w->text().find(text) != std::string::npos, w->text().c_str());
    }

    bool m_dryRun = false;

private Q_SLOTS:
    void init() {
        makeWorld();
        const kube::JsonObject configMap{{"resource", "configmaps"},
                                         {"responseKind", kube::JsonObject{{"kind", "ConfigMap"}}},
                                         {"singularResource", "configmap"},
                                         {"scope", "Namespaced"},
                                         {"verbs", kube::JsonArray{"patch"}}};
        const kube::JsonObject version{{"version", "v1"}, {"resources", kube::JsonArray{configMap}}};
        const kube::JsonObject group{{"metadata", kube::JsonObject{{"name", ""}}},
                                     {"versions", kube::JsonArray{version}}};
        w->federation.objects["/api"] =
            kube::JsonObject{{"kind", "APIGroupDiscoveryList"}, {"items", kube::JsonArray{group}}};
        w->federation.objects["/apis"] =
            kube::JsonObject{{"kind", "APIGroupDiscoveryList"}, {"items", kube::JsonArray{}}};
    }

    void everyObjectIsApplied() {
        apply(3);
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(w->federation.objects.contains(kPath + "c2"));
        QCOMPARE(w->out.str(),
                 std::string("configmap/c0 serverside-applied\nconfigmap/c1 serverside-applied\n"
                             "configmap/c2 serverside-applied\n"));
    }

    void oneThatIsRefusedKeepsNoOtherBackAndNamesItsOwnRemedy() {
        struct Row {
            Error error;
            const char* remedy;
        };
        const kube::Gvr gvr{"", "v1", "configmaps"};
        const Row rows[] = {
            {kube::forbidden(gvr, "c1", "not you"), "ask for the right that the error names"},
            {kube::notFound({"", "v1", "namespaces"}, "default"), "make what the error names first"},
            {kube::conflict(gvr, "c1", "conflict with \"helm\""), "a field that another manager owns"},
            {kube::invalid({"", "v1", "ConfigMap"}, "c1", {}),
             "correct what the error names, then apply again"},
            {kube::internalError("failed to create typed patch object (c1): .dta: field not declared"),
             "correct what the error names, then apply again"},
            {kube::internalError("failed to convert new object (c1) to proper version: parsing time"),
             "correct what the error names, then apply again"},
            {kube::tooManyRequests("busy", 0), "the federation's API server is busy"},
            {kube::internalError("disk full"), "apply again once the federation's API server does better"},
        };
        for (const Row& row : rows) {
            init();
            w->federation.answers.emplace(kPath + "c1", row.error);
            apply(3);
            QCOMPARE(w->exitCode.value_or(-1), 5);
            QVERIFY(w->federation.objects.contains(kPath + "c2"));
            says("error KF1302: 1 of 3 objects could not be applied\n  evidence: configmap/c1: " +
                 row.error.text() + "\n");
            says(std::string("  remedy:   ") + row.remedy);
            says("2 objects applied\n");
        }
    }

    void whatIsUnchangedIsAnExitCodeIfAskedFor() {
        w->options.common.errorUnchanged = true;
        QCOMPARE(applyAgain(2), 0);
        const std::string said = w->out.str();
        QCOMPARE(applyAgain(2), 3);
        QCOMPARE(w->out.str(), said);
        QCOMPARE(w->err.str(), std::string());
        // What others write is none of it.
        kube::JsonObject& stored = w->federation.objects.at(kPath + "c0");
        kube::ensureObject(stored, {"status"})["seen"] = true;
        kube::ensureObject(stored, {"metadata"})["resourceVersion"] = "4711";
        QCOMPARE(applyAgain(2), 3);
        QCOMPARE(applyAgain(3), 0);  // one of them is new
        kube::ensureObject(stored, {"data"})["by"] = "hand";
        QCOMPARE(applyAgain(3), 3);  // a field that is not in the manifest
        w->federation.answers.emplace(kPath + "c1", kube::conflict({"", "v1", "configmaps"}, "c1", "helm"));
        QCOMPARE(applyAgain(3), 5);
        w->federation.answers.clear();
        // Whoever may not read it cannot be told: not that something has changed, either.
        w->federation.refusing.insert("GET " + kPath + "c1");
        QCOMPARE(applyAgain(3), 5);
        w->federation.refusing.clear();
        // Of a type without the subresource the status is the user's: then the server counts.
        kube::Object before = kube::Object::make({"example.com", "v1", "Widget"}, "shop", "w");
        before.metadata()["generation"] = 1;
        kube::Object after = before;
        after.document()["status"] = kube::JsonObject{{"b", 2}};
        QVERIFY(isSameContent(before, after));
        after.metadata()["generation"] = 2;
        QVERIFY(!isSameContent(before, after));
        w->options.common.errorUnchanged = false;
        w->federation.log.clear();
        QCOMPARE(applyAgain(3), 0);
        QVERIFY(std::ranges::none_of(
            w->federation.log, [](const std::string& line) { return line.starts_with("GET " + kPath); }));
    }

    void aDryRunAppliesNothing() {
        m_dryRun = true;
        w->federation.answers.emplace(kPath + "c1", kube::conflict({"", "v1", "configmaps"}, "c1", "helm"));
        apply(3);
        says("nothing was changed (dry run): 2 objects would be applied\n");
        m_dryRun = false;
    }

    void remediesOfDifferentFailuresStandTogether() {
        const kube::Gvr gvr{"", "v1", "configmaps"};
        w->federation.answers.emplace(kPath + "c0", kube::forbidden(gvr, "c0", "not you"));
        w->federation.answers.emplace(kPath + "c1", kube::forbidden(gvr, "c1", "not you"));
        w->federation.answers.emplace(kPath + "c2", kube::invalid({"", "v1", "ConfigMap"}, "c2", {}));
        apply(3);
        QCOMPARE(w->exitCode.value_or(-1), 1);
        says("error KF1303: 3 of 3 objects could not be applied\n  evidence: configmap/c0: ");
        says("; and 2 more, named above\n");
        says(
            "  remedy:   ask for the right that the error names, or use a context that has it; correct what "
            "the error names, then apply again\n");
    }

    void aLostConnectionEndsIt() {
        w->federation.changed = [this] {
            if (w->federation.objects.contains(kPath + "c2"))
                w->federation.connection = net::makeProblem(net::Problem::Timeout, "fed:1");
        };
        apply(190);
        QCOMPARE(w->exitCode.value_or(-1), 5);
        says("error KF1302: applying configmap/c3: federation \"prod\" cannot be reached at ");
        says("  remedy:   kubefed up prod, if it runs on this machine; then apply again\n");
        says("3 of 190 objects applied; whether configmap/c3 was is not known\n");
        QCOMPARE(std::ranges::count_if(w->federation.log,
                                       [](const std::string& line) { return line.starts_with("PATCH"); }),
                 4);
    }

    void aConnectionThatWasLostBeforeTheFirstIsOfTheFederation() {
        w->federation.lost = {kPath + "c0"};
        apply(3);
        QCOMPARE(w->exitCode.value_or(-1), 1);
        says("error KF1004: applying configmap/c0");
        says("0 of 3 objects applied; whether configmap/c0 was is not known\n");
    }
};

QTEST_GUILESS_MAIN(ApplyTest)
#include "apply_test.moc"

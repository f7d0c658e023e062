// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "kubefed/cli/cmd/policy.h"
#include "kubefed/cli/format/decision.h"
#include "kubefed/cli/policy/policy_bench.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/util/file.h"
#include "tests/unit/cli/cli_world.h"

using namespace kubefed;
using namespace kubefed::cli;
namespace fs = std::filesystem;

namespace {

const std::string kHead = "apiVersion: policy.kubefed.io/v1alpha1\nkind: PolicyCase\n";
const std::string kThree = kHead +
                           "clusters:\n"
                           "- {name: tokyo, labels: {region: jp}}\n"
                           "- {name: osaka, labels: {region: jp}}\n"
                           "- {name: london, cordoned: true}\n";

}  // namespace

class PolicyCaseTest : public QObject {
    Q_OBJECT

    std::unique_ptr<CliWorld> w;

    fs::path write(const std::string& name, const std::string& text) const {
        const fs::path path = fs::path(w->folder.path().toStdString()) / name;
        if (!writeFile(path, text))
            qFatal("cannot write");
        return path;
    }
    template <class V>
    int run(const std::string& subject, const fs::path& input, const std::string& output = {}) {
        int code = -1;
        w->out.str("");
        w->err.str("");
        V verb(w->env, {.common = {}, .subject = subject, .libraries = {}, .input = input, .output = output});
        verb.start([&code](int exitCode) { code = exitCode; });
        return code;
    }
    static std::string errorOf(const std::string& text) {
        const auto cases = readPolicyCases(text, "case.yaml");
        return cases ? std::string("was read") : cases.error().message;
    }
    static void collectNames(const kube::Json& schema, std::vector<std::string>& names) {
        if (const auto* properties = kube::find(schema, {"properties"}))
            for (const auto& [name, value] : properties->get_object()) {
                names.emplace_back(std::string_view(name));
                collectNames(value, names);
            }
        if (const auto* items = kube::find(schema, {"items"}))
            collectNames(*items, names);
    }

private Q_SLOTS:
    void init() {
        w = std::make_unique<CliWorld>();
        w->env.programs = qgetenv("KUBEFED_BIN_DIR").toStdString();
    }

    void whatDoesNotFitIsNamedByFileAndLine() {
        QCOMPARE(errorOf(kThree + "workload:\n  replicas: 9\n  replcias: 9\n"),
                 "\"case.yaml\", line 9: unknown field \"workload.replcias\"");
        QCOMPARE(errorOf(kHead + "clusters:\n- name: tokyo\n- name: osaka\n  labls: {}\n"),
                 "\"case.yaml\", line 6: unknown field \"clusters[1].labls\"");
        QVERIFY(errorOf(kHead + "clusters:\n- name: tokyo\n  state: Fine\n")
                    .starts_with("\"case.yaml\", line 5: "));
        QVERIFY(errorOf(kHead + "clusters:\n- state: Ready\n").starts_with("\"case.yaml\", line 4: "));
        QCOMPARE(errorOf(kHead + "clusters:\n- name: a\n- name: a\n"),
                 "\"case.yaml\", line 5: cluster \"a\" is there twice");
        QCOMPARE(errorOf(kHead + "clusters:\n- name: a\n  allocatable:\n    cpu: lots\n"),
                 "\"case.yaml\", line 6: \"lots\" is not a quantity such as 500m or 2Gi");
        QCOMPARE(
            errorOf(kHead + "clusters:\n- name: a\n  latencyMillis: 3\n  properties: {latencyMillis: 4}\n"),
            "\"case.yaml\", line 4: the figure \"latencyMillis\" is given twice");
        QCOMPARE(errorOf(kThree + "expect:\n  placement:\n    osaak: 1\n"),
                 "\"case.yaml\", line 9: there is no cluster \"osaak\" in this case");
        QCOMPARE(errorOf(kThree + "workload: {kind: Pod, replicas: 2}\n"),
                 "\"case.yaml\", line 7: a Pod has no replicas");
        QCOMPARE(errorOf(kThree + "policy:\n  plugins:\n  - name: weighted\n    wieght: 2\n"),
                 "\"case.yaml\", line 10: unknown field \"policy.plugins[0].wieght\"");
        QVERIFY(errorOf("apiVersion: policy.kubefed.io/v2\nkind: PolicyCase\nclusters: []\n")
                    .starts_with("\"case.yaml\", line 1: apiVersion"));
        QVERIFY(errorOf("a: [").starts_with("\"case.yaml\": invalid YAML at line"));
        QCOMPARE(errorOf("# nothing\n"), "\"case.yaml\" is empty");
        QCOMPARE(errorOf(kThree), "was read");
    }

    void everyFieldIsDocumented() {
        const auto document =
            readFile(fs::path(qgetenv("KUBEFED_SOURCE_DIR").toStdString()) / "docs" / "policy-cases.md");
        QVERIFY(document);
        const auto schema = kube::parseYaml(policyCaseSchema());
        QVERIFY(schema);
        std::vector<std::string> names;
        collectNames(schema->front(), names);
        QVERIFY(names.size() > 30);
        for (const std::string& name : names)
            QVERIFY2(document->find(name + ":") != std::string::npos, name.c_str());
        // And the example there is one.
        const std::size_t start = document->find("```yaml\n") + 8;
        const std::string example = document->substr(start, document->find("```", start) - start);
        std::string withoutPolicy = example;
        withoutPolicy.erase(withoutPolicy.find("config:"),
                            withoutPolicy.find("policy:") - withoutPolicy.find("config:"));
        const std::string found = errorOf(withoutPolicy);
        QVERIFY2(found.find("there is no cluster \"") != std::string::npos, found.c_str());
    }

    void aCaseReachesTheDecisionWhole() {
        const auto cases = readPolicyCases(
            kHead +
                "clusters:\n"
                "- {name: b, state: Unreachable, taints: [{key: gpu, effect: NoExecute}], apis: [v1/Pod]}\n"
                "- {name: a, cordoned: true, nodes: {ready: 1, total: 2}, allocatable: {cpu: 500m}, "
                "requested: {memory: 1Ki}, latencyMillis: 7, properties: {carbon: 0.5}, kubernetesVersion: "
                "v1.30.0}\n"
                "workload: {replicas: 4, requests: {cpu: 250m}, labels: {app: x}, current: [{name: a, "
                "replicas: 2}]}\n",
            "case.yaml");
        QVERIFY2(cases, cases ? "" : cases.error().message.c_str());
        const PolicyCase& read = cases->front();
        const auto& clusters = read.fleet->clusters();
        QCOMPARE(clusters[0].name, std::string("a"));
        QVERIFY(clusters[0].cordoned && clusters[1].phase == fed::Phase::Unreachable);
        QCOMPARE(clusters[0].property("nodes.total"), std::optional(2.0));
        QCOMPARE(clusters[0].property("allocatable.cpu"), std::optional(0.5));
        QCOMPARE(clusters[0].property("requested.memory"), std::optional(1024.0));
        QCOMPARE(clusters[0].property("carbon"), std::optional(0.5));
        QVERIFY(clusters[1].taints.front().effect == fed::TaintEffect::NoExecute);
        QVERIFY(!clusters[1].mayServe(read.workload.gvk));
        QCOMPARE(read.workload.wanted, std::int64_t{4});
        QCOMPARE(read.workload.requests.front().second, std::int64_t{250});
        QCOMPARE(read.workload.current.front().ready, std::int64_t{2});
        QVERIFY(kube::stringAt(*read.workload.labels, {"app"}) == "x");
        QCOMPARE(read.name, std::string("case.yaml"));
    }

    void aDecisionIsPrintedForProgramsAndForPeople() {
        const fs::path file =
            write("c.yaml", kThree + "workload: {replicas: 5}\nconfig: {weights: {tokyo: 4, \"*\": 1}}\n");
        QCOMPARE(run<PolicyRun>("weighted", file, "json"), kDone);
        const auto printed = kube::parseJson(w->out.str());
        QVERIFY(printed);
        QCOMPARE(kube::printJson(*kube::find(*printed, {"placement"})), "{\"osaka\":1,\"tokyo\":4}");
        QCOMPARE(kube::find(*printed, {"unplaced"})->as_int64(), 0);
        QCOMPARE(kube::find(*printed, {"explanation", "clusters"})->as_array().size(), 3U);
        QCOMPARE(run<PolicyRun>("weighted", file), kDone);
        QVERIFY2(w->out.str().find("london    0          -       -       rejected by taints: cordoned") !=
                     std::string::npos,
                 w->out.str().c_str());
    }

    void aDecisionWithoutARoundHasAnEmptyExplanation_data() {
        QTest::addColumn<QString>("rest");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QString>("reason");
        QTest::newRow("a configuration that is refused")
            << "workload: {replicas: 5}\nconfig: {weights: many}\n"
            << kFailed << "PolicyError";
        QTest::newRow("suspended") << "workload: {replicas: 5, current: [{name: tokyo, replicas: 2}]}\n"
                                      "policy: {suspend: true, plugins: [{name: weighted}]}\n"
                                   << kDone << "Suspended";
    }
    void aDecisionWithoutARoundHasAnEmptyExplanation() {
        QFETCH(const QString, rest);
        QFETCH(const int, exitCode);
        QFETCH(const QString, reason);
        QCOMPARE(run<PolicyRun>("weighted", write("c.yaml", kThree + rest.toStdString()), "json"), exitCode);
        const auto printed = kube::parseJson(w->out.str());
        QVERIFY2(printed, w->err.str().c_str());
        const kube::JsonObject& document = printed->get_object();
        QCOMPARE(kube::stringAt(document, {"reason"}), std::string_view(reason.toStdString()));
        for (const char* field : {"case", "placement", "unplaced", "message"})
            QVERIFY2(document.contains(field), field);
        const kube::JsonArray* clusters = kube::arrayAt(document, {"explanation", "clusters"});
        QVERIFY2(clusters != nullptr && clusters->empty(), w->out.str().c_str());
        QCOMPARE(kube::intAt(document, {"explanation", "replicas"}), std::optional<std::int64_t>(5));
    }

    void whatDiffersIsShownAndCounted() {
        const fs::path file =
            write("c.yaml", kThree +
                                "workload: {replicas: 4}\n"
                                "expect: {placement: {tokyo: 4}, verdicts: {london: too far}}\n"
                                "---\n" +
                                kThree + "workload: {replicas: 4}\nexpect: {unplaced: 0}\n");
        QCOMPARE(run<PolicyTest>("weighted", file), kFailed);
        const std::string shown = w->out.str();
        QVERIFY2(
            shown.find("- expected  tokyo 4\n       + got       osaka 2, tokyo 2\n") != std::string::npos,
            shown.c_str());
        QVERIFY2(shown.find("verdict of london") != std::string::npos, shown.c_str());
        QVERIFY2(shown.ends_with("1 of 2 cases pass\n"), shown.c_str());
        QVERIFY2(w->err.str().find("KF1604") != std::string::npos &&
                     w->err.str().find("evidence: c.yaml: the lines above show") != std::string::npos,
                 w->err.str().c_str());
        QCOMPARE(run<PolicyTest>("weighted", write("d.yaml", kThree)), kFailed);  // expects nothing
        QVERIFY(w->err.str().find("KF1602") != std::string::npos);
        QCOMPARE(run<PolicyTest>("weighted", w->folder.path().toStdString() + "/none"), kFailed);
        QVERIFY(w->err.str().find("KF1602") != std::string::npos);
    }

    void aWholePolicyAndItsMistakes() {
        const fs::path file =
            write("c.yaml", kThree + "workload: {replicas: 4}\nexpect: {placement: {tokyo: 3, osaka: 1}}\n");
        const std::string head =
            "apiVersion: kubefed.io/v1alpha1\nkind: PlacementPolicy\nmetadata: {name: web, namespace: "
            "shop}\n";
        const std::string good =
            "spec:\n  resourceSelectors: [{}]\n  plugins:\n  - {name: weighted, config: {weights: {tokyo: 3, "
            "osaka: 1}}}\n";
        QCOMPARE(run<PolicyTest>(write("good.yaml", head + good), file), kDone);
        QCOMPARE(run<PolicyTest>(write("typo.yaml", head + good + "  replcias: {}\n"), file), kFailed);
        QVERIFY2(w->err.str().find("line 8: unknown field \"spec.replcias\"") != std::string::npos,
                 w->err.str().c_str());
        QCOMPARE(
            run<PolicyRun>(write("other.yaml",
                                 head + "spec:\n  resourceSelectors: [{}]\n  plugins: [{name: nearest}]\n"),
                           file),
            kFailed);
        QVERIFY2(w->err.str().find("KF1603") != std::string::npos &&
                     w->err.str().find("there is no plugin \"nearest\"") != std::string::npos &&
                     w->err.str().find("remedy:   correct the policy or its config") != std::string::npos,
                 w->err.str().c_str());
        QCOMPARE(run<PolicyRun>("nearest", file), kUsage);
        QVERIFY(w->err.str().find("KF1605") != std::string::npos);
        QCOMPARE(run<PolicyRun>(w->folder.path().toStdString() + "/none.so", file), kFailed);
        QVERIFY(w->err.str().find("KF1601") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(PolicyCaseTest)
#include "policy_case_test.moc"

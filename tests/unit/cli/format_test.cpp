// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <QtTest/QTest>

#include "kubefed/cli/cmd/get.h"
#include "kubefed/cli/errors.h"
#include "kubefed/cli/format/clusters.h"
#include "kubefed/cli/format/describe.h"
#include "kubefed/cli/format/plugins.h"
#include "kubefed/cli/format/table.h"
#include "kubefed/cli/format/why.h"
#include "kubefed/cli/http_date.h"
#include "kubefed/cli/report.h"
#include "kubefed/util/file.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;
using namespace kubefed::cli;
using namespace std::chrono_literals;

namespace {

WallTime at(const char* text) {
    WallTime time;
    if (!parseRfc3339(text, time))
        qFatal("not a time: %s", text);
    return time;
}

// An error with each of its parts, and without one.
template <class T>
concept IsWhole =
    requires { T{.id = "KF1009", .message = "m", .evidence = "e", .remedy = "r", .changed = "c"}; };
template <class T>
concept NeedsNoMessage = requires { T{.id = "KF1009", .evidence = "e", .remedy = "r", .changed = "c"}; };
template <class T>
concept NeedsNoEvidence = requires { T{.id = "KF1009", .message = "m", .remedy = "r", .changed = "c"}; };
template <class T>
concept NeedsNoRemedy = requires { T{.id = "KF1009", .message = "m", .evidence = "e", .changed = "c"}; };
template <class T>
concept NeedsNoChanged = requires { T{.id = "KF1009", .message = "m", .evidence = "e", .remedy = "r"}; };

const char* kNow = "2026-11-23T12:00:00Z";

fed::MemberCluster member(const std::string& name, fed::Phase phase) {
    fed::MemberCluster out;
    out.name = name;
    out.creationTimestamp = "2026-11-11T12:00:00Z";
    out.status.phase = phase;
    out.status.kubernetesVersion = "v1.34.4";
    out.status.lastContactTime = "2026-11-23T11:59:59Z";
    out.status.latencyMillis = 12;
    out.status.nodes = {12, 12};
    out.status.objects = fed::MemberClusterStatus::Objects{.desired = 640, .synced = 638, .failed = 2};
    return out;
}

fed::Placement placement() {
    fed::Placement out;
    out.spec.source = {{"", "v1", "ReplicationController"}, {"shop", "frontend"}, "u"};
    out.spec.policy = {.kind = "PlacementPolicy", .ns = "shop", .name = "web", .uid = "p", .generation = 1};
    out.spec.replicas = 9;
    out.spec.clusters = {{"osaka", 3}, {"tokyo", 6}};
    out.status.clusters = {{.name = "osaka",
                            .state = fed::ObjectState::Failed,
                            .reason = "PodsFailing",
                            .message = "ImagePullBackOff ×2",
                            .replicas = fed::ClusterObjectStatus::Replicas{3, 1}},
                           {.name = "tokyo",
                            .state = fed::ObjectState::Synced,
                            .replicas = fed::ClusterObjectStatus::Replicas{6, 6}}};
    fed::CompactExplanation explanation;
    explanation.decidedAt = "2026-11-23T11:59:48Z";
    explanation.because = "spec.replicas changed from 6 to 9";
    explanation.clusters = {{"osaka", 3, 0.74, "chosen: minimum 2, plus the last 1"},
                            {"tokyo", 6, 0.92, "chosen: 6 of the 7 left after minimums"}};
    explanation.others = {{"taints", "rejected by taints: Unreachable for 31 s", 1, {"oregon"}},
                          {"spread", "not selected by spread", 3, {"london"}}};
    out.status.explanation = explanation;
    return out;
}

}  // namespace

class FormatTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyErrorIsDocumentedAsItIs() {
        std::ifstream file(qEnvironmentVariable("KUBEFED_SOURCE_DIR").toStdString() +
                           "/docs/reference/errors.md");
        std::map<std::string, std::string> rows;
        for (std::string line; std::getline(file, line);)
            if (line.starts_with("| KF"))
                rows[line.substr(2, 6)] = line;
        std::set<std::string_view> seen;
        for (const ErrorKind& kind : errorKinds()) {
            QVERIFY2(seen.insert(kind.id).second, std::string(kind.id).c_str());
            const std::string begin = "| " + std::string(kind.id) + " | " + std::to_string(kind.exitCode) +
                                      " | " + std::string(kind.title) + " | ";
            QVERIFY2(rows[std::string(kind.id)].starts_with(begin), begin.c_str());
        }
        QCOMPARE(rows.size(), errorKinds().size());
    }

    void everyExitCodeIsDocumented() {
        const auto page =
            readFile(qEnvironmentVariable("KUBEFED_SOURCE_DIR").toStdString() + "/docs/reference/errors.md");
        QVERIFY(page);
        for (const int code :
             {kDone, kFailed, kUsage, kUnchanged, kMemberRefused, kPartial, kTimedOut, kInterrupted})
            QCOMPARE(QString::fromStdString(*page).count("\n| " + QString::number(code) + " | "), 1);
    }

    void anErrorSaysWhatEvidenceRemedyAndWhetherAnythingChanged() {
        FakeClock clock;
        std::ostringstream stream;
        Report report(stream, false, clock);
        QCOMPARE(report.error({.id = "KF1103",
                               .message = "what",
                               .evidence = "seen",
                               .remedy = "do",
                               .changed = "nothing"}),
                 kMemberRefused);
        QCOMPARE(stream.str(),
                 std::string("error KF1103: what\n  evidence: seen\n  remedy:   do\nnothing\n"));
    }

    void anErrorWithoutOneOfItsPartsDoesNotCompile() {
        static_assert(IsWhole<CliError>);
        static_assert(!NeedsNoMessage<CliError> && !NeedsNoEvidence<CliError>);
        static_assert(!NeedsNoRemedy<CliError> && !NeedsNoChanged<CliError>);
        static_assert(!std::is_default_constructible_v<CliError>);
        // What others say may still be nothing.
        QVERIFY(errorText({.id = "KF1503",
                           .message = "the sandbox refused",
                           .evidence = std::string(),
                           .remedy = "do",
                           .changed = kNothingChanged},
                          false)
                    .find("  evidence: not known\n") != std::string::npos);
    }

    void thereIsNoColourAndNoMovingLineWithoutATerminal() {
        FakeClock clock;
        std::ostringstream stream;
        Report report(stream, false, clock);
        report.doing("waiting");
        clock.advance(5s);
        report.done("done", "detail");
        QVERIFY(stream.str().find('\033') == std::string::npos &&
                stream.str().find('\r') == std::string::npos);
        QCOMPARE(stream.str(), " ✓ done" + std::string(35, ' ') + "detail\n");
        QCOMPARE(clock.pendingTimers(), 0U);
    }

    void onATerminalItSaysForHowLong() {
        FakeClock clock;
        std::ostringstream stream;
        Report report(stream, true, clock);
        report.doing("waiting");
        clock.advance(3s);
        QVERIFY(stream.str().ends_with("\r … waiting (3 s)\033[K"));
        report.line("over");
        QVERIFY(stream.str().ends_with("\r\033[Kover\n"));
        QCOMPARE(clock.pendingTimers(), 0U);
    }

    void agesAreShortenedAsKubectlDoes() {
        const std::pair<Duration, const char*> cases[] = {
            {0s, "0s"},       {119s, "119s"}, {120s, "2m"},          {125s, "2m5s"},       {10min, "10m"},
            {179min, "179m"}, {3h, "3h"},     {3h + 10min, "3h10m"}, {8h, "8h"},           {47h, "47h"},
            {48h, "2d"},      {50h, "2d2h"},  {24h * 30, "30d"},     {24h * 800, "2y70d"}, {-5s, "0s"}};
        for (const auto& [duration, text] : cases)
            QCOMPARE(age(duration), std::string(text));
        QCOMPARE(ageSince("nonsense", at(kNow)), std::string("<unknown>"));
    }

    void serverTablesAreReadAndPrintedAsKubectlDoes() {
        const auto document = kube::parseJson(
            "{\"kind\":\"Table\",\"columnDefinitions\":[{\"name\":\"Name\"},{\"name\":\"Ready\"},"
            "{\"name\":\"Node\",\"priority\":1}],\"rows\":["
            "{\"cells\":[\"a\",3,\"n1\"],\"object\":{\"metadata\":{\"namespace\":\"shop\"}}},"
            "{\"cells\":[\"longer\",null,\"n2\"],\"object\":{\"metadata\":{\"namespace\":\"x\"}}}]}");
        const auto narrow = readServerTable(document->get_object(), {});
        QVERIFY(narrow);
        QCOMPARE(narrow->text(), std::string("NAME     READY\na        3\nlonger   <none>\n"));
        const auto wide = readServerTable(document->get_object(),
                                          {.wide = true, .withNamespace = true, .namePrefix = "pod/"});
        QCOMPARE(wide->text(), std::string("NAMESPACE   NAME         READY    NODE\n"
                                           "shop        pod/a        3        n1\n"
                                           "x           pod/longer   <none>   n2\n"));
        QVERIFY(!readServerTable({{"kind", "Status"}}, {}));
    }

    void theTableOfMembers() {
        auto tokyo = member("tokyo", fed::Phase::Degraded);
        tokyo.status.conditions = {{.type = "Ready",
                                    .status = "True",
                                    .reason = "ObjectsFail",
                                    .message = "2 objects fail: ImagePullBackOff ×2"}};
        auto oregon = member("oregon", fed::Phase::Unreachable);
        oregon.status.lastContactTime = "2026-11-23T11:59:29Z";
        oregon.status.conditions = {{.type = "Ready",
                                     .status = "False",
                                     .reason = "Unreachable",
                                     .message = "connection timed out (3 of 3 probes)"}};
        auto osaka = member("osaka", fed::Phase::Ready);
        osaka.status.conditions = {
            {.type = "Ready", .status = "True", .reason = "Ready", .message = "all is well"}};
        fed::MemberCluster fresh;
        fresh.name = "paris";
        const std::string expected =
            "NAME     STATUS        SEEN    VERSION   NODES   SYNCED    LATENCY   REASON                     "
            "            AGE\n"
            "oregon   Unreachable   31s     v1.34.4   ?       ?/640     -         connection timed out (3 of "
            "3 probes)   12d\n"
            "tokyo    Degraded      1s      v1.34.4   12/12   638/640   12ms      2 objects fail: "
            "ImagePullBackOff ×2    12d\n"
            "paris    Joining       never   ?         ?       ?         -                                    "
            "            <unknown>\n"
            "osaka    Ready         1s      v1.34.4   12/12   638/640   12ms                                 "
            "            12d\n";
        QCOMPARE(clusterTable({tokyo, osaka, fresh, oregon}, at(kNow)).text(), expected);
    }

    void theWorstMembersAreFirstAndEqualOnesByName() {
        using fed::Phase;
        auto leaving = member("a-leaving", Phase::Ready);
        leaving.isDeleting = true;
        std::vector<std::string> names;
        for (const auto& row :
             clusterTable(
                 {member("b-ready", Phase::Ready), member("a-ready", Phase::Ready), leaving,
                  member("z-joining", Phase::Joining), member("z-degraded", Phase::Degraded),
                  member("z-unreachable", Phase::Unreachable), member("y-unauthorized", Phase::Unauthorized)},
                 at(kNow))
                 .rows)
            names.push_back(row.front());
        QCOMPARE(names, (std::vector<std::string>{"y-unauthorized", "z-unreachable", "z-degraded",
                                                  "a-leaving", "z-joining", "a-ready", "b-ready"}));
        // Of the live fleet the same; what is only remembered to be well comes before what is.
        const auto live = [](const char* name, client::Phase phase, client::TimeMs lastContact) {
            client::Cluster cluster;
            cluster.name = name;
            cluster.phase = phase;
            cluster.lastContact = lastContact;
            return cluster;
        };
        const std::vector<client::Cluster> clusters{
            live("b", client::Phase::Ready, 95'000), live("a", client::Phase::Ready, 96'000),
            live("silent", client::Phase::Ready, 80'000), live("degraded", client::Phase::Degraded, 96'000)};
        std::vector<const client::Cluster*> pointers;
        for (const client::Cluster& cluster : clusters)
            pointers.push_back(&cluster);
        names.clear();
        for (const auto& row : clusterTable(pointers, 100'000, {}).rows)
            names.push_back(row.front());
        QCOMPARE(names, (std::vector<std::string>{"degraded", "silent", "a", "b"}));
    }

    void theTableOfPlugins() {
        fed::PolicyPlugin nearest;
        nearest.name = "nearest";
        nearest.spec.source = fed::PolicyPluginSpec::Source::Library;
        nearest.status = {.version = "1.1.0", .state = "Active", .stages = {"filter", "score"}, .calls = 7};
        nearest.status.conditions = {{.type = "Ready", .status = "True", .reason = "Active"},
                                     {.type = "Installed",
                                      .status = "False",
                                      .reason = "Refused",
                                      .message = "it crashed in a round"}};
        nearest.status.p50Micros = 18;
        nearest.status.p99Micros = 1'480;
        nearest.status.libraryGeneration = 4;
        nearest.status.sha256 = "9d1b6f0c5e2a7788";
        fed::PolicyPlugin mine;
        mine.name = "mine";
        mine.spec.source = fed::PolicyPluginSpec::Source::Folder;
        const Table table = pluginTable({nearest, mine}, false);
        QCOMPARE(table.rows.size(), std::size_t{2});
        QCOMPARE(table.rows[0], (std::vector<std::string>{"mine", "?", "?", "folder", "?", "0", "0", ""}));
        QCOMPARE(table.rows[1],
                 (std::vector<std::string>{"nearest", "1.1.0", "Active", "library", "filter,score", "7", "0",
                                           "Refused: it crashed in a round"}));
        const Table wide = pluginTable({nearest, mine}, true);
        const auto rest = [&](std::size_t row) {
            return std::vector<std::string>(wide.rows[row].begin() + 7, wide.rows[row].end() - 1);
        };
        QCOMPARE(rest(0), (std::vector<std::string>{"-", "-", "?", "?", "?", "-"}));
        QCOMPARE(rest(1), (std::vector<std::string>{"18µs", "1.4ms", "?", "4", "9d1b6f0c5e2a", "-"}));
    }

    void whyTellsTheDecision() {
        const std::string expected =
            "frontend (ReplicationController, namespace shop): 9 replicas over 2 of 6 clusters, policy "
            "shop/web, decided 12s ago\n"
            "because spec.replicas changed from 6 to 9\n"
            "CLUSTER    REPLICAS   READY   SCORE   VERDICT\n"
            "tokyo      6          6       0.92    chosen: 6 of the 7 left after minimums\n"
            "osaka      3          1       0.74    chosen: minimum 2, plus the last 1; Failed (PodsFailing): "
            "ImagePullBackOff ×2\n"
            "oregon     0          -       -       rejected by taints: Unreachable for 31 s\n"
            "london     0          -       -       not selected by spread\n"
            "(2 more)   0          -       -       not selected by spread\n";
        QCOMPARE(whyText(placement(), at(kNow), false), expected);
    }

    void whyNamesWhatTellsMore() {
        QCOMPARE(whyHint(placement(), "kubefed why rc/frontend -n shop"),
                 std::string("To see how each plugin judged: kubefed why rc/frontend -n shop -o wide"));
        fed::Placement follows = placement();
        follows.status.explanation.reset();  // nothing was judged
        QCOMPARE(whyHint(follows, "kubefed why svc/frontend"), std::string());
    }

    void whyTellsWhatDoesNotRunAlthoughItIsSynced() {
        fed::Placement synced = placement();
        for (fed::ClusterObjectStatus& status : synced.status.clusters)
            status = {.name = status.name,
                      .state = fed::ObjectState::Synced,
                      .reason = "PodsFailing",
                      .message = "ImagePullBackOff ×2"};
        const std::string text = whyText(synced, at(kNow), false);
        QVERIFY2(text.find("the last 1; PodsFailing: ImagePullBackOff ×2\n") != std::string::npos,
                 text.c_str());
    }

    void whyTellsDuplicatesAndWhatIsFollowed() {
        fed::Placement each;
        each.spec.source = {{"", "v1", "Pod"}, {"shop", "one"}, "u"};
        each.spec.replicas = 7;
        each.spec.clusters = {{"osaka", 7}, {"tokyo", 7}};
        QVERIFY(whyText(each, at(kNow), false).find("): 7 replicas in each of 2 of 2 clusters") !=
                std::string::npos);
        each.spec.clusters.front().replicas = 2;
        QVERIFY(whyText(each, at(kNow), false).find("): up to 7 replicas in each of 2 of 2 clusters") !=
                std::string::npos);
        fed::Placement service;
        service.spec.source = {{"", "v1", "Service"}, {"shop", "web"}, "u"};
        service.spec.clusters = {{"tokyo", std::nullopt}};
        service.status.conditions = {{.type = "Scheduled",
                                      .status = "True",
                                      .reason = "Follows",
                                      .message = "follows ReplicationController/web"}};
        const std::string text = whyText(service, at(kNow), false);
        QVERIFY2(text.find("1 of 1 cluster, follows ReplicationController/web\n") != std::string::npos,
                 text.c_str());
        QVERIFY2(text.find("chosen: what uses it is there\n") != std::string::npos, text.c_str());
    }

    void whyTellsWhatIsNotPlacedAndFailedConditions() {
        fed::Placement nothing;
        nothing.spec.source = {{"", "v1", "Pod"}, {"shop", "one"}, "u"};
        nothing.spec.unplaced = 1;
        nothing.status.conditions = {{.type = "Scheduled",
                                      .status = "False",
                                      .reason = "NoClusterFits",
                                      .message = "0 of 3 clusters fit"},
                                     {.type = "Applied", .status = "True", .reason = "Applied"}};
        QCOMPARE(whyText(nothing, at(kNow), false),
                 std::string("one (Pod, namespace shop): 0 of 0 clusters\n1 replica found no place\n"
                             "Scheduled=False (NoClusterFits): 0 of 3 clusters fit\n"));
    }

    void secretsAreNotDescribed() {
        kube::Object secret = kube::Object::make({"", "v1", "Secret"}, "shop", "s");
        secret.document()["data"] = kube::JsonObject{{"password", "c2VjcmV0"}};
        const std::string text = describeText(secret, at(kNow));
        QVERIFY2(text.find("c2VjcmV0") == std::string::npos, text.c_str());
        QVERIFY2(text.find("password: 8 bytes in base64") != std::string::npos, text.c_str());
        QVERIFY2(text.starts_with("Name:         s\nNamespace:    shop\nKind:         v1 Secret\n"),
                 text.c_str());
    }

    void argumentsOfGet() {
        const auto pairs = [](const std::vector<std::string>& arguments) {
            std::string text;
            const auto queries = readQueries(arguments);
            if (!queries)
                return std::string(queries.error().id);
            for (const Query& query : *queries)
                text += query.type + "/" + query.name + " ";
            return text;
        };
        QCOMPARE(pairs({"rc,svc"}), std::string("rc/ svc/ "));
        QCOMPARE(pairs({"rc", "a", "b"}), std::string("rc/a rc/b "));
        QCOMPARE(pairs({"rc/a", "svc/b"}), std::string("rc/a svc/b "));
        QCOMPARE(pairs({"rc/a", "b"}), std::string("KF1008"));
        QCOMPARE(pairs({"/a"}), std::string("KF1008"));
        QCOMPARE(pairs({}), std::string("KF1008"));
    }

    void datesOfHttp() {
        QVERIFY(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT") == at("1994-11-06T08:49:37Z"));
        for (const char* bad : {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT",
                                "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT"})
            QVERIFY2(!parseHttpDate(bad), bad);
    }
};

QTEST_GUILESS_MAIN(FormatTest)
#include "format_test.moc"

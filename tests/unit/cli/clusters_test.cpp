// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/cli/cmd/watch_clusters.h"
#include "tests/fakes/fake_fleet_source.h"
#include "tests/unit/cli/cli_world.h"

using namespace kubefed;
using namespace kubefed::cli;
using namespace std::chrono_literals;

namespace {

const char* kHeaders = "NAME   STATUS   SEEN   VERSION   NODES   SYNCED   LATENCY   REASON   AGE\n";

// The controller as a command sees it; the test has it for as long as the command does.
struct Controller final : client::FleetSource {
    Controller(FakeFleetSource& source, int& openNow) : m_source(source), m_open(openNow) { ++m_open; }
    ~Controller() override { --m_open; }
    void start(client::FleetSink& sink) override { m_source.start(sink); }
    [[nodiscard]] client::TimeMs now() const override { return m_source.now(); }
    [[nodiscard]] Request explain(const client::ObjectId&, Callback<client::Explanation>) override {
        return {};
    }
    [[nodiscard]] Request listPolicies(Callback<std::vector<client::PolicyPlugin>>) override { return {}; }

private:
    FakeFleetSource& m_source;
    int& m_open;
};

}  // namespace

class ClustersTest : public QObject {
    Q_OBJECT

    struct World : CliWorld {
        FakeFleetSource fleet{clock};
        int asked = 0;
        int open = 0;
        GetOptions options;
        std::unique_ptr<Verb> verb;
        std::optional<int> exitCode;
    };
    std::unique_ptr<World> w;

    // What was printed since the last time.
    std::string printed() {
        std::string text = w->out.str();
        w->out.str({});
        return text;
    }
    [[nodiscard]] client::TimeMs ago(Duration duration) const { return w->fleet.now() - duration.count(); }
    [[nodiscard]] client::Cluster live(client::ClusterNumber number, const std::string& name) const {
        client::Cluster cluster;
        cluster.number = number;
        cluster.name = name;
        cluster.phase = client::Phase::Ready;
        cluster.lastContact = ago(2s);
        cluster.latency = 7;
        cluster.kubernetesVersion = "v1.34.4";
        cluster.nodes = client::NodeCounts{12, 12};
        cluster.objects = client::ObjectCounts{.desired = 640, .synced = 640};
        cluster.created = ago(24h * 12);
        return cluster;
    }
    // As it stands in the federation's API, heard of 50 s ago.
    void write(const std::string& name) {
        const auto at = [&](Duration before) {
            return toRfc3339(std::chrono::time_point_cast<WallTime::duration>(w->clock.wallNow() - before));
        };
        const kube::JsonObject status{
            {"phase", "Ready"},
            {"kubernetesVersion", "v1.34.4"},
            {"lastContactTime", at(50s)},
            {"latencyMillis", 9},
            {"nodes", kube::JsonObject{{"ready", 11}, {"total", 12}}},
            {"objects",
             kube::JsonObject{{"desired", 640}, {"synced", 639}, {"failed", 0}, {"unclaimed", 0}}}};
        w->federation.objects["/apis/kubefed.io/v1alpha1/memberclusters/" + name] = kube::JsonObject{
            {"apiVersion", "kubefed.io/v1alpha1"},
            {"kind", "MemberCluster"},
            {"metadata",
             kube::JsonObject{{"name", name}, {"uid", name}, {"creationTimestamp", at(24h * 12)}}},
            {"spec", kube::JsonObject{{"apiEndpoint", "https://10.1.0.4:6443"}}},
            {"status", status}};
    }
    template <class Command>
    void start() {
        w->verb = std::make_unique<Command>(w->env, w->options);
        w->verb->start([this](int code) { w->exitCode = code; });
        w->clock.advance(20ms);
    }
    void tell(client::FleetInfo info, std::vector<client::Cluster> clusters) {
        client::FleetChanges all;
        all.clusters = std::move(clusters);
        w->fleet.tell(std::move(info), std::move(all));
        w->clock.advance(0ms);
    }
    [[nodiscard]] bool warned(const std::string& text) const {
        return w->err.str().find(text) != std::string::npos;
    }

private Q_SLOTS:
    void init();
    void cleanup();
    void getsLiveFigures();
    void showsTheWorstFirst();
    void getsWhatIsWrittenWithoutAController_data();
    void getsWhatIsWrittenWithoutAController();
    void asksNobodyAboutNobody();
    void watches();
    void watchesAFederationWithoutMembers();
    void watchesOverARestart();
    void watchesOne();
    void endsWhereItMayNotWatch();
};

void ClustersTest::init() {
    w = std::make_unique<World>();
    const std::string path = w->folder.filePath("kubeconfig").toStdString();
    std::ofstream(path) << kProdKubeconfig;
    w->connector.clusters = {{"fed", &w->federation}};
    w->connector.makeController = [this](const client::FederationEndpoint& endpoint) {
        w->asked += endpoint.address == "10.0.0.1:7443" ? 1 : 0;
        return std::make_unique<Controller>(w->fleet, w->open);
    };
    w->federation.objects["/api/v1/namespaces/kube-public/configmaps/kubefed-info"] =
        kube::JsonObject{{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata", kube::JsonObject{{"name", "kubefed-info"}}},
                         {"data", kube::JsonObject{{"grpcEndpoint", "10.0.0.1:7443"}, {"grpcCA", "pem"}}}};
    w->options.common.kubeconfig = path;
    w->options.arguments = {"clusters"};
}

void ClustersTest::cleanup() {
    w->verb.reset();
    QCOMPARE(w->open, 0);
    w.reset();
}

void ClustersTest::getsLiveFigures() {
    write("tokyo");
    write("osaka");  // which has just joined: the stream does not know it yet
    start<Get>();
    QCOMPARE(w->asked, 1);
    QVERIFY(!w->exitCode);
    QCOMPARE(printed(), std::string());
    tell({}, {live(3, "tokyo"), live(4, "elsewhere")});
    QCOMPARE(w->exitCode, std::optional(kDone));
    QCOMPARE(w->open, 0);  // it is let go at once
    QCOMPARE(printed(),
             std::string("NAME    STATUS   SEEN   VERSION   NODES   SYNCED    LATENCY   REASON   AGE\n"
                         "osaka   Ready    50s    v1.34.4   11/12   639/640   9ms                12d\n"
                         "tokyo   Ready    2s     v1.34.4   12/12   640/640   7ms                12d\n"));
    QCOMPARE(w->err.str(), std::string());
}

void ClustersTest::showsTheWorstFirst() {
    for (const char* name : {"london", "oregon", "osaka", "tokyo"})
        write(name);
    std::vector<client::Cluster> clusters{live(1, "london"), live(2, "oregon"), live(3, "osaka"),
                                          live(4, "tokyo")};
    clusters[1].lastContact = ago(60s);  // Ready when it was last heard of
    clusters[2].phase = client::Phase::Degraded;
    clusters[3].phase = client::Phase::Unreachable;
    const auto order = [&] {
        std::string names;
        std::istringstream lines(printed());
        for (std::string line; std::getline(lines, line);)
            names += line.substr(0, line.find(' ')) + " ";
        return names;
    };
    start<Get>();
    tell({}, clusters);
    QCOMPARE(order(), std::string("NAME tokyo osaka oregon london "));
    start<WatchClusters>();
    tell({}, clusters);
    QCOMPARE(order(), std::string("NAME tokyo osaka oregon london "));
}

void ClustersTest::getsWhatIsWrittenWithoutAController_data() {
    QTest::addColumn<QString>("trouble");
    QTest::addColumn<QString>("why");
    QTest::newRow("silent") << "silent" << "no answer within 1";
    QTest::newRow("lost") << "lost" << "connection refused";
    QTest::newRow("forbidden") << "forbidden" << "may not watch fleets";
    QTest::newRow("outlines only") << "outlines" << "may not list memberclusters";
    QTest::newRow("no endpoint") << "older" << "tells no gRPC endpoint";
}

void ClustersTest::getsWhatIsWrittenWithoutAController() {
    QFETCH(QString, trouble);
    QFETCH(QString, why);
    write("tokyo");
    if (trouble == "older")
        w->federation.objects["/api/v1/namespaces/kube-public/configmaps/kubefed-info"].erase("data");
    start<Get>();
    if (trouble == "lost")
        w->fleet.lose(client::ConnectionState::Disconnected,
                      {.code = Code::Unavailable, .message = "connection refused"});
    if (trouble == "forbidden")
        w->fleet.lose(client::ConnectionState::Forbidden,
                      {.code = Code::PermissionDenied, .message = "you may not watch fleets"});
    if (trouble == "outlines")
        tell({.seesClusters = false}, {live(3, "tokyo")});
    if (trouble == "silent") {
        w->clock.advance(900ms);
        QVERIFY(!w->exitCode);
        w->clock.advance(100ms);
    }
    QCOMPARE(w->exitCode, std::optional(kDone));
    const std::string table = printed();
    QVERIFY2(table.find("11/12   639/640   9ms") != std::string::npos, table.c_str());
    QVERIFY2(table.starts_with("NAME    STATUS   SEEN "), table.c_str());
    QVERIFY2(warned("SEEN is as it was written") && warned(why.toStdString()), w->err.str().c_str());
}

void ClustersTest::asksNobodyAboutNobody() {
    start<Get>();
    QCOMPARE(w->exitCode, std::optional(kDone));
    QVERIFY(warned("has no members yet"));
    write("tokyo");
    w->options.arguments = {"cluster", "osaka"};
    w->exitCode.reset();
    start<Get>();
    QCOMPARE(w->exitCode, std::optional(kFailed));
    QVERIFY(warned("KF1120") && warned("evidence: its members are tokyo\n"));
    QCOMPARE(w->asked, 0);
    // Several are asked for once.
    write("osaka");
    w->options.arguments = {"cluster/osaka", "cluster/tokyo"};
    w->exitCode.reset();
    start<Get>();
    tell({}, {live(3, "tokyo"), live(4, "osaka")});
    w->clock.advance(20ms);
    QCOMPARE(w->exitCode, std::optional(kDone));
    QCOMPARE(w->asked, 1);
    QCOMPARE(QString::fromStdString(printed()).count(" 2s "), 2);
}

void ClustersTest::watches() {
    start<WatchClusters>();
    QCOMPARE(printed(), std::string());
    tell({}, {live(1, "tokyo"), live(2, "osaka")});
    QCOMPARE(printed(),
             std::string("NAME    STATUS   SEEN   VERSION   NODES   SYNCED    LATENCY   REASON   AGE\n"
                         "osaka   Ready    2s     v1.34.4   12/12   640/640   7ms                12d\n"
                         "tokyo   Ready    2s     v1.34.4   12/12   640/640   7ms                12d\n"));
    // Ages and latencies are no change.
    client::FleetChanges contact;
    contact.contacts = {{1, ago(0s), 12, true}, {2, ago(0s), 12, true}};
    w->fleet.sink()->changed(contact);
    QCOMPARE(printed(), std::string());
    client::FleetChanges trouble;
    trouble.clusters = {live(1, "tokyo")};
    trouble.clusters[0].phase = client::Phase::Degraded;
    trouble.clusters[0].message = "2 objects fail";
    w->fleet.sink()->changed(trouble);
    QCOMPARE(printed(),
             std::string(
                 "tokyo   Degraded   2s     v1.34.4   12/12   640/640   7ms       2 objects fail   12d\n"));
    // Nothing is heard of it for longer than period and timeout of a probe.
    w->clock.advance(12s);
    const std::string old = printed();
    QVERIFY2(old.starts_with("tokyo   Degraded   14s ") || old.starts_with("tokyo   Degraded   13s "),
             old.c_str());
    // One that is probed less often is given its own time.
    client::FleetChanges patient;
    patient.clusters = {live(2, "osaka")};
    patient.clusters[0].oldAfter = 30'000;
    w->fleet.sink()->changed(patient);
    printed();
    w->clock.advance(27s);
    QCOMPARE(printed(), std::string());
    w->clock.advance(2s);
    QVERIFY(printed().starts_with("osaka   Ready "));
    // One that leaves has a last row.
    client::FleetChanges leaves;
    leaves.removedClusters = {1};
    w->fleet.sink()->changed(leaves);
    const std::string left = printed();
    QVERIFY2(left.starts_with("tokyo   Left       43s    v1.34.4   ?       ?/640     -  "), left.c_str());
    QCOMPARE(left.find("2 objects fail"), std::string::npos);
    w->clock.advance(2s);
    QCOMPARE(QString::fromStdString(printed()).count("tokyo"), 0);
    // And is a new one when it comes again.
    client::FleetChanges again;
    again.clusters = {live(3, "tokyo")};
    w->fleet.sink()->changed(again);
    QVERIFY(printed().starts_with("tokyo   Ready      2s "));
    QVERIFY(!w->exitCode);
}

void ClustersTest::watchesAFederationWithoutMembers() {
    start<WatchClusters>();
    tell({}, {});
    QCOMPARE(printed(), std::string(kHeaders));
    // The controller goes and comes again: that is no end.
    w->fleet.lose(client::ConnectionState::Disconnected,
                  {.code = Code::Unavailable, .message = "connection refused"});
    QVERIFY(!w->exitCode);
    QVERIFY(warned("the controller is lost"));
    tell({}, {live(1, "tokyo")});
    QVERIFY(warned("the controller is back"));
    QVERIFY(printed().starts_with("tokyo   Ready    2s "));
}

void ClustersTest::watchesOverARestart() {
    start<WatchClusters>();
    tell({}, {live(1, "tokyo"), live(2, "osaka"), live(3, "oregon")});
    printed();
    w->fleet.lose(client::ConnectionState::Disconnected, {.code = Code::Unavailable, .message = "it stops"});
    // Another one numbers them anew; what has not changed is not told again.
    client::Cluster osaka = live(3, "osaka");
    osaka.kubernetesVersion = "v1.35.0";
    tell({}, {live(2, "tokyo"), osaka, live(1, "london")});
    QCOMPARE(printed(),
             std::string("oregon   Left     2s     v1.34.4   ?       ?/640     -                  12d\n"
                         "london   Ready    2s     v1.34.4   12/12   640/640   7ms                12d\n"
                         "osaka    Ready    2s     v1.35.0   12/12   640/640   7ms                12d\n"));
}

void ClustersTest::watchesOne() {
    w->options.arguments = {"cluster", "tokyo"};
    start<WatchClusters>();
    tell({}, {live(1, "tokyo"), live(2, "osaka")});
    QCOMPARE(QString::fromStdString(printed()).count("osaka"), 0);
    client::FleetChanges leave;
    leave.removedClusters = {1, 2};
    w->fleet.sink()->changed(leave);
    const QString left = QString::fromStdString(printed());
    QVERIFY(left.contains("tokyo   Left") && !left.contains("osaka"));
    QVERIFY(!w->exitCode);
    w->options.arguments = {"cluster", "nowhere"};
    start<WatchClusters>();
    tell({}, {live(1, "tokyo")});
    QCOMPARE(w->exitCode, std::optional(kFailed));
    QVERIFY(warned("KF1120") && warned("evidence: its members are tokyo\n"));
    QCOMPARE(printed(), std::string());
}

void ClustersTest::endsWhereItMayNotWatch() {
    start<WatchClusters>();
    w->fleet.lose(client::ConnectionState::Forbidden,
                  {.code = Code::PermissionDenied, .message = "you may not watch fleets"});
    QCOMPARE(w->exitCode, std::optional(kFailed));
    QVERIFY(warned("KF1005"));
    // Nor where there was nobody from the start.
    w->exitCode.reset();
    start<WatchClusters>();
    w->fleet.lose(client::ConnectionState::Disconnected,
                  {.code = Code::Unavailable, .message = "connection refused"});
    QCOMPARE(w->exitCode, std::optional(kFailed));
    QVERIFY(warned("KF1013"));
}

QTEST_GUILESS_MAIN(ClustersTest)
#include "clusters_test.moc"

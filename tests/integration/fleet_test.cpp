// SPDX-License-Identifier: Apache-2.0
// The live fleet as people get it: the shipped programs in private folders, three simulated members, and a
// client that finds the controller through the federation's API.
#include <set>
#include <string>

#include <QDirIterator>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "kubefed/client/fleet_fold.h"
#include "kubefed/client/locate.h"
#include "kubefed/fed/names.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"

using namespace kubefed;
using namespace kubefed::client;

namespace {

constexpr int kPatience = 20'000;

struct Sink final : FleetSink {
    void stateChanged(ConnectionState now, const Error& why) override {
        state = now;
        error = why;
        lost += now == ConnectionState::Disconnected ? 1 : 0;
    }
    void reset(const FleetInfo& info, FleetChanges all) override {
        ++resets;
        fold.reset(info, std::move(all));
    }
    void changed(FleetChanges changes) override { fold.apply(std::move(changes)); }
    [[nodiscard]] const Cluster* cluster(std::string_view name) const {
        for (const auto& [number, cluster] : fold.clusters())
            if (cluster.name == name)
                return &cluster;
        return nullptr;
    }
    [[nodiscard]] bool allHealthy(std::size_t atLeast) const {
        return fold.objects().size() >= atLeast && std::ranges::all_of(fold.objects(), [](const auto& entry) {
                   return entry.second.health == ObjectHealth::Healthy;
               });
    }
    ConnectionState state = ConnectionState::Connecting;
    Error error;
    int resets = 0;
    int lost = 0;
    FleetFold fold;
};

}  // namespace

class FleetTest : public QObject {
    Q_OBJECT

private:
    int kubefed(const QStringList& arguments) {
        QProcess process;
        process.setProcessEnvironment(m_environment);
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(qEnvironmentVariable("KUBEFED_BIN_DIR") + "/kubefed", arguments);
        if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 60'000))
            return -1;
        m_said = process.readAll().toStdString();
        return process.exitCode();
    }
    [[nodiscard]] kube::ContextConfig context() const {
        const auto config = kube::Kubeconfig::load(m_kubeconfig);
        return *config->resolve("prod");
    }
    // Waits for one answer of the federation's API.
    template <class T>
    Result<T> wait(const std::function<Request(Callback<T>)>& ask) {
        std::optional<Result<T>> answer;
        const Request request = ask([&](Result<T> result) { answer = std::move(result); });
        if (!QTest::qWaitFor([&] { return answer.has_value(); }, kPatience))
            return fail(Code::DeadlineExceeded, "no answer");
        return std::move(*answer);
    }
    Result<FederationEndpoint> located(kube::Client& api, const net::Identity& identity) {
        return wait<FederationEndpoint>([&](auto done) { return locate(api, identity, std::move(done)); });
    }
    Result<kube::Object> create(const kube::Gvr& gvr, const std::string& json) {
        const auto object = kube::Object::parse(json);
        return wait<kube::Object>(
            [&](auto done) { return m_api->create(gvr, *object, {}, std::move(done)); });
    }

    QTemporaryDir m_folder;
    QProcessEnvironment m_environment = QProcessEnvironment::systemEnvironment();
    std::filesystem::path m_kubeconfig;
    std::string m_said;
    QtClock m_clock;
    std::unique_ptr<net::ConnectionCache> m_connections;
    std::unique_ptr<kube::Client> m_api;

private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void cleanupTestCase();
    void tellsByAnExitCodeThatNothingChanged();
    void tellsTheFleetAndWhatHappens();
    void showsLiveFiguresInATable();
    void showsAUserOneNamespace();
    void comesBackAfterARestart();
    void explainsOnTheCommandLine();
    void getsByNamespaceLabelAndForm();
    void describesWithPlacementAndEvents();
    void saysWhatIsNotThere_data();
    void saysWhatIsNotThere();
    void tellsTheSandboxesClusters();
};

void FleetTest::initTestCase() {
    const QString folder = m_folder.path();
    m_kubeconfig = folder.toStdString() + "/kubeconfig";
    m_environment.insert("HOME", folder);
    m_environment.insert("XDG_DATA_HOME", folder + "/data");
    m_environment.insert("KUBECONFIG", folder + "/kubeconfig");
    m_environment.insert("KUBEFED_CONTEXT", "prod");
    QVERIFY2(kubefed({"init", "prod"}) == 0, m_said.c_str());
    m_connections = std::make_unique<net::ConnectionCache>(m_clock);
    const kube::ContextConfig config = context();
    m_api = std::make_unique<kube::Client>(m_connections->transport(config.endpoint, config.identity),
                                           "fleet_test");
    // Ready is whoever can take a policy at once.
    const auto endpoint = located(*m_api, config.identity);
    QVERIFY2(endpoint.has_value(), endpoint ? "" : endpoint.error().text().c_str());
    QVERIFY2(kubefed({"sandbox", "up", "--clusters", "3"}) == 0, m_said.c_str());
    for (const char* name : {"tokyo", "osaka", "oregon"})
        QVERIFY2(kubefed({"join", name}) == 0, m_said.c_str());
    for (const char* ns : {"shop", "bank"}) {
        QVERIFY(create({"", "v1", "namespaces"},
                       "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"" +
                           std::string(ns) + "\"}}"));
        QVERIFY(create({"", "v1", "replicationcontrollers"},
                       "{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\",\"metadata\":{\"name\":"
                       "\"web\",\"namespace\":\"" +
                           std::string(ns) +
                           "\"},\"spec\":{\"replicas\":3,\"selector\":{\"app\":\"web\"},\"template\":{"
                           "\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":"
                           "\"c\",\"image\":\"web:1\"}]}}}}"));
    }
}

// What the two programs wrote is gone with their folder.
void FleetTest::cleanup() {
    if (!QTest::currentTestFailed())
        return;
    QDirIterator files(m_folder.path(), {"*.log"}, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const std::filesystem::path file = files.next().toStdString();
        const std::string text = readFile(file).value_or(std::string());
        qWarning("the end of %s:\n%s", file.c_str(),
                 text.substr(text.size() - std::min<std::size_t>(text.size(), 6'000)).c_str());
    }
}

void FleetTest::cleanupTestCase() {
    m_api.reset();
    m_connections.reset();
    kubefed({"sandbox", "down"});
    kubefed({"deinit", "prod", "--yes"});
}

// As real servers answer: who owns a field changes when what was made is applied, and what it says does not.
void FleetTest::tellsByAnExitCodeThatNothingChanged() {
    const QString file = m_folder.path() + "/settings.yaml";
    const auto apply = [&](const char* value) {
        const std::string text =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: "
            "shop}\ndata: {colour: " +
            std::string(value) + "}\n";
        return writeFile(file.toStdString(), text) ? kubefed({"apply", "--error-unchanged", "-f", file}) : -1;
    };
    const auto join = [&](const QString& label) {
        return kubefed({"join", "tokyo", "--error-unchanged", "--labels", label});
    };
    QCOMPARE(kubefed({"join", "osaka", "--error-unchanged"}), 3);
    QVERIFY2(m_said.find("osaka joined in ") != std::string::npos, m_said.c_str());
    QCOMPARE(join("tier=gold"), 0);
    QCOMPARE(join("tier=gold"), 3);
    QCOMPARE(kubefed({"join", "tokyo"}), 0);
    QCOMPARE(kubefed({"up", "prod", "--error-unchanged"}), 3);
    QCOMPARE(kubefed({"up", "prod"}), 0);
    QCOMPARE(apply("red"), 0);
    QCOMPARE(apply("red"), 3);
    QCOMPARE(apply("blue"), 0);
    QCOMPARE(apply("blue"), 3);
    QCOMPARE(kubefed({"apply", "-f", file}), 0);
}

void FleetTest::tellsTheFleetAndWhatHappens() {
    const kube::ContextConfig config = context();
    const auto endpoint = located(*m_api, config.identity);
    QVERIFY2(endpoint.has_value(), endpoint ? "" : endpoint.error().message.c_str());
    Sink sink;
    FederationClient client(*endpoint, m_clock);
    client.start(sink);
    QTRY_COMPARE_WITH_TIMEOUT(sink.resets, 1, kPatience);
    QCOMPARE(sink.fold.info().federation, std::string("prod"));
    QCOMPARE(sink.fold.clusters().size(), std::size_t{3});
    QTRY_VERIFY_WITH_TIMEOUT(sink.allHealthy(2), kPatience);
    const Object& web = sink.fold.objects().at({"", "v1", "ReplicationController", "shop", "web"});
    QCOMPARE(web.wanted, std::optional<std::int64_t>(3));
    QCOMPARE(web.ready, std::optional<std::int64_t>(3));
    QVERIFY(!sink.cluster("oregon")->apiEndpoint.empty());

    // It freezes: three probes must fail, then it is Unreachable; and it comes back by itself.
    QVERIFY2(kubefed({"sandbox", "fault", "oregon", "freeze"}) == 0, m_said.c_str());
    const TimeMs frozen = client.now();
    QTRY_VERIFY_WITH_TIMEOUT(sink.cluster("oregon")->phase == Phase::Unreachable, 45'000);
    const Cluster gone = *sink.cluster("oregon");
    QVERIFY(gone.phaseSince - gone.lastContact <= 34'000);
    QVERIFY(gone.phaseSince - gone.lastContact >= 20'000);
    QVERIFY(gone.lastContact <= frozen + 1'000);
    QCOMPARE(gone.message, std::string("no answer within 3 s (3 of 3 probes)"));
    QCOMPARE(gone.latencies.back(), -1);
    QVERIFY(sink.cluster("tokyo")->phase == Phase::Ready);
    QVERIFY2(kubefed({"sandbox", "fault", "oregon", "heal"}) == 0, m_said.c_str());
    QTRY_VERIFY_WITH_TIMEOUT(sink.cluster("oregon")->phase == Phase::Ready, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(sink.allHealthy(2), kPatience);
    QVERIFY(std::ranges::count(sink.fold.activities(), "Unreachable", &Activity::reason) == 1);
    QCOMPARE(sink.resets, 1);
}

void FleetTest::showsLiveFiguresInATable() {
    // What is written of a member that is well is up to a minute old.
    constexpr Duration kOld{20'000};
    const auto isOld = [&] {
        const auto osaka = wait<kube::Object>(
            [&](auto done) { return m_api->get(fed::memberClusters(), {"", "osaka"}, std::move(done)); });
        WallTime written{};
        return osaka &&
               parseRfc3339(kube::stringAt(osaka->document(), {"status", "lastContactTime"}), written) &&
               m_clock.wallNow() - written > kOld;
    };
    QTRY_VERIFY_WITH_TIMEOUT(isOld(), 90'000);
    QVERIFY2(kubefed({"get", "clusters"}) == 0, m_said.c_str());
    const QString said = QString::fromStdString(m_said);
    QVERIFY2(!said.contains("SEEN is as it was written"), m_said.c_str());
    const QRegularExpressionMatch seen =
        QRegularExpression("^osaka +Ready +([0-9]+)s +v1", QRegularExpression::MultilineOption).match(said);
    QVERIFY2(seen.hasMatch(), m_said.c_str());
    QVERIFY2(seen.captured(1).toInt() < kOld / Duration{1'000}, m_said.c_str());
}

void FleetTest::showsAUserOneNamespace() {
    // Somebody with `edit` in "shop", by a service account's token.
    QVERIFY(create({"", "v1", "serviceaccounts"},
                   "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"ann\","
                   "\"namespace\":\"shop\"}}"));
    QVERIFY(create({"rbac.authorization.k8s.io", "v1", "rolebindings"},
                   "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"RoleBinding\",\"metadata\":{"
                   "\"name\":\"ann\",\"namespace\":\"shop\"},\"roleRef\":{\"apiGroup\":"
                   "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"edit\"},\"subjects\":[{"
                   "\"kind\":\"ServiceAccount\",\"name\":\"ann\",\"namespace\":\"shop\"}]}"));
    const auto asked = kube::Object::parse(
        "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"metadata\":{\"name\":"
        "\"ann\",\"namespace\":\"shop\"},\"spec\":{}}");
    const auto token = wait<kube::Object>([&](auto done) {
        return m_api->create({"", "v1", "serviceaccounts"}, *asked, {.subresource = "token"},
                             std::move(done));
    });
    QVERIFY2(token.has_value(), token ? "" : token.error().text().c_str());
    const kube::ContextConfig config = context();
    const net::Identity ann{
        .caPem = config.identity.caPem,
        .bearerToken = std::string(kube::stringAt(token->document(), {"status", "token"}))};
    kube::Client api(m_connections->transport(config.endpoint, ann), "fleet_test");

    // By REST: what is in "shop", but nothing of clusters, their credentials, or other namespaces.
    const auto get = [&](const kube::Gvr& gvr, const kube::ObjectKey& key) {
        const auto answer = wait<kube::Object>([&](auto done) { return api.get(gvr, key, std::move(done)); });
        return answer ? 200 : answer.error().status ? answer.error().status->httpCode : 0;
    };
    QCOMPARE(get({"", "v1", "replicationcontrollers"}, {"shop", "web"}), 200);
    QCOMPARE(get(fed::placements(), {"shop", "replicationcontroller.core.web"}), 200);
    QCOMPARE(get({"", "v1", "replicationcontrollers"}, {"bank", "web"}), 403);
    QCOMPARE(get(fed::placements(), {"bank", "replicationcontroller.core.web"}), 403);
    QCOMPARE(get(fed::memberClusters(), {"", "tokyo"}), 403);
    QCOMPARE(get({"", "v1", "secrets"}, {std::string(fed::kSystemNamespace), "tokyo-credentials"}), 403);

    // By gRPC the same.
    const auto endpoint = located(api, ann);
    QVERIFY2(endpoint.has_value(), endpoint ? "" : endpoint.error().text().c_str());
    Sink sink;
    FederationClient client(*endpoint, m_clock);
    client.start(sink);
    QTRY_COMPARE_WITH_TIMEOUT(sink.resets, 1, kPatience);
    QVERIFY(!sink.fold.info().seesClusters && !sink.fold.info().seesAllNamespaces);
    QCOMPARE(sink.fold.info().namespaces, std::vector<std::string>{"shop"});
    QVERIFY(!sink.fold.objects().empty());
    for (const auto& [id, object] : sink.fold.objects())
        QCOMPARE(id.ns, std::string("shop"));
    QCOMPARE(sink.fold.clusters().size(), std::size_t{3});
    for (const auto& [number, cluster] : sink.fold.clusters()) {
        QVERIFY(!cluster.name.empty() && cluster.phase != Phase::Unknown);
        QVERIFY(cluster.apiEndpoint.empty() && cluster.labels.empty() && cluster.conditions.empty() &&
                cluster.lastContact == 0 && !cluster.nodes);
    }
    for (const Activity& activity : sink.fold.activities())
        QVERIFY(activity.object && activity.object->ns == "shop");
    const auto explained = [&](const char* ns) {
        return wait<Explanation>([&](auto done) {
            return client.explain({"", "v1", "ReplicationController", ns, "web"}, std::move(done));
        });
    };
    QCOMPARE(explained("shop").value().verdicts.size(), std::size_t{3});
    QVERIFY(explained("bank").error().code == Code::PermissionDenied);
    const auto plugins =
        wait<std::vector<PolicyPlugin>>([&](auto done) { return client.listPolicies(std::move(done)); });
    QVERIFY(plugins.error().code == Code::PermissionDenied);
}

void FleetTest::comesBackAfterARestart() {
    const kube::ContextConfig config = context();
    const auto endpoint = located(*m_api, config.identity);
    QVERIFY(endpoint.has_value());
    Sink sink;
    FederationClient client(*endpoint, m_clock);
    client.start(sink);
    QTRY_COMPARE_WITH_TIMEOUT(sink.resets, 1, kPatience);
    const auto before = sink.fold.objects();
    QVERIFY2(kubefed({"down", "prod"}) == 0, m_said.c_str());
    QTRY_VERIFY_WITH_TIMEOUT(sink.lost > 0, kPatience);  // and again, as often as it has tried
    QVERIFY(sink.fold.objects() == before);
    QVERIFY2(kubefed({"up", "prod"}) == 0, m_said.c_str());
    QTRY_COMPARE_WITH_TIMEOUT(sink.resets, 2, kPatience);
    QVERIFY(sink.state == ConnectionState::Live);  // on the same port as before
    QCOMPARE(sink.fold.objects().size(), before.size());
    QTRY_VERIFY_WITH_TIMEOUT(sink.allHealthy(before.size()), kPatience);
    const auto plugins =
        wait<std::vector<PolicyPlugin>>([&](auto done) { return client.listPolicies(std::move(done)); });
    QVERIFY(std::ranges::any_of(
        *plugins, [](const auto& plugin) { return plugin.name == "weighted" && plugin.generation == 1; }));
}

void FleetTest::explainsOnTheCommandLine() {
    QVERIFY2(kubefed({"why", "rc/web", "-n", "shop", "-o", "wide"}) == 0, m_said.c_str());
    for (const char* word : {"3 replicas over 3 of 3 clusters", "tokyo", "osaka", "oregon", "affinity",
                             "taints", "how it would be decided now"})
        QVERIFY2(m_said.find(word) != std::string::npos, m_said.c_str());
    QVERIFY2(m_said.find("To see how each plugin judged") == std::string::npos, m_said.c_str());
    QCOMPARE(kubefed({"why", "rc/none", "-n", "shop", "-o", "wide"}), 1);
    QVERIFY2(m_said.find("KF1011") != std::string::npos, m_said.c_str());
    QVERIFY2(m_said.find("remedy:   check the name and the namespace (-n)") != std::string::npos,
             m_said.c_str());
    QCOMPARE(kubefed({"why", "rc/", "-n", "shop"}), 2);
    QVERIFY2(m_said.find("\"rc/\" is not TYPE/NAME") != std::string::npos, m_said.c_str());
    // In short, it names what tells more.
    QVERIFY2(kubefed({"why", "rc/web", "-n", "shop"}) == 0, m_said.c_str());
    QVERIFY2(m_said.ends_with("\nTo see how each plugin judged: kubefed why rc/web -n shop -o wide\n"),
             m_said.c_str());
}

void FleetTest::getsByNamespaceLabelAndForm() {
    for (const char* ns : {"shop", "bank"})
        for (const char* tier : {"front", "back"}) {
            kube::Object map = kube::Object::make({"", "v1", "ConfigMap"}, ns, std::string("get-") + tier);
            map.setLabel("tier", tier);
            map.setLabel("made-for", "get");
            QVERIFY(create({"", "v1", "configmaps"}, map.text()));
        }
    const auto get = [&](QStringList arguments) {
        arguments.prepend("get");
        const bool done = kubefed(arguments) == 0;
        return QString::fromStdString((done ? "" : "failed: ") + m_said);
    };
    const auto rows = [&](const QStringList& arguments) {
        QStringList names;
        for (const QString& line : get(arguments).split('\n', Qt::SkipEmptyParts))
            names += line.simplified().section(' ', 0, 0);
        return names.join(' ');
    };
    // By label, in one namespace and in all.
    QCOMPARE(rows({"cm", "-n", "shop", "-l", "made-for=get"}), QString("NAME get-back get-front"));
    QCOMPARE(rows({"cm", "-n", "shop", "-l", "tier=front"}), QString("NAME get-front"));
    QCOMPARE(rows({"cm", "-n", "shop", "-l", "tier in (front,back),tier!=back"}), QString("NAME get-front"));
    QCOMPARE(get({"cm", "-n", "shop", "-l", "tier=none"}),
             QString("No resources found in shop namespace.\n"));
    const QString all = get({"cm", "-A", "-l", "tier=front"});
    QVERIFY2(all.contains(QRegularExpression(
                 "^NAMESPACE +NAME +DATA +AGE\nbank +get-front +0 +[^ ]+\nshop +get-front +0 +[^ ]+\n$")),
             m_said.c_str());
    QCOMPARE(get({"cm", "-A", "-l", "tier=none"}), QString("No resources found\n"));
    // Wide has more columns, and no fewer.
    const QString narrow = get({"rc", "web", "-n", "shop"}).section('\n', 0, 0).simplified();
    const QString wide = get({"rc", "web", "-n", "shop", "-o", "wide"}).section('\n', 0, 0).simplified();
    QCOMPARE(narrow, QString("NAME DESIRED CURRENT READY AGE"));
    QCOMPARE(wide, narrow + " CONTAINERS IMAGES SELECTOR");
    QVERIFY2(m_said.find(" web:1 ") != std::string::npos, m_said.c_str());
    // JSON is the object, or a List of several, without managedFields.
    const auto json = [&](const QStringList& arguments) {
        const auto parsed = kube::parseJson(get(arguments).toStdString());
        return parsed && parsed->is_object() ? parsed->get_object() : kube::JsonObject();
    };
    const kube::JsonObject one = json({"cm/get-front", "-n", "bank", "-o", "json"});
    QCOMPARE(kube::stringAt(one, {"kind"}), std::string_view("ConfigMap"));
    QCOMPARE(kube::stringAt(one, {"metadata", "namespace"}), std::string_view("bank"));
    QVERIFY(kube::find(one, {"metadata", "managedFields"}) == nullptr);
    const kube::JsonObject list = json({"cm", "-A", "-l", "tier=back", "-o", "json"});
    QCOMPARE(kube::stringAt(list, {"kind"}), std::string_view("List"));
    std::set<std::string> found;
    for (const kube::Json& item : *kube::arrayAt(list, {"items"}))
        found.insert(std::string(kube::stringAt(item.get_object(), {"kind"})) + " " +
                     std::string(kube::stringAt(item.get_object(), {"metadata", "namespace"})) + "/" +
                     std::string(kube::stringAt(item.get_object(), {"metadata", "name"})));
    QCOMPARE(found, (std::set<std::string>{"ConfigMap bank/get-back", "ConfigMap shop/get-back"}));
    const kube::JsonObject members = json({"clusters", "-o", "json"});
    QCOMPARE(kube::arrayAt(members, {"items"})->size(), std::size_t{3});
    QCOMPARE(rows({"cm", "-n", "shop", "-l", "tier=front", "-o", "name"}), QString("configmap/get-front"));
}

void FleetTest::describesWithPlacementAndEvents() {
    const auto web = wait<kube::Object>([&](auto done) {
        return m_api->get({"", "v1", "replicationcontrollers"}, {"shop", "web"}, std::move(done));
    });
    QVERIFY(web.has_value());
    const auto event = [](std::string_view name, std::string_view uid, std::string_view message) {
        kube::Object object = kube::Object::make({"", "v1", "Event"}, "shop", name);
        object.document()["involvedObject"] = kube::JsonObject{
            {"kind", "ReplicationController"}, {"namespace", "shop"}, {"name", "web"}, {"uid", uid}};
        object.document()["type"] = "Warning";
        object.document()["reason"] = "Noticed";
        object.document()["message"] = message;
        object.document()["lastTimestamp"] = "2026-01-01T00:00:00Z";
        return object.text();
    };
    QVERIFY(create({"", "v1", "events"}, event("web.1", web->uid(), "it was looked at")));
    QVERIFY(create({"", "v1", "events"}, event("web.2", "of-an-earlier-web", "it was somebody else's")));

    QString said;
    const auto describe = [&] {
        const bool done = kubefed({"describe", "rc/web", "-n", "shop"}) == 0;
        said = QString::fromStdString(m_said);
        return done;
    };
    // It may just have been made.
    const QRegularExpression row("^(tokyo|osaka|oregon) +1 +1 ", QRegularExpression::MultilineOption);
    QTRY_VERIFY_WITH_TIMEOUT(describe() && said.count(row) == 3, kPatience);
    for (const char* line :
         {"^Name: +web$", "^Namespace: +shop$", "^Kind: +v1 ReplicationController$", "^Spec:$",
          "^  replicas: 3$",
          "^Placement:\nweb \\(ReplicationController, namespace shop\\): 3 replicas over 3 of 3",
          "^CLUSTER +REPLICAS +READY ",
          "^Events:\n  TYPE +REASON +AGE +MESSAGE\n  Warning +Noticed +[0-9]+[a-z]+ +it was looked at$"})
        QVERIFY2(
            said.contains(QRegularExpression(QString::fromUtf8(line), QRegularExpression::MultilineOption)),
            m_said.c_str());
    QVERIFY2(!said.contains("somebody else's"), m_said.c_str());
}

void FleetTest::saysWhatIsNotThere_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QStringList>("words");
    QTest::newRow("no such type") << QStringList{"get", "nosuch"} << QStringList{"error KF1010:", "nosuch"};
    QTest::newRow("a namespace") << QStringList{"why", "ns/shop"}
                                 << QStringList{"error KF1401: ns/shop has no placement",
                                                "made in each member where something in it is placed"};
    QTest::newRow("not propagated") << QStringList{"why", "clusterrole/edit"}
                                    << QStringList{"error KF1401: clusterrole/edit has no placement",
                                                   "is not a type that the federation propagates"};
    QTest::newRow("made by the federation itself") << QStringList{"why", "cm/kube-root-ca.crt", "-n", "shop"}
                                                   << QStringList{"error KF1401:", "it is not propagated: "};
    QTest::newRow("no such cluster of the sandbox")
        << QStringList{"sandbox", "fault", "kyoto", "freeze"}
        << QStringList{"error KF1503: the sandbox refused", "kyoto", "kubefed sandbox status"};
}

void FleetTest::saysWhatIsNotThere() {
    QFETCH(const QStringList, arguments);
    QFETCH(QStringList, words);
    QCOMPARE(kubefed(arguments), 1);
    words << "nothing was changed";
    for (const QString& word : words)
        QVERIFY2(m_said.find(word.toStdString()) != std::string::npos, m_said.c_str());
}

void FleetTest::tellsTheSandboxesClusters() {
    QVERIFY2(kubefed({"sandbox", "status"}) == 0, m_said.c_str());
    for (const char* cluster : {"tokyo", "osaka", "oregon"})
        QVERIFY2(m_said.find(cluster) != std::string::npos, m_said.c_str());
}

QTEST_GUILESS_MAIN(FleetTest)
#include "fleet_test.moc"

// SPDX-License-Identifier: Apache-2.0
//
// Client, discovery and Reflector against a real kube-apiserver that sends GOAWAY often and is restarted.
#include "kubefed/kube/client.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/cache/reflector.h"
#include "kubefed/kube/discovery.h"
#include "kubefed/kube/kubeconfig.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/util/qt_clock.h"
#include "tests/kube/support/real_cluster.h"

using namespace kubefed;
using namespace kubefed::kube;
using namespace std::chrono_literals;

namespace {

const Gvr kConfigMaps{"", "v1", "configmaps"};

Object configMap(const std::string& name, const std::string& value) {
    Object object = Object::make({"", "v1", "ConfigMap"}, "default", name);
    object.document()["data"] = JsonObject{{"key", value}};
    return object;
}

// name -> value of what a Reflector told.
struct Mirror final : cache::ReflectorSink {
    void onListBegin() override { listing.clear(); }
    void onListed(Object object) override { listing[std::string(object.name())] = valueOf(object); }
    void onListEnd(const std::string&) override { present = listing, ++lists; }
    bool onChange(WatchEvent change) override {
        if (change.type == EventType::Deleted)
            present.erase(std::string(change.object.name()));
        else
            present[std::string(change.object.name())] = valueOf(change.object);
        return true;
    }
    void onState(Result<void> state) override { healthy = state.has_value(); }
    static std::string valueOf(const Object& object) {
        return std::string(stringAt(object.document(), {"data", "key"}));
    }
    std::map<std::string, std::string> listing, present;
    int lists = 0;
    bool healthy = false;
};

}  // namespace

class KubeClientTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::unique_ptr<test::RealCluster> m_cluster;
    QtClock m_clock;
    std::unique_ptr<net::ConnectionCache> m_connections;
    std::unique_ptr<Client> m_client;

    // Runs one call to its end.
    template <class T, class Start>
    Result<T> await(Start start) {
        std::optional<Result<T>> got;
        const Request request = start([&got](Result<T> result) { got = std::move(result); });
        if (!QTest::qWaitFor([&got] { return got.has_value(); }, 40'000))
            return fail(Code::DeadlineExceeded, "no callback");
        return std::move(*got);
    }
    Result<Object> create(const Object& object, WriteOptions options = {}) {
        return await<Object>([&](Callback<Object> done) {
            return m_client->create(kConfigMaps, object, options, std::move(done));
        });
    }
    Result<Object> update(const Object& object) {
        return await<Object>([&](Callback<Object> done) {
            return m_client->update(kConfigMaps, object, {}, std::move(done));
        });
    }
    Result<Object> apply(const Object& object, const char* manager, bool force) {
        return await<Object>([&](Callback<Object> done) {
            return m_client->patch(kConfigMaps, object.key(), PatchType::Apply, object.text(),
                                   {.fieldManager = manager, .force = force}, std::move(done));
        });
    }
    Result<Object> remove(const std::string& name, DeleteOptions options = {}) {
        return await<Object>([&](Callback<Object> done) {
            return m_client->remove(kConfigMaps, {"default", name}, options, std::move(done));
        });
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_cluster = std::make_unique<test::RealCluster>(
            QStringLiteral("c1"), m_folder.filePath(QStringLiteral("c1")),
            QStringList{QStringLiteral("--goaway-chance"), QStringLiteral("0.02")});
        const QString problem = m_cluster->waitReady();
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        const auto config = Kubeconfig::load(m_cluster->kubeconfig().toStdString());
        QVERIFY(config);
        const auto context = config->resolve("c1");
        QVERIFY2(context, context ? "" : context.error().text().c_str());
        m_connections = std::make_unique<net::ConnectionCache>(m_clock);
        m_client =
            std::make_unique<Client>(m_connections->transport(context->endpoint, context->identity), "test");
    }
    void cleanupTestCase() {
        m_client.reset();
        m_connections.reset();
        m_cluster.reset();
    }

    void errorsAreTheServersOwn() {
        QVERIFY(create(configMap("one", "1")));
        QVERIFY(create(configMap("one", "1")).error().isReason("AlreadyExists"));
        Object wrong = configMap("wrong", "1");
        wrong.document()["dtaa"] = JsonObject{};
        QVERIFY(create(wrong, {.fieldValidation = "Strict"}).error().isReason("BadRequest"));
        QVERIFY(create(configMap("Not_A_Name", "1")).error().isReason("Invalid"));
        Object stale = configMap("one", "2");
        stale.metadata()["resourceVersion"] = "1";
        QVERIFY(update(stale).error().isReason("Conflict"));
        QVERIFY(remove("one", {.uid = "00000000-0000-0000-0000-000000000000"}).error().isReason("Conflict"));
        QVERIFY(remove("one"));
        QVERIFY(remove("one").error().isReason("NotFound"));
    }

    void applyConflictsUnlessForced() {
        QVERIFY(apply(configMap("applied", "1"), "a", false));
        QVERIFY(apply(configMap("applied", "2"), "b", false).error().isReason("Conflict"));
        const auto forced = apply(configMap("applied", "2"), "b", true);
        QVERIFY(forced);
        QCOMPARE(Mirror::valueOf(*forced), std::string("2"));
        QVERIFY(remove("applied"));
    }

    void discoveryKnowsTheTypes() {
        const auto found = await<Discovery>(
            [&](Callback<Discovery> done) { return discover(*m_client, Duration(10'000), std::move(done)); });
        QVERIFY(found);
        QCOMPARE(found->apis.resolve("rc")->kind, std::string("ReplicationController"));
        QVERIFY(found->apis.resolve("deploy")->gvr == (Gvr{"apps", "v1", "deployments"}));
        QVERIFY(found->incomplete.empty());
        const auto version = await<ServerVersion>([&](Callback<ServerVersion> done) {
            return m_client->version(Duration(5'000), std::move(done));
        });
        QVERIFY(version && version->minor >= 29);
    }

    void aMirrorIsExactThroughGoawaysARestartAndARecreation() {
        std::map<std::string, std::string> expected;
        for (int i = 0; i < 25; ++i) {
            expected["m" + std::to_string(i)] = "before";
            QVERIFY(create(configMap("m" + std::to_string(i), "before")));
        }
        Mirror mirror;
        cache::ReflectorConfig config;
        config.gvr = kConfigMaps;
        config.ns = "default";
        config.fieldSelector = "metadata.name!=kube-root-ca.crt";
        config.pageSize = 7;
        cache::Reflector reflector(*m_client, m_clock, config, mirror, 1);
        reflector.start();
        QTRY_COMPARE_WITH_TIMEOUT(mirror.present, expected, 20'000);
        for (int i = 0; i < 200; ++i) {
            const std::string name = "m" + std::to_string(i % 25);
            expected[name] = std::to_string(i);
            const auto updated = update(configMap(name, expected[name]));
            QVERIFY2(updated, updated ? "" : updated.error().text().c_str());
        }
        QTRY_COMPARE_WITH_TIMEOUT(mirror.present, expected, 20'000);
        QCOMPARE(mirror.lists, 1);  // GOAWAYs in between cost no list
        const QString problem = m_cluster->control(QStringLiteral("restart apiserver"));
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        bool removed = false;  // the first requests may still meet the closed port
        QTRY_VERIFY_WITH_TIMEOUT(removed || (removed = remove("m3").has_value()), 30'000);
        expected.erase("m3");
        expected["late"] = "after";
        QVERIFY(create(configMap("late", "after")));
        QTRY_COMPARE_WITH_TIMEOUT(mirror.present, expected, 60'000);
        QVERIFY(mirror.healthy);
    }
};

QTEST_GUILESS_MAIN(KubeClientTest)
#include "client_test.moc"

// SPDX-License-Identifier: Apache-2.0
//
// Objects that an older server stored and this one would refuse: they can be labelled and released, and so
// deleted, but nothing else of them changes until they are right.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <QTemporaryDir>
#include <QtTest/QTest>
#include <sqlite3.h>

#include "kubefed/apiserver/rest/write_pipeline.h"
#include "kubefed/apiserver/schema_data.h"
#include "kubefed/apiserver/storage/memory_storage.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/apiserver/api_server.h"

using namespace kubefed;
using namespace kubefed::apiserver;
using namespace kubefed::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kMerge = "application/merge-patch+json";

// Writes around the pipeline, as a server with other rules did.
struct Store {
    State state{std::make_unique<MemoryStorage>(), 100};
    Registry registry{state};
    WritePipeline writes{state, registry, {}};
    WriteTarget target;

    Store(const std::string& kind, kube::JsonObject object) {
        for (ResourceSpec& spec : builtinResources(*schemaData().value()->schemas))
            registry.add(std::move(spec));
        (void)state.load();
        kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
        metadata["uid"] = "u";
        metadata["creationTimestamp"] = "2025-01-01T00:00:00Z";
        const std::string name(kube::stringAt(object, {"metadata", "name"}));
        const bool crd = kind == "CustomResourceDefinition";
        const SpecPtr spec = registry.byKind({crd ? "apiextensions.k8s.io" : "", "v1", kind});
        if (spec->namespaced)
            metadata["namespace"] = "default";
        object["kind"] = kind;
        object["apiVersion"] = spec->gvk().apiVersion();
        target = {spec, spec->namespaced ? "default" : "", name, "", {.name = "me"}, "me"};
        state.put(registry.collection(*spec), std::move(object), [](const Result<void>&) {});
    }
    // What the answer was: empty where it was done.
    std::string update(const std::function<void(kube::JsonObject&)>& change) {
        std::optional<std::string> answer;
        const EntryPtr head = writes.head(target);
        kube::JsonObject next = decode(*head)->document();
        change(next);
        writes.update(target, *head, std::move(next), false, [&](const Result<Written>& written) {
            answer = written ? "" : written.error().message;
        });
        return answer.value_or("no answer");
    }
};

}  // namespace

class StoredTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatThisServerRefusesCanBeReleased_data() {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("object");
        const auto row = [](const char* kind, const char* object) { QTest::newRow(kind) << kind << object; };
        row("Pod", R"({"metadata":{"name":"a"},"spec":{"dnsPolicy":"None","containers":[{"name":"c",
            "image":"i"}]}})");
        row("Service",
            R"({"metadata":{"name":"a"},"spec":{"type":"LoadBalancer","ports":[{"port":80,"nodePort":30080}],
            "clusterIP":"10.0.0.9","clusterIPs":["10.0.0.9"],"loadBalancerSourceRanges":["nonsense"]}})");
        row("ReplicationController", R"({"metadata":{"name":"a"},"spec":{"replicas":1,"selector":{"a":"b"},
            "template":{"metadata":{"labels":{"a":"b"}},"spec":{"dnsPolicy":"None","containers":[{"name":"c",
            "image":"i"}]}}}})");
        row("CustomResourceDefinition", R"({"metadata":{"name":"as.example.k8s.io"},"spec":{
            "group":"example.k8s.io","scope":"Namespaced","names":{"plural":"as","kind":"A","listKind":"AList",
            "singular":"a"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{
            "type":"object","x-kubernetes-validations":[{"rule":"true"}]}}}]}})");
    }
    void whatThisServerRefusesCanBeReleased() {
        QFETCH(const QString, kind);
        QFETCH(const QString, object);
        kube::JsonObject stored = kube::parseJson(object.toStdString())->get_object();
        kube::ensureObject(stored, {"metadata"})["finalizers"] = kube::JsonArray{"example.com/wait"};
        kube::ensureObject(stored, {"metadata"})["deletionTimestamp"] = "2025-01-02T00:00:00Z";
        Store s(kind.toStdString(), std::move(stored));
        QCOMPARE(s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"metadata", "labels"})["a"] = "b";
        }),
                 std::string());
        const std::string labelled = s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"metadata", "labels"})["a"] = "not a label";
        });
        QVERIFY2(labelled.find("metadata.labels") != std::string::npos, labelled.c_str());
        QVERIFY(labelled.find("spec") == std::string::npos);
        const std::string changed = s.update([](kube::JsonObject& next) {
            kube::JsonObject& spec = kube::ensureObject(next, {"spec"});
            spec["activeDeadlineSeconds"] = 5;
            spec["sessionAffinity"] = "ClientIP";
            spec["replicas"] = 2;
            spec["preserveUnknownFields"] = false;
        });
        QVERIFY2(changed.find("spec.") != std::string::npos, changed.c_str());
        QCOMPARE(s.update([](kube::JsonObject& next) { kube::erase(next, {"metadata", "finalizers"}); }),
                 std::string());
        QVERIFY(s.writes.head(s.target) == nullptr);
    }

    // A default that was not known when a pod was stored is no change of the pod.
    void aPodWithoutANewerDefaultGetsAnotherImage() {
        Store s("Pod", kube::parseJson(R"({"metadata":{"name":"a"},"spec":{"dnsPolicy":"ClusterFirst",
            "restartPolicy":"Always","schedulerName":"default-scheduler","terminationGracePeriodSeconds":30,
            "securityContext":{},"enableServiceLinks":true,"containers":[{"name":"c","image":"i:1",
            "imagePullPolicy":"IfNotPresent","resources":{},"terminationMessagePath":"/dev/termination-log",
            "terminationMessagePolicy":"File"}],"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{
            "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}}}]}})")
                           ->as_object());
        const auto image = [](kube::JsonObject& next) {
            kube::ensureObject(next, {"spec"})["containers"].get_array()[0].get_object()["image"] = "i:2";
        };
        const auto mode = [](kube::JsonObject& next) {
            kube::JsonObject& volume =
                kube::ensureObject(next, {"spec"})["volumes"].get_array()[0].get_object();
            kube::ensureObject(volume, {"ephemeral", "volumeClaimTemplate", "spec"})["volumeMode"] = "Block";
        };
        QVERIFY(s.update(mode).find("pod updates may not change fields") != std::string::npos);
        QCOMPARE(s.update(image), std::string());
        QVERIFY(s.update(mode).find("pod updates may not change fields") != std::string::npos);
    }

    // A time that is none begins no deletion, and one that was stored as such has begun none.
    void noDeletionBeginsWithoutATime_data() {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("object");
        QTest::newRow("Namespace") << "Namespace" << R"({"metadata":{"name":"a"},"spec":{}})";
        QTest::newRow("Pod") << "Pod" << R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c",
            "image":"i"}]}})";
        QTest::newRow("stored") << "Namespace" << R"({"metadata":{"name":"a","deletionTimestamp":null},
            "spec":{}})";
    }
    void noDeletionBeginsWithoutATime() {
        QFETCH(const QString, kind);
        QFETCH(const QString, object);
        Store s(kind.toStdString(), kube::parseJson(object.toStdString())->as_object());
        QCOMPARE(s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"metadata"})["deletionTimestamp"] = "0001-01-01T00:00:00Z";
            kube::ensureObject(next, {"metadata", "labels"})["a"] = "b";
        }),
                 std::string());
        QVERIFY(kube::find(decode(*s.writes.head(s.target))->document(), {"metadata", "deletionTimestamp"}) ==
                nullptr);
        QCOMPARE(s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"metadata"})["finalizers"] = kube::JsonArray{"example.com/wait"};
        }),
                 std::string());
    }

    // Networks that nobody could write today neither stop a kubelet nor keep a Node from being cordoned.
    void aNodeWithOddNetworksIsServed_data() {
        QTest::addColumn<QString>("networks");
        QTest::addColumn<QString>("mended");
        QTest::newRow("no networks") << R"({"podCIDR":"nonsense","podCIDRs":["nonsense"]})" << "10.1.0.0/24";
        QTest::newRow("two of one family")
            << R"({"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24","10.2.0.0/24"]})" << "10.2.0.0/24";
        QTest::newRow("two answers") << R"({"podCIDR":"10.1.0.0/24","podCIDRs":["10.2.0.0/24"]})"
                                     << "10.1.0.0/24";
        QTest::newRow("half a pair") << R"({"podCIDRs":["10.1.0.0/24"]})" << "10.1.0.0/24";
    }
    void aNodeWithOddNetworksIsServed() {
        QFETCH(const QString, networks);
        QFETCH(const QString, mended);
        kube::JsonObject stored = kube::parseJson(R"({"metadata":{"name":"a"}})")->as_object();
        stored["spec"] = *kube::parseJson(networks.toStdString());
        Store s("Node", std::move(stored));
        const auto networksOf = [](std::string first) {
            return [first = std::move(first)](kube::JsonObject& next) {
                kube::JsonObject& spec = kube::ensureObject(next, {"spec"});
                spec["podCIDR"] = first;
                spec["podCIDRs"] = kube::JsonArray{kube::Json(first)};
            };
        };
        s.target.subresource = "status";
        QCOMPARE(s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"status"})["phase"] = "Running";
        }),
                 std::string());
        s.target.subresource = "";
        QCOMPARE(s.update([](kube::JsonObject& next) {
            kube::ensureObject(next, {"spec"})["unschedulable"] = true;
        }),
                 std::string());
        QVERIFY(s.update(networksOf("more nonsense")).find("spec.podCIDRs") != std::string::npos);
        QCOMPARE(s.update(networksOf(mended.toStdString())), std::string());
        QVERIFY(s.update(networksOf("10.3.0.0/24")).find("may not change podCIDR") != std::string::npos);
    }

    // Nor does it matter to a patch of metadata that a value is none of the field's type.
    void whatNoClientCanReadCanBeReleased_data() {
        QTest::addColumn<QString>("resource");
        QTest::addColumn<QString>("object");
        QTest::addColumn<QString>("stored");
        QTest::addColumn<QString>("change");
        const QString core = "/api/v1/namespaces/default/";
        QTest::newRow("base64") << core + "secrets" << R"({"data":{"a":"PLACEHOLDER="}})" << "!"
                                << R"({"data":{"b":"MQ=="}})";
        QTest::newRow("time") << "/apis/coordination.k8s.io/v1/namespaces/default/leases"
                              << R"({"spec":{"renewTime":"2024-01-01T00:00:00.000000Z"}})"
                              << "2024-01-01T00:00:00Z" << R"({"spec":{"holderIdentity":"me"}})";
        QTest::newRow("quantity")
            << core + "replicationcontrollers"
            << R"({"spec":{"replicas":1,"template":{"metadata":{"labels":{"a":"b"}},"spec":{
            "containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"123m"}}}]}}}})"
            << "1x" << R"({"spec":{"replicas":2}})";
    }
    void whatNoClientCanReadCanBeReleased() {
        QFETCH(const QString, resource);
        QFETCH(const QString, object);
        QFETCH(const QString, stored);
        QFETCH(const QString, change);
        const QTemporaryDir dir;
        const std::string store = dir.filePath(QStringLiteral("store.db")).toStdString();
        const net::KeyPair key = net::makeSigningKey().value();
        const net::FakeCaller admin;
        QtClock clock;
        const auto open = [&] {
            return ApiServer::open({.database = store, .signingKeyPem = key.keyPem}, clock).value();
        };
        kube::JsonObject wanted = kube::parseJson(object.toStdString())->get_object();
        kube::ensureObject(wanted, {"metadata"})["name"] = "a";
        kube::ensureObject(wanted, {"metadata"})["finalizers"] = kube::JsonArray{"example.com/wait"};
        {
            const auto server = open();
            const Answer made = admin.ask(*server, "POST", resource.toStdString(), kube::printJson(wanted));
            QTRY_COMPARE(made->status(), 201);
        }
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(store.c_str(), &db), SQLITE_OK);
        const QString update = QStringLiteral(
            "UPDATE objects SET body=CAST(replace(replace(replace(CAST(body AS TEXT),"
            "'PLACEHOLDER=','%1'),'2024-01-01T00:00:00.000000Z','%1'),'123m','%1') AS BLOB) "
            "WHERE key='default/a'");
        QCOMPARE(sqlite3_exec(db, qPrintable(update.arg(stored)), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(db);
        const auto server = open();
        const std::string path = resource.toStdString() + "/a";
        QVERIFY(admin.ask(*server, "GET", path)->body().find('"' + stored.toStdString() + '"') !=
                std::string::npos);
        const Answer labelled =
            admin.ask(*server, "PATCH", path, R"({"metadata":{"labels":{"a":"b"}}})", kMerge);
        QTRY_COMPARE(labelled->status(), 200);
        QCOMPARE(admin.ask(*server, "PATCH", path, R"({"metadata":{"labels":{"a":1}}})", kMerge)->status(),
                 422);
        QCOMPARE(admin.ask(*server, "PATCH", path, change.toStdString(), kMerge)->status(), 422);
        // Of the metadata the rest is judged as ever.
        const char* const unknown = R"({"metadata":{"labels":{"a":"c"},"colour":"red"}})";
        const Answer strict = admin.ask(*server, "PATCH", path + "?fieldValidation=Strict", unknown, kMerge);
        QCOMPARE(strict->status(), 422);
        QVERIFY2(strict->body().find("unknown field \\\"metadata.colour\\\"") != std::string::npos,
                 strict->body().c_str());
        QCOMPARE(admin
                     .ask(*server, "PATCH", path + "?fieldValidation=Strict",
                          R"({"metadata":{"labels":{"a":"c","a":"d"}}})", kMerge)
                     ->status(),
                 422);
        const Answer pruned = admin.ask(*server, "PATCH", path, unknown, kMerge);
        QTRY_COMPARE(pruned->status(), 200);
        QVERIFY(pruned->body().find("colour") == std::string::npos);
        QVERIFY(net::header(pruned->headers(), "warning").find("metadata.colour") != std::string::npos);
        (void)admin.ask(*server, "DELETE", path);
        const Answer released =
            admin.ask(*server, "PATCH", path, R"({"metadata":{"finalizers":null}})", kMerge);
        QTRY_COMPARE(released->status(), 200);
        QTRY_COMPARE(admin.ask(*server, "GET", path)->status(), 404);
    }

    // A definition that cannot be served any more can be deleted, with what is stored of it.
    void whatCannotBeServedCanBeDeleted() {
        const QTemporaryDir dir;
        const std::string store = dir.filePath(QStringLiteral("store.db")).toStdString();
        const net::KeyPair key = net::makeSigningKey().value();
        const net::FakeCaller admin;
        QtClock clock;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const std::string foos = "/apis/example.com/v1/namespaces/default/foos";
        const auto open = [&] {
            return ApiServer::open({.database = store, .signingKeyPem = key.keyPem}, clock).value();
        };
        {
            const auto server = open();
            (void)admin.ask(*server, "POST", crds,
                            R"({"metadata":{"name":"foos.example.com"},"spec":{"group":"example.com",
                "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1",
                "served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
                "spec":{"type":"string","pattern":"harmless"}}}}}]}})");
            QTRY_COMPARE(admin.ask(*server, "GET", foos)->status(), 200);
            const Answer made = admin.ask(*server, "POST", foos, R"({"metadata":{"name":"f"}})");
            QTRY_COMPARE(made->status(), 201);
        }
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(store.c_str(), &db), SQLITE_OK);
        QCOMPARE(
            sqlite3_exec(db,
                         "UPDATE objects SET body=CAST(replace(CAST(body AS TEXT),'harmless','(?=a)') AS "
                         "BLOB) WHERE key='foos.example.com'",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
        sqlite3_close(db);
        for (int start = 0; start < 2;
             ++start) {  // as it was left, and as it says then that it is not served
            const auto server = open();
            QTRY_VERIFY(admin.ask(*server, "GET", crds + "/foos.example.com")->body().find("NotServed") !=
                        std::string::npos);
            QCOMPARE(admin.ask(*server, "GET", foos)->status(), 404);
        }
        const auto server = open();
        (void)admin.ask(*server, "DELETE", crds + "/foos.example.com");
        QTRY_COMPARE(admin.ask(*server, "GET", crds + "/foos.example.com")->status(), 404);
    }

    void whatIsNoLongerServedCanBeDeleted() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const auto foos = [](const std::string& ns) {
            return "/apis/example.com/v1/namespaces/" + ns + "/foos";
        };
        s.ask("POST", crds, R"({"metadata":{"name":"foos.example.com"},"spec":{"group":"example.com",
            "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1","served":true,
            "storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})");
        s.ask("POST", "/api/v1/namespaces", R"({"metadata":{"name":"shop"}})");
        s.clock.advance(10ms);
        for (const char* ns : {"shop", "default"})
            QCOMPARE(s.ask("POST", foos(ns), R"({"metadata":{"name":"f"}})")->status(), 201);
        QCOMPARE(s.ask("PATCH", crds + "/foos.example.com",
                       R"([{"op":"replace","path":"/spec/versions/0/served","value":false}])",
                       "application/json-patch+json")
                     ->status(),
                 200);
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", foos("shop"))->status(), 404);
        s.ask("DELETE", "/api/v1/namespaces/shop");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 404);
        s.ask("DELETE", crds + "/foos.example.com");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", crds + "/foos.example.com")->status(), 404);
    }

    // Of what is stored in a version that is not served, finalizers are told by another one.
    void whatIsServedInAnotherVersionIsReleased() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const auto foos = [](const std::string& version, const std::string& ns) {
            return "/apis/example.com/" + version + "/namespaces/" + ns + "/foos";
        };
        s.ask("POST", crds, R"({"metadata":{"name":"foos.example.com"},"spec":{"group":"example.com",
            "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1","served":true,
            "storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},{"name":"v2","served":true,
            "storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})");
        s.ask("POST", "/api/v1/namespaces", R"({"metadata":{"name":"shop"}})");
        s.clock.advance(10ms);
        for (const char* ns : {"shop", "default"})
            QCOMPARE(s.ask("POST", foos("v1", ns), R"({"metadata":{"name":"f","finalizers":["a.b/c"]}})")
                         ->status(),
                     201);
        const std::string maps = "/api/v1/namespaces/default/configmaps";
        s.ask("POST", maps, R"({"metadata":{"name":"owner"}})");
        const std::string uid(kube::stringAt(
            kube::parseJson(s.ask("GET", maps + "/owner")->body())->as_object(), {"metadata", "uid"}));
        kube::JsonObject owned =
            kube::parseJson(R"({"metadata":{"name":"owned","ownerReferences":[{"apiVersion":"v1",
                "kind":"ConfigMap","name":"owner"}]}})")
                ->as_object();
        kube::ensureObject(owned, {"metadata"})["ownerReferences"].as_array()[0].as_object()["uid"] = uid;
        QCOMPARE(s.ask("POST", foos("v1", "default"), kube::printJson(owned))->status(), 201);
        s.ask("PATCH", crds + "/foos.example.com",
              R"([{"op":"replace","path":"/spec/versions/0/served","value":false}])",
              "application/json-patch+json");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", foos("v1", "shop"))->status(), 404);
        const auto release = [&](const std::string& ns) {
            QCOMPARE(s.ask("PATCH", foos("v2", ns) + "/f", R"({"metadata":{"finalizers":null}})", kMerge)
                         ->status(),
                     200);
            s.clock.advance(10ms);
            QCOMPARE(s.ask("GET", foos("v2", ns) + "/f")->status(), 404);
        };
        s.ask("DELETE", "/api/v1/namespaces/shop");
        s.clock.advance(10ms);
        QVERIFY(s.ask("GET", foos("v2", "shop") + "/f")->body().find("deletionTimestamp") !=
                std::string::npos);
        release("shop");
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 404);
        s.ask("DELETE", maps + "/owner?propagationPolicy=Orphan");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", maps + "/owner")->status(), 404);
        const auto orphan = s.ask("GET", foos("v2", "default") + "/owned");
        QCOMPARE(orphan->status(), 200);
        QVERIFY(orphan->body().find("ownerReferences") == std::string::npos);
        s.ask("DELETE", crds + "/foos.example.com");
        s.clock.advance(10ms);
        QVERIFY(s.ask("GET", foos("v2", "default") + "/f")->body().find("deletionTimestamp") !=
                std::string::npos);
        release("default");
        QCOMPARE(s.ask("GET", crds + "/foos.example.com")->status(), 404);
    }

    // What the version that is written does not declare, its writer has neither sent nor removed.
    void whatAVersionDoesNotDeclareIsNotInIt() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        QCOMPARE(s.ask("POST", crds, R"({"metadata":{"name":"foos.example.com"},"spec":{"group":"example.com",
            "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1","served":true,
            "storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
            "properties":{"size":{"type":"integer"},"old":{"type":"string"}}}}}}},{"name":"v2","served":true,
            "storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
            "properties":{"size":{"type":"integer"},"extra":{"type":"string"}}}}}}}]}})")
                     ->status(),
                 201);
        s.clock.advance(10ms);
        const auto foos = [](const std::string& version) {
            return "/apis/example.com/" + version + "/namespaces/default/foos";
        };
        const std::string strict = "?fieldValidation=Strict&fieldManager=";
        const auto resize = [&](const std::string& name) {
            const auto done =
                s.ask("PATCH", foos("v1") + "/" + name + strict + "one", R"({"spec":{"size":2}})", kMerge);
            return std::to_string(done->status()) + " " + done->body();
        };
        for (const char* name : {"patched", "put"})
            QCOMPARE(
                s.ask("POST", foos("v2") + strict + "two",
                      R"({"metadata":{"name":")" + std::string(name) + R"("},"spec":{"size":1,"extra":"x"}})")
                    ->status(),
                201);
        const std::string patched = resize("patched");
        QVERIFY2(patched.starts_with("200 "), patched.c_str());
        QVERIFY2(patched.find("f:extra") != std::string::npos, patched.c_str());
        QVERIFY(patched.find("\"extra\"") == std::string::npos);
        kube::JsonObject put = kube::parseJson(s.ask("GET", foos("v1") + "/put")->body())->as_object();
        kube::ensureObject(put, {"spec"}) = kube::JsonObject{{"size", 2}};
        const auto written = s.ask("PUT", foos("v1") + "/put" + strict + "one", kube::printJson(put));
        QCOMPARE(written->status(), 200);
        QVERIFY2(written->body().find("f:extra") != std::string::npos, written->body().c_str());
        // Nor what a newer schema has dropped.
        QCOMPARE(s.ask("POST", foos("v1") + strict + "two",
                       R"({"metadata":{"name":"old"},"spec":{"size":1,"old":"x"}})")
                     ->status(),
                 201);
        s.ask("PATCH", crds + "/foos.example.com",
              R"([{"op":"remove",
                   "path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/old"}])",
              "application/json-patch+json");
        s.clock.advance(10ms);
        const std::string old = resize("old");
        QVERIFY2(old.starts_with("200 "), old.c_str());
        QVERIFY(old.find("f:old") != std::string::npos && old.find("\"old\":") == std::string::npos);
    }

    // It is written through the version that a real garbage collector would use, which knows most of it.
    void whatIsLetGoLosesNothingThatThePreferredVersionKnows() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const std::string maps = "/api/v1/namespaces/default/configmaps";
        const auto foos = [](const std::string& version) {
            return "/apis/example.com/" + version + "/namespaces/default/foos";
        };
        const std::string most = R"({"size":{"type":"integer"},"more":{"type":"string"}})";
        kube::JsonObject crd = kube::parseJson(R"({"metadata":{"name":"foos.example.com"},"spec":{
            "group":"example.com","scope":"Namespaced","names":{"plural":"foos","kind":"Foo"}}})")
                                   ->as_object();
        kube::Json& versions = kube::ensureObject(crd, {"spec"})["versions"];
        const auto version = [&versions](const std::string& name, const std::string& properties) {
            kube::JsonObject schema = kube::parseJson(R"({"type":"object","properties":{"spec":{
                "type":"object"}}})")
                                          ->as_object();
            kube::ensureObject(schema, {"properties", "spec"})["properties"] = *kube::parseJson(properties);
            (versions.is_array() ? versions.get_array() : versions.emplace_array())
                .push_back(
                    kube::JsonObject{{"name", name},
                                     {"served", true},
                                     {"storage", name == "v3"},
                                     {"schema", kube::JsonObject{{"openAPIV3Schema", std::move(schema)}}}});
        };
        version("v3", most);
        version("v1alpha1", "{}");
        version("v1beta1", R"({"size":{"type":"integer"}})");
        version("v20", most);
        version("v2", "{}");
        QCOMPARE(s.ask("POST", crds, kube::printJson(crd))->status(), 201);
        s.clock.advance(10ms);
        s.ask("POST", maps, R"({"metadata":{"name":"owner"}})");
        const std::string uid(kube::stringAt(
            kube::parseJson(s.ask("GET", maps + "/owner")->body())->as_object(), {"metadata", "uid"}));
        kube::JsonObject owned =
            kube::parseJson(R"({"metadata":{"name":"f","ownerReferences":[{"apiVersion":"v1",
                "kind":"ConfigMap","name":"owner"}]},"spec":{"size":3,"more":"x"}})")
                ->as_object();
        kube::ensureObject(owned, {"metadata"})["ownerReferences"].as_array()[0].as_object()["uid"] = uid;
        QCOMPARE(s.ask("POST", foos("v3"), kube::printJson(owned))->status(), 201);
        s.ask("PATCH", crds + "/foos.example.com",
              R"([{"op":"replace","path":"/spec/versions/0/served","value":false}])",
              "application/json-patch+json");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", foos("v3"))->status(), 404);
        s.ask("DELETE", maps + "/owner?propagationPolicy=Orphan");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", maps + "/owner")->status(), 404);
        const auto left = s.ask("GET", foos("v20") + "/f");
        QCOMPARE(left->status(), 200);
        QVERIFY(left->body().find("ownerReferences") == std::string::npos);
        QVERIFY2(left->body().find("\"more\":\"x\"") != std::string::npos, left->body().c_str());
    }

    // The same for custom objects whose schema became stricter, until nothing of them is left.
    void aStricterSchemaKeepsNothingAlive() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const std::string foos = "/apis/example.com/v1/namespaces/shop/foos";
        s.ask("POST", "/api/v1/namespaces", R"({"metadata":{"name":"shop"}})");
        QCOMPARE(s.ask("POST", crds, R"({"metadata":{"name":"foos.example.com"},"spec":{"group":"example.com",
            "scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},"versions":[{"name":"v1","served":true,
            "storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
            "properties":{"size":{"type":"string"},"more":{"type":"string"}}}}}}}]}})")
                     ->status(),
                 201);
        s.clock.advance(10ms);
        QCOMPARE(s.ask("POST", foos,
                       R"({"metadata":{"name":"f","finalizers":["example.com/wait"]},"spec":{"size":"12"}})")
                     ->status(),
                 201);
        const std::string spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/";
        QCOMPARE(s.ask("PATCH", crds + "/foos.example.com",
                       R"([{"op":"add","path":")" + spec + R"(properties/size/maxLength","value":1},
                           {"op":"add","path":")" +
                           spec + R"(required","value":["less"]},
                           {"op":"add","path":")" +
                           spec + R"(properties/more/default","value":"x"}])",
                       "application/json-patch+json")
                     ->status(),
                 200);
        s.clock.advance(10ms);
        QCOMPARE(s.ask("PATCH", foos + "/f", R"({"metadata":{"labels":{"a":"b"}}})", kMerge)->status(), 200);
        QCOMPARE(s.ask("PATCH", foos + "/f", R"({"spec":{"size":"34"}})", kMerge)->status(), 422);
        s.ask("DELETE", "/api/v1/namespaces/shop");
        s.ask("DELETE", crds + "/foos.example.com");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", foos + "/f")->status(), 200);
        QCOMPARE(s.ask("PATCH", foos + "/f", R"({"metadata":{"finalizers":null}})", kMerge)->status(), 200);
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", crds + "/foos.example.com")->status(), 404);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 404);
    }
};

QTEST_GUILESS_MAIN(StoredTest)
#include "stored_test.moc"

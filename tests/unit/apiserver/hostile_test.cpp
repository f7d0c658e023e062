// SPDX-License-Identifier: Apache-2.0
//
// Requests that want to do harm: nothing they say may be stored that the server could not read back, stop
// it, or have an effect that was not asked for.
#include <algorithm>

#include <QTemporaryDir>
#include <QtTest/QTest>
#include <sqlite3.h>

#include "kubefed/util/qt_clock.h"
#include "tests/unit/apiserver/api_server.h"

using namespace kubefed;
using namespace kubefed::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";
constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";

// One length-delimited field.
std::string field(int number, const std::string& bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + bytes;
}

std::string protobuf(const std::string& kind, const std::string& raw) {
    return std::string("k8s\0", 4) + field(1, field(1, "v1") + field(2, kind)) + field(2, raw);
}

std::string nested(int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i)
        text += "{\"a\":";
    text += "1";
    return text.append(static_cast<std::size_t>(depth), '}');
}

// A type that keeps whatever it is given.
kube::JsonObject freeForm() {
    return kube::parseJson(R"({"metadata":{"name":"things.example.com"},"spec":{"group":"example.com",
        "scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
        "x-kubernetes-preserve-unknown-fields":true}}}]}})")
        ->get_object();
}

const std::string kThings = "/apis/example.com/v1/namespaces/default/things";

}  // namespace

class HostileTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fieldManagersArePrintable() {
        Server s;
        const Answer bytes = s.ask("POST", kMaps + "?fieldManager=%FF", configMap("a", "1"));
        QCOMPARE(bytes->status(), 400);
        const Answer blank = s.ask("POST", kMaps + "?fieldManager=a%0Ab", configMap("a", "1"));
        QCOMPARE(blank->status(), 422);
        QCOMPARE(text(blank, {"message"}),
                 "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\nb\": invalid "
                 "character U+000A (at position 1)");
        const Answer tooLong =
            s.ask("POST", kMaps + "?fieldManager=" + std::string(129, 'x'), configMap("a", "1"));
        QCOMPARE(tooLong->status(), 422);
        QCOMPARE(
            s.ask("POST", kMaps + "?fieldManager=" + std::string(128, 'x'), configMap("a", "1"))->status(),
            201);
        QCOMPARE(s.ask("GET", kMaps + "?fieldManager=%FF")->status(), 400);
        QCOMPARE(s.ask("GET", kMaps + "/%C3%28")->status(), 400);
    }

    void nothingUnreadableIsStored() {
        const QTemporaryDir dir;
        const std::string store = dir.filePath(QStringLiteral("store.db")).toStdString();
        const net::KeyPair key = net::makeSigningKey().value();
        const net::FakeCaller admin;
        QtClock clock;
        const auto open = [&] {
            return apiserver::ApiServer::open(
                {.database = store, .signingKeyPem = key.keyPem, .crds = {freeForm()}}, clock);
        };
        const auto write = [&](apiserver::ApiServer& server, net::ServerRequest request) {
            auto answer = std::make_shared<net::FakeResponse>();
            server.handle(std::move(request), answer);
            [&] { QTRY_VERIFY(answer->isFinished()); }();
            return answer->status();
        };
        {
            const auto server = open();
            QVERIFY(server.has_value());
            QTRY_COMPARE(admin.ask(**server, "GET", kThings)->status(), 200);
            net::ServerRequest agent = admin.request("POST", kMaps, configMap("agent", "1"));
            for (auto& [name, value] : agent.headers)
                if (name == "user-agent")
                    value = "bad\xFF\x01/1";
            QCOMPARE(write(**server, agent), 201);
            const std::string metadata = field(1, field(1, "proto"));
            for (const std::string& raw : {metadata + field(2, field(1, "k") + field(2, "\xFF")),
                                           metadata + field(2, field(1, "\xC0\x80") + field(2, "v")),
                                           field(1, field(1, "\xED\xA0\x80"))})
                QCOMPARE(write(**server, admin.request("POST", kMaps, protobuf("ConfigMap", raw), kProtobuf)),
                         400);
            QCOMPARE(write(**server, admin.request("POST", kMaps, protobuf("\xFF", metadata), kProtobuf)),
                     415);
            const auto thing = [](const std::string& name, int depth) {
                return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + nested(depth) + "}";
            };
            QCOMPARE(write(**server, admin.request("POST", kThings, thing("deep", 250))), 400);
            QCOMPARE(write(**server, admin.request("POST", kThings, thing("shallow", 100))), 201);
            const std::string deeper = R"({"spec":)" + nested(252) + "}";
            QCOMPARE(write(**server, admin.request("PATCH", kThings + "/shallow", deeper, kMerge)), 400);
            QCOMPARE(write(**server, admin.request("PATCH", kThings + "/deep?fieldManager=me",
                                                   R"({"apiVersion":"example.com/v1","kind":"Thing",)" +
                                                       thing("deep", 250).substr(1),
                                                   "application/apply-patch+yaml")),
                     400);
        }
        const auto again = open();
        QVERIFY2(again.has_value(), again ? "" : again.error().text().c_str());
        const Answer list = admin.ask(**again, "GET", kThings);
        QCOMPARE(body(list).at("items").as_array().size(), 1U);
        const auto agent = body(admin.ask(**again, "GET", kMaps + "/agent"));
        QCOMPARE(
            std::string(kube::view(agent.at("metadata").at("managedFields").at(0).at("manager").as_string())),
            "bad\xEF\xBF\xBD");
    }

    void aScaleIsANumber() {
        kube::JsonObject crd = freeForm();
        crd["spec"].at("versions").at(0).as_object()["subresources"] =
            *kube::parseJson(R"({"scale":{"specReplicasPath":".spec.replicas",
                                           "statusReplicasPath":".status.replicas"}})");
        Server s({.crds = {crd}});
        QCOMPARE(s.ask("POST", kThings, R"({"metadata":{"name":"t"},"spec":{"replicas":3}})")->status(), 201);
        const std::string scale = kThings + "/t/scale";
        const auto put = [&](const std::string& replicas) {
            return s
                .ask("PUT", scale,
                     R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"t"},"spec":)" +
                         replicas + "}")
                ->status();
        };
        for (const char* wrong : {R"({"replicas":"5"})", R"({"replicas":2147483648})", R"({"replicas":1.5})",
                                  R"({"replicas":[5]})", "5"})
            QCOMPARE(put(wrong), 400);
        for (const char* type : {kMerge, "application/strategic-merge-patch+json"})
            QCOMPARE(s.ask("PATCH", scale, R"({"spec":{"replicas":"5"}})", type)->status(), 422);
        QCOMPARE(
            s.ask("PATCH", scale, R"([{"op":"replace","path":"/spec","value":5}])", kJsonPatch)->status(),
            422);
        QCOMPARE(kube::intAt(body(s.ask("GET", kThings + "/t")), {"spec", "replicas"}), std::int64_t(3));
        QCOMPARE(put(R"({"replicas":5})"), 200);
        QCOMPARE(kube::intAt(body(s.ask("GET", kThings + "/t")), {"spec", "replicas"}), std::int64_t(5));
    }

    void nothingIsDeletedByMisunderstanding() {
        Server s;
        s.ask("POST", kMaps, configMap("a", "1"));
        const std::string one = kMaps + "/a";
        for (const char* options :
             {R"({"dryRun":"All"})", R"({"dryRun":["Server"]})", R"({"dryRun":["All",null]})",
              R"({"dryRun":true})", R"({"gracePeriodSeconds":"0"})", R"({"preconditions":{"uid":5}})",
              R"({"preconditions":"x"})", R"({"propagationPolicy":["Orphan"]})", R"({"kind":"Pod"})", "[]"}) {
            QVERIFY2(s.ask("DELETE", one, options)->status() >= 400, options);
            QVERIFY2(s.ask("DELETE", kMaps, options)->status() >= 400, options);
        }
        for (const char* query :
             {"?dryRun=", "?dryRun=Server", "?dryRun=All&dryRun=x", "?gracePeriodSeconds=x"})
            QVERIFY2(s.ask("DELETE", one + query)->status() >= 400, query);
        QCOMPARE(s.ask("GET", one)->status(), 200);
        QCOMPARE(s.ask("DELETE", one, R"({"dryRun":["All"]})")->status(), 200);
        QCOMPARE(s.ask("GET", one)->status(), 200);
        QCOMPARE(s.ask("DELETE", one, R"({"kind":"DeleteOptions","apiVersion":"v1"})")->status(), 200);
        QCOMPARE(s.ask("GET", one)->status(), 404);
    }

    void nullsInListsDoNotStopTheServer() {
        Server s({.crds = {freeForm()}});
        s.ask("POST", "/api/v1/namespaces", R"({"metadata":{"name":"shop"}})");
        const std::string maps = "/api/v1/namespaces/shop/configmaps";
        const std::string things = "/apis/example.com/v1/namespaces/shop/things";
        s.ask("POST", maps, configMap("a", "1"));
        s.ask("POST", things, R"({"metadata":{"name":"a"}})");
        for (const char* list : {"[null]", "[5]", R"([{"x":1}])", R"(["example.com/a",null])"}) {
            const std::string metadata =
                std::string(R"({"metadata":{"name":"b","finalizers":)") + list + "}}";
            const std::string patch = std::string(R"({"metadata":{"finalizers":)") + list + "}}";
            for (const std::string& kind : {maps, things}) {
                QVERIFY(s.ask("POST", kind, metadata)->status() >= 400);
                QVERIFY(s.ask("PATCH", kind + "/a", patch, kMerge)->status() >= 400);
                QVERIFY(
                    s.ask("PATCH", kind + "/a",
                          R"([{"op":"add","path":"/metadata/finalizers","value":)" + std::string(list) + "}]",
                          kJsonPatch)
                        ->status() >= 400);
            }
        }
        QVERIFY(s.ask("POST", things, R"({"metadata":{"name":"b","ownerReferences":[null]}})")->status() >=
                400);
        QVERIFY(s.ask("POST", things, R"({"metadata":{"name":"b","labels":{"x":5}}})")->status() >= 400);
        QVERIFY(s.ask("POST", things, R"({"metadata":5})")->status() >= 400);
        s.ask("DELETE", "/api/v1/namespaces/shop");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 404);
    }

    void aStoredNullFinalizerIsOvercome() {
        const QTemporaryDir dir;
        const std::string store = dir.filePath(QStringLiteral("store.db")).toStdString();
        const net::KeyPair key = net::makeSigningKey().value();
        const net::FakeCaller admin;
        QtClock clock;
        const auto open = [&] {
            return apiserver::ApiServer::open({.database = store, .signingKeyPem = key.keyPem}, clock);
        };
        const auto isMade = [&](apiserver::ApiServer& server, const std::string& path,
                                const std::string& what) {
            const Answer answer = admin.ask(server, "POST", path, what);
            [&] { QTRY_VERIFY(answer->isFinished()); }();
            return answer->status() == 201;
        };
        {
            const auto server = open();
            QVERIFY(server.has_value());
            QVERIFY(isMade(**server, "/api/v1/namespaces", R"({"metadata":{"name":"shop"}})"));
            QVERIFY(isMade(**server, "/api/v1/namespaces/shop/configmaps",
                           configMap("a", "1", R"(,"finalizers":["example.com/wait"])")));
            const Answer deleted = admin.ask(**server, "DELETE", "/api/v1/namespaces/shop");
            QTRY_VERIFY(deleted->isFinished());
        }
        // As a server before this rule stored it.
        sqlite3* db = nullptr;
        QCOMPARE(sqlite3_open(store.c_str(), &db), SQLITE_OK);
        QCOMPARE(sqlite3_exec(db,
                              "UPDATE objects SET body=CAST(replace(CAST(body AS TEXT),"
                              "'[\"example.com/wait\"]','[null]') AS BLOB) WHERE key='shop/a'",
                              nullptr, nullptr, nullptr),
                 SQLITE_OK);
        sqlite3_close(db);
        const auto server = open();
        QVERIFY(server.has_value());
        const auto removed = [&] {
            return admin.ask(**server, "GET", "/api/v1/namespaces/shop/configmaps/a")->status();
        };
        // The namespace's turn comes first.
        bool turned = false;
        const Request turn = clock.after(20ms, [&turned] { turned = true; });
        QTRY_VERIFY(turned);
        QCOMPARE(removed(), 200);
        const Answer freed = admin.ask(**server, "PATCH", "/api/v1/namespaces/shop/configmaps/a",
                                       R"({"metadata":{"finalizers":null}})", kMerge);
        QTRY_VERIFY(freed->isFinished());
        QTRY_COMPARE(admin.ask(**server, "GET", "/api/v1/namespaces/shop")->status(), 404);
    }

    void objectsAreNoLargerThanInEtcd() {
        Server s({.crds = {freeForm()}});
        const auto thing = [](std::size_t size, const char* what) {
            std::string text = "{\"metadata\":{\"name\":\"a\"},\"spec\":\"";
            for (std::size_t i = 0; i < size; ++i)
                text += what;
            return text + "\"}";
        };
        const Answer large = s.ask("POST", kThings, thing(1'600'000, "x"));
        QCOMPARE(large->status(), 500);
        QCOMPARE(text(large, {"reason"}), "");
        QCOMPARE(s.ask("POST", kThings, thing(300'000, "\\u0001"))->status(), 500);
        QCOMPARE(s.ask("POST", kThings, thing(1'500'000, "x"))->status(), 201);
        QCOMPARE(s.ask("PATCH", kThings + "/a", "{\"more\":\"" + std::string(100'000, 'x') + "\"}", kMerge)
                     ->status(),
                 500);
    }

    void noDefinitionTakesABuiltinType() {
        Server s;
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
        QCOMPARE(s.ask("POST", roles, R"({"metadata":{"name":"r"},"rules":[]})")->status(), 201);
        const auto crd = [](const std::string& version, const std::string& annotations) {
            return R"({"metadata":{"name":"roles.rbac.authorization.k8s.io","annotations":{)" + annotations +
                   R"(}},"spec":{"group":"rbac.authorization.k8s.io","scope":"Namespaced","names":{"plural":"roles",)"
                   "\"singular\":\"mine\",\"kind\":\"Mine\",\"listKind\":\"MineList\"},\"versions\":[{"
                   "\"name\":\"" +
                   version +
                   "\",\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\","
                   R"("x-kubernetes-preserve-unknown-fields":true}}}]}})";
        };
        const Answer plain = s.ask("POST", crds, crd("v1", ""));
        QCOMPARE(plain->status(), 422);
        QVERIFY(text(plain, {"message"}).find("api-approved.kubernetes.io") != std::string::npos);
        for (const char* version : {"v1", "v2"}) {
            const Answer made =
                s.ask("POST", crds, crd(version, R"("api-approved.kubernetes.io":"unapproved")"));
            QCOMPARE(made->status(), 201);
            s.clock.advance(10ms);
            const kube::JsonObject seen = body(s.ask("GET", crds + "/roles.rbac.authorization.k8s.io"));
            const kube::Json& names = seen.at("status").at("conditions").at(0);
            QCOMPARE(names.at("type"), kube::Json("NamesAccepted"));
            QCOMPARE(names.at("status"), kube::Json("False"));
            QCOMPARE(names.at("reason"), kube::Json("PluralConflict"));
            QCOMPARE(text(s.ask("GET", roles + "/r"), {"kind"}), "Role");
            QVERIFY(s.ask("POST", roles, R"({"metadata":{"name":"x"},"free":1})")->status() == 201);
            QVERIFY(!body(s.ask("GET", roles + "/x")).contains("free"));
            QCOMPARE(s.ask("GET", "/apis/rbac.authorization.k8s.io/v2")->status(), 404);
            // And its deletion takes none of them.
            QCOMPARE(s.ask("DELETE", crds + "/roles.rbac.authorization.k8s.io")->status(), 200);
            s.clock.advance(10ms);
            QCOMPARE(s.ask("GET", crds + "/roles.rbac.authorization.k8s.io")->status(), 404);
            QCOMPARE(s.ask("GET", roles + "/r")->status(), 200);
            QCOMPARE(s.ask("DELETE", roles + "/x")->status(), 200);
        }
    }

    void metricsNameOnlyWhatIsServed() {
        Server s;
        const net::FakeCaller guest{.user = "guest", .groups = {}};
        for (int i = 0; i < 50; ++i) {
            const std::string n = std::to_string(i);
            guest.ask(*s.server, "GET", "/api/v1/namespaces/default/x%22%0Ainjected%20" + n);
            guest.ask(*s.server, "GET", "/apis/g" + n + "/v1/things");
            guest.ask(*s.server, "GET", kMaps + "/a/sub%0A" + n);
            s.ask("GET", kMaps + "/a/sub" + n);
            s.ask("GET", "/api/v1/things" + n);
        }
        guest.ask(*s.server, "GET", kMaps);
        const std::string metrics = s.ask("GET", "/metrics")->body();
        QVERIFY(metrics.find("injected") == std::string::npos);
        QVERIFY(metrics.find("sub1") == std::string::npos);
        QVERIFY(metrics.find("things") == std::string::npos);
        QVERIFY(metrics.find("verb=\"LIST\",resource=\"configmaps\",subresource=\"\",code=\"403\"") !=
                std::string::npos);
        QVERIFY(std::count(metrics.begin(), metrics.end(), '\n') < 200);
    }

    void warningsAreFewAndShort() {
        Server s;
        const auto warned = [&](const std::string& fields) {
            const Answer answer =
                s.ask("POST", kMaps + "?dryRun=All", R"({"metadata":{"name":"a"})" + fields + "}");
            std::vector<std::string> out;
            for (const auto& [name, value] : answer->headers())
                if (name == "warning")
                    out.push_back(value);
            return out;
        };
        std::string many, large, same;
        for (int i = 0; i < 500; ++i) {
            const std::string n = std::to_string(i);
            many += ",\"x" + n + "\":1";
            large += ",\"y" + n + std::string(1000, 'y') + "\":1";
            same += ",\"z\":1";
        }
        QCOMPARE(warned(many).size(), 100U);
        const std::vector<std::string> cut = warned(large);
        QCOMPARE(cut.size(), 16U);
        QCOMPARE(cut[0].size(), 265U);  // 256 characters, one of them escaped
        QCOMPARE(warned(same).size(), 2U);
        for (const std::string& warning : warned(",\"a\\u0001\\r\\nb\":1"))
            QVERIFY(std::none_of(warning.begin(), warning.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
        // A long path before each of many fields.
        std::string deep = ",\"metadata\":{\"name\":\"a\",\"labels\":{\"" + std::string(1'000'000, 'l') +
                           "\":\"\"},\"" + std::string(1'000'000, 'k') + "\":{";
        QVERIFY(warned(deep + "}}").size() <= 16U);
    }

    void tokensAreAskedForInNumbers() {
        Server s;
        s.clock.advance(10ms);
        const Answer refused = s.ask("POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
                                     R"({"spec":{"expirationSeconds":"99999"}})");
        QCOMPARE(refused->status(), 400);
    }
};

QTEST_GUILESS_MAIN(HostileTest)
#include "hostile_test.moc"

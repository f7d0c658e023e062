// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <QtTest/QTest>

#include "tests/unit/apiserver/api_server.h"

using namespace kubefed;
using namespace std::chrono_literals;
using namespace kubefed::test;

class ApiTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void objectsLiveFromCreateToDelete() {
        Server s;
        const Answer created = s.ask("POST", kMaps, configMap("a", "1"));
        QCOMPARE(created->status(), 201);
        QCOMPARE(text(created, {"kind"}), "ConfigMap");
        QVERIFY(!text(created, {"metadata", "uid"}).empty());
        const std::string first = text(created, {"metadata", "resourceVersion"});
        QCOMPARE(s.ask("POST", kMaps, configMap("a", "1"))->status(), 409);
        QCOMPARE(text(s.ask("GET", kMaps + "/a"), {"data", "k"}), "1");
        const Answer updated =
            s.ask("PUT", kMaps + "/a", configMap("a", "2", ",\"resourceVersion\":\"" + first + "\""));
        QCOMPARE(updated->status(), 200);
        QVERIFY(text(updated, {"metadata", "resourceVersion"}) != first);
        QCOMPARE(text(updated, {"metadata", "uid"}), text(created, {"metadata", "uid"}));
        const Answer stale =
            s.ask("PUT", kMaps + "/a", configMap("a", "3", ",\"resourceVersion\":\"" + first + "\""));
        QCOMPARE(stale->status(), 409);
        QCOMPARE(text(stale, {"reason"}), "Conflict");
        const Answer gone = s.ask("DELETE", kMaps + "/a");
        QCOMPARE(gone->status(), 200);
        QCOMPARE(text(gone, {"status"}), "Success");
        QCOMPARE(s.ask("GET", kMaps + "/a")->status(), 404);
        QCOMPARE(text(s.ask("GET", kMaps + "/a"), {"message"}), "configmaps \"a\" not found");
    }

    void aWriteThatChangesNothingWritesNothing() {
        Server s;
        const Answer created = s.ask("POST", kMaps, configMap("a", "1"));
        s.clock.advance(5s);
        const Answer same = s.ask("PUT", kMaps + "/a", configMap("a", "1"));
        QCOMPARE(same->status(), 200);
        QCOMPARE(text(same, {"metadata", "resourceVersion"}), text(created, {"metadata", "resourceVersion"}));
        const Answer patched =
            s.ask("PATCH", kMaps + "/a", "{\"data\":{\"k\":\"1\"}}", "application/merge-patch+json");
        QCOMPARE(text(patched, {"metadata", "resourceVersion"}),
                 text(created, {"metadata", "resourceVersion"}));
    }

    void patchesOfEveryTypeApply() {
        Server s;
        s.ask("POST", kMaps, configMap("a", "1"));
        Answer answer =
            s.ask("PATCH", kMaps + "/a", "{\"data\":{\"m\":\"2\"}}", "application/merge-patch+json");
        QCOMPARE(text(answer, {"data", "m"}), "2");
        answer = s.ask("PATCH", kMaps + "/a", "[{\"op\":\"remove\",\"path\":\"/data/k\"}]",
                       "application/json-patch+json");
        QCOMPARE(answer->status(), 200);
        QCOMPARE(text(answer, {"data", "k"}), "");
        answer = s.ask("PATCH", kMaps + "/a", "{\"data\":{\"s\":\"3\"}}",
                       "application/strategic-merge-patch+json");
        QCOMPARE(text(answer, {"data", "s"}), "3");
        answer =
            s.ask("PATCH", kMaps + "/a?fieldManager=me", configMap("a", "4"), "application/apply-patch+yaml");
        QCOMPARE(answer->status(), 200);
        QCOMPARE(text(answer, {"data", "k"}), "4");
        answer =
            s.ask("PATCH", kMaps + "/b?fieldManager=me", configMap("b", "4"), "application/apply-patch+yaml");
        QCOMPARE(answer->status(), 201);
        answer = s.ask("PATCH", kMaps + "/b?fieldManager=you", configMap("b", "5"),
                       "application/apply-patch+yaml");
        QCOMPARE(answer->status(), 409);
        answer = s.ask("PATCH", kMaps + "/b?fieldManager=you&force=true", configMap("b", "5"),
                       "application/apply-patch+yaml");
        QCOMPARE(text(answer, {"data", "k"}), "5");
        QCOMPARE(s.ask("PATCH", kMaps + "/b", configMap("b", "5"), "application/apply-patch+yaml")->status(),
                 422);
        QCOMPARE(s.ask("PATCH", kMaps + "/b", "{}", "text/plain")->status(), 415);
        answer = s.ask("PATCH", kMaps + "/a", "[{\"op\":\"test\",\"path\":\"/data/k\",\"value\":\"x\"}]",
                       "application/json-patch+json");
        QCOMPARE(answer->status(), 422);
    }

    void badRequestsAreRefusedAsTheRealServerDoes() {
        Server s;
        const std::string unknown =
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"dta\":{}}";
        const Answer strict = s.ask("POST", kMaps + "?fieldValidation=Strict", unknown);
        QCOMPARE(strict->status(), 400);
        QCOMPARE(text(strict, {"message"}),
                 "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding "
                 "error: unknown field \"dta\"");
        const Answer warned = s.ask("POST", kMaps, unknown);
        QCOMPARE(warned->status(), 201);
        QCOMPARE(std::string(net::header(warned->headers(), "warning")),
                 "299 - \"unknown field \\\"dta\\\"\"");
        QCOMPARE(s.ask("POST", "/api/v1/namespaces/nowhere/configmaps", configMap("a", "1"))->status(), 404);
        QCOMPARE(text(s.ask("POST", kMaps, configMap("A", "1")), {"reason"}), "Invalid");
        QCOMPARE(
            text(s.ask("POST", kMaps, "{\"metadata\":{}}"), {"message"}),
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required");
        QCOMPARE(s.ask("GET", "/api/v1/nothings")->status(), 404);
        QCOMPARE(s.ask("PUT", kMaps, configMap("a", "1"))->status(), 405);
        QCOMPARE(s.ask("GET", kMaps, "", "", {{"accept", "text/html"}})->status(), 406);
        net::FakeCaller nobody{.user = "", .groups = {}};
        QCOMPARE(nobody.ask(*s.server, "GET", kMaps)->status(), 401);
        QCOMPARE(nobody.ask(*s.server, "GET", "/readyz")->status(), 200);
        net::FakeCaller guest{.user = "guest", .groups = {}};
        const Answer refused = guest.ask(*s.server, "GET", kMaps);
        QCOMPARE(refused->status(), 403);
        QCOMPARE(text(refused, {"message"}),
                 "configmaps is forbidden: User \"guest\" cannot list resource \"configmaps\" in "
                 "API group \"\" in the namespace \"default\"");
    }

    void listsAreSelectedAndPagedOverOneSnapshot() {
        Server s;
        s.ask("DELETE", kMaps);
        for (int i = 0; i < 5; ++i)
            s.ask("POST", kMaps,
                  configMap("m" + std::to_string(i), "1", i % 2 ? ",\"labels\":{\"odd\":\"y\"}" : ""));
        QCOMPARE(body(s.ask("GET", kMaps + "?labelSelector=odd")).at("items").as_array().size(), 2U);
        QCOMPARE(
            body(s.ask("GET", kMaps + "?fieldSelector=metadata.name%3Dm3")).at("items").as_array().size(),
            1U);
        const Answer page = s.ask("GET", kMaps + "?limit=2");
        QCOMPARE(body(page).at("items").as_array().size(), 2U);
        s.ask("DELETE", kMaps + "/m2");
        s.ask("PUT", kMaps + "/m3", configMap("m3", "changed"));
        s.ask("POST", kMaps, configMap("m22", "new"));
        std::set<std::string> seen;
        std::string token = text(page, {"metadata", "continue"});
        QVERIFY(!token.empty());
        while (!token.empty()) {
            const Answer next = s.ask("GET", kMaps + "?limit=2&continue=" + token);
            QCOMPARE(next->status(), 200);
            QCOMPARE(text(next, {"metadata", "resourceVersion"}),
                     text(page, {"metadata", "resourceVersion"}));
            const kube::JsonObject list = body(next);
            for (const kube::Json& item : list.at("items").as_array())
                seen.insert(std::string(kube::stringAt(item.as_object(), {"metadata", "name"})) + "=" +
                            std::string(kube::stringAt(item.as_object(), {"data", "k"})));
            token = text(next, {"metadata", "continue"});
        }
        seen.erase("kube-root-ca.crt=");
        QCOMPARE(seen, (std::set<std::string>{"m2=1", "m3=1", "m4=1"}));
    }

    void watchesSeeEveryChangeInOrder() {
        Server s;
        const std::string rv = text(s.ask("GET", kMaps), {"metadata", "resourceVersion"});
        s.ask("POST", kMaps, configMap("a", "1"));
        const Answer watch = s.ask("GET", kMaps + "?watch=true&resourceVersion=" + rv);
        const Answer labelled = s.ask("GET", kMaps + "?watch=true&labelSelector=l&resourceVersion=" + rv);
        s.ask("PATCH", kMaps + "/a", "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}",
              "application/merge-patch+json");
        s.ask("PATCH", kMaps + "/a", "{\"metadata\":{\"labels\":null}}", "application/merge-patch+json");
        s.ask("DELETE", kMaps + "/a");
        const auto types = [](const Answer& answer) {
            std::string out;
            for (const std::string& chunk : answer->chunks())
                out += std::string(kube::stringAt(kube::parseJson(chunk)->as_object(), {"type"})) + " ";
            return out;
        };
        QCOMPARE(types(watch), "ADDED MODIFIED MODIFIED DELETED ");
        QCOMPARE(types(labelled), "ADDED DELETED ");
        s.clock.advance(31min);
        QVERIFY(watch->isFinished());
    }

    void watchesBeginWithWhatIsThereIfAsked() {
        Server s;
        s.ask("POST", kMaps, configMap("a", "1"));
        const Answer watch = s.ask("GET", kMaps +
                                              "?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&"
                                              "resourceVersionMatch=NotOlderThan&timeoutSeconds=100");
        const kube::JsonObject last = kube::parseJson(watch->chunks().back())->as_object();
        QCOMPARE(std::string(kube::stringAt(last, {"type"})), "BOOKMARK");
        QCOMPARE(std::string(kube::stringAt(
                     last, {"object", "metadata", "annotations", "k8s.io/initial-events-end"})),
                 "true");
        const std::size_t before = watch->chunks().size();
        s.clock.advance(61s);
        QCOMPARE(watch->chunks().size(), before + 1);
        QVERIFY(!watch->isFinished());
        s.clock.advance(40s);
        QVERIFY(watch->isFinished());
    }

    void whatIsOlderThanTheHistoryIsGone() {
        Server s({.historyEvents = 3});
        const std::string rv =
            text(s.ask("POST", kMaps, configMap("a", "0")), {"metadata", "resourceVersion"});
        const Answer page = s.ask("GET", kMaps + "?limit=1");
        for (int i = 1; i < 6; ++i)
            s.ask("PUT", kMaps + "/a", configMap("a", std::to_string(i)));
        const Answer watch = s.ask("GET", kMaps + "?watch=true&resourceVersion=" + rv);
        QVERIFY(watch->isFinished());
        const kube::JsonObject event = kube::parseJson(watch->chunks().front())->as_object();
        QCOMPARE(std::string(kube::stringAt(event, {"object", "reason"})), "Expired");
        const Answer next = s.ask("GET", kMaps + "?limit=1&continue=" + text(page, {"metadata", "continue"}));
        QCOMPARE(next->status(), 410);
        QCOMPARE(s.ask("GET", kMaps + "?limit=9&continue=" + text(next, {"metadata", "continue"}))->status(),
                 200);
    }

    void aSlowWatcherIsEndedAndOthersGoOn() {
        Server s;
        const Answer slow = s.ask("GET", kMaps + "?watch=true");
        const Answer quick = s.ask("GET", kMaps + "?watch=true");
        slow->setTaking(false);
        s.ask("POST", kMaps, configMap("a", "0"));
        for (int i = 1; i < 2100; ++i)
            s.ask("PUT", kMaps + "/a", configMap("a", std::to_string(i)));
        QVERIFY(slow->isFinished());
        QVERIFY(!quick->isFinished());
        QVERIFY(quick->chunks().size() >= 2100);
    }

    void aSlowWatcherIsEndedForBytesToo() {
        Server s;
        const Answer slow = s.ask("GET", kMaps + "?watch=true");
        slow->setTaking(false);
        s.ask("POST", kMaps, configMap("a", "0"));
        for (int i = 1; i < 30 && !slow->isFinished(); ++i)
            s.ask("PUT", kMaps + "/a", configMap("a", std::to_string(i) + std::string(500'000, 'x')));
        QVERIFY(slow->isFinished());
    }

    void aWatcherThatWasSlowSeesEveryChangeInOrder() {
        Server s;
        const Answer watch = s.ask("GET", kMaps + "?watch=true&fieldSelector=metadata.name%3Da");
        watch->setTaking(false);
        for (int i = 0; i < 10; ++i)
            s.ask(i == 0 ? "POST" : "PUT", i == 0 ? kMaps : kMaps + "/a", configMap("a", std::to_string(i)));
        s.ask("DELETE", kMaps + "/a");
        QVERIFY(watch->chunks().size() < 3);
        watch->setTaking(true);
        QCOMPARE(watch->chunks().size(), 11U);
        for (std::size_t i = 0; i < 11; ++i) {
            const kube::JsonObject event = kube::parseJson(watch->chunks()[i])->as_object();
            QCOMPARE(std::string(kube::stringAt(event, {"type"})), i == 0    ? "ADDED"
                                                                   : i == 10 ? "DELETED"
                                                                             : "MODIFIED");
            QCOMPARE(std::string(kube::stringAt(event, {"object", "data", "k"})),
                     std::to_string(std::min<std::size_t>(i, 9)));
        }
    }

    void namespacesEmptyThemselvesWhenDeleted() {
        Server s;
        QCOMPARE(s.ask("POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"shop\"}}")->status(), 201);
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop/serviceaccounts/default")->status(), 200);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt")->status(), 200);
        s.ask("POST", "/api/v1/namespaces/shop/configmaps",
              configMap("held", "1", ",\"finalizers\":[\"example.com/wait\"]"));
        const Answer deleted = s.ask("DELETE", "/api/v1/namespaces/shop");
        QCOMPARE(text(deleted, {"status", "phase"}), "Terminating");
        s.clock.advance(10ms);
        const Answer late = s.ask("POST", "/api/v1/namespaces/shop/configmaps", configMap("late", "1"));
        QCOMPARE(late->status(), 403);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop/serviceaccounts/default")->status(), 404);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 200);
        s.ask("PATCH", "/api/v1/namespaces/shop/configmaps/held", "{\"metadata\":{\"finalizers\":null}}",
              "application/merge-patch+json");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop/configmaps/held")->status(), 404);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/shop")->status(), 404);
    }

    void dependentsFollowTheirOwners() {
        Server s;
        const auto owned = [](const std::string& name, const Answer& owner) {
            return configMap(
                name, "1",
                ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"" +
                    text(owner, {"metadata", "name"}) + "\",\"uid\":\"" + text(owner, {"metadata", "uid"}) +
                    "\",\"blockOwnerDeletion\":true}]");
        };
        for (const std::string policy : {"Background", "Foreground", "Orphan"}) {
            const Answer owner = s.ask("POST", kMaps, configMap("owner", "1"));
            s.ask("POST", kMaps, owned("child", owner));
            const Answer child = s.ask("GET", kMaps + "/child");
            s.ask("POST", kMaps, owned("grandchild", child));
            s.clock.advance(10ms);
            QCOMPARE(s.ask("GET", kMaps + "/grandchild")->status(), 200);
            s.ask("DELETE", kMaps + "/owner?propagationPolicy=" + policy);
            s.clock.advance(10ms);
            QCOMPARE(s.ask("GET", kMaps + "/owner")->status(), 404);
            QCOMPARE(s.ask("GET", kMaps + "/child")->status(), policy == "Orphan" ? 200 : 404);
            QCOMPARE(s.ask("GET", kMaps + "/grandchild")->status(), policy == "Orphan" ? 200 : 404);
        }
        s.ask("DELETE", kMaps + "/child");
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", kMaps + "/grandchild")->status(), 404);
        s.ask("POST", kMaps, owned("lost", s.ask("GET", kMaps + "/kube-root-ca.crt")));
        s.ask("POST", kMaps,
              configMap("strayed", "1",
                        ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\","
                        "\"uid\":\"y\"}]"));
        s.clock.advance(10ms);
        QCOMPARE(s.ask("GET", kMaps + "/lost")->status(), 200);
        QCOMPARE(s.ask("GET", kMaps + "/strayed")->status(), 404);
    }

    void aggregatedRolesShowWhatTheyGather() {
        Server s;
        const std::string roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        const auto rulesOf = [&](const std::string& name) {
            const kube::JsonObject role = body(s.ask("GET", roles + "/" + name));
            const kube::JsonArray* rules = kube::arrayAt(role, {"rules"});
            return rules == nullptr ? kube::JsonArray() : *rules;
        };
        s.clock.advance(10ms);
        QVERIFY(rulesOf("view").size() > 1);
        QVERIFY(rulesOf("admin").size() > rulesOf("edit").size());
        const std::string rule = R"({"verbs":["get"],"apiGroups":["a.b"],"resources":["things"]})";
        QCOMPARE(
            s.ask("POST", roles,
                  R"({"metadata":{"name":"more","labels":{"rbac.authorization.k8s.io/aggregate-to-view":)"
                  R"("true"}},"rules":[)" +
                      rule + "]}")
                ->status(),
            201);
        s.clock.advance(10ms);
        const auto has = [&](const std::string& name) {
            const kube::JsonArray rules = rulesOf(name);
            return std::find(rules.begin(), rules.end(), *kube::parseJson(rule)) != rules.end();
        };
        QVERIFY(has("view") && has("edit") && has("admin"));
        const std::string before = text(s.ask("GET", roles + "/view"), {"metadata", "resourceVersion"});
        s.clock.advance(1h);  // at rest, nothing is written
        QCOMPARE(text(s.ask("GET", roles + "/view"), {"metadata", "resourceVersion"}), before);
        s.ask("DELETE", roles + "/more");
        s.clock.advance(10ms);
        QVERIFY(!has("view") && !has("edit") && !has("admin"));
    }

    void aContinueTokenCountsBelowItsNamespace() {
        Server s;
        for (const char* name : {"a", "b"})
            s.ask("POST", kMaps, configMap(name, "1"));
        const std::string maps = "/api/v1/namespaces/kube-public/configmaps";
        QCOMPARE(s.ask("POST", maps, configMap("z", "1"))->status(), 201);
        const std::string token = text(s.ask("GET", kMaps + "?limit=1"), {"metadata", "continue"});
        QVERIFY(!token.empty());
        const kube::JsonObject elsewhere = body(s.ask("GET", maps + "?continue=" + token));
        QVERIFY(!elsewhere.at("items").as_array().empty());
    }

    void whatCannotBeLookedUpOwnsOn() {
        const kube::JsonObject crd =
            kube::parseJson(R"({"metadata":{"name":"things.example.com"},"spec":{"group":"example.com",
                "scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing",
                "listKind":"ThingList"},"versions":[{"name":"v2","served":true,"storage":true,
                "schema":{"openAPIV3Schema":{"type":"object"}}}]}})")
                ->get_object();
        Server s;
        const auto owned = [](const std::string& name, const std::string& version, const std::string& kind,
                              const std::string& owner, const std::string& uid) {
            return configMap(name, "1",
                             ",\"ownerReferences\":[{\"apiVersion\":\"" + version + R"(","kind":")" + kind +
                                 R"(","name":")" + owner + R"(","uid":")" + uid + "\"}]");
        };
        s.ask("POST", kMaps, owned("early", "example.com/v1", "Thing", "t", "u"));
        s.ask("POST", kMaps, owned("foreign", "apps/v1", "Deployment", "d", "u"));
        s.ask(
            "POST", "/api/v1/nodes",
            R"({"metadata":{"name":"n","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x",)"
            R"("uid":"y"}]}})");
        s.clock.advance(1s);
        for (const char* left : {"/early", "/foreign"})
            QCOMPARE(s.ask("GET", kMaps + left)->status(), 200);
        QCOMPARE(s.ask("GET", "/api/v1/nodes/n")->status(), 200);
        // The type comes, in another version: now it can be told that the owner is not there.
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        QCOMPARE(s.ask("POST", crds, kube::printJson(crd))->status(), 201);
        s.clock.advance(1s);
        QCOMPARE(s.ask("GET", kMaps + "/early")->status(), 404);
        QCOMPARE(s.ask("GET", kMaps + "/foreign")->status(), 200);
        const std::string things = "/apis/example.com/v2/namespaces/default/things";
        const Answer thing = s.ask("POST", things, R"({"metadata":{"name":"t"}})");
        QCOMPARE(thing->status(), 201);
        s.ask("POST", kMaps,
              owned("child", "example.com/v1", "Thing", "t", text(thing, {"metadata", "uid"})));
        s.clock.advance(1s);
        QCOMPARE(s.ask("GET", kMaps + "/child")->status(), 200);
        // An owner that goes with its type is gone all the same.
        s.ask("DELETE", crds + "/things.example.com");
        s.clock.advance(1s);
        QCOMPARE(s.ask("GET", crds + "/things.example.com")->status(), 404);
        QCOMPARE(s.ask("GET", kMaps + "/child")->status(), 404);
    }

    void aTokenForLongerThanIsGivenIsShortenedAndSaysSo() {
        apiserver::ApiServerConfig config;
        config.maxTokenLife = std::chrono::hours(2);
        Server s(std::move(config));
        s.clock.advance(10ms);
        const auto ask = [&](int seconds) {
            return s.ask("POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
                         "{\"spec\":{\"expirationSeconds\":" + std::to_string(seconds) + "}}");
        };
        const Answer shortened = ask(36'000);
        QCOMPARE(shortened->status(), 201);
        QCOMPARE(std::string(net::header(shortened->headers(), "warning")),
                 std::string("299 - \"requested expiration of 36000 seconds shortened to 7200 seconds\""));
        QCOMPARE(kube::intAt(body(shortened), {"spec", "expirationSeconds"}),
                 std::optional<std::int64_t>(7200));
        QCOMPARE(text(shortened, {"status", "expirationTimestamp"}),
                 toRfc3339(s.clock.wallNow() + std::chrono::hours(2)));
        const Answer granted = ask(7200);
        QCOMPARE(granted->status(), 201);
        QVERIFY(net::header(granted->headers(), "warning").empty());
    }

    void tablesAndMetadataAreServedWhenAsked() {
        Server s;
        s.ask("POST", kMaps, configMap("a", "1"));
        const net::Headers table{{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}};
        const kube::JsonObject list = body(s.ask("GET", kMaps, "", "", table));
        QCOMPARE(std::string(kube::stringAt(list, {"kind"})), "Table");
        QCOMPARE(list.at("rows").at(0).at("cells").at(0), kube::Json("a"));
        QCOMPARE(list.at("rows").at(0).at("object").at("kind"), kube::Json("PartialObjectMetadata"));
        const net::Headers partial{
            {"accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}};
        QVERIFY(!body(s.ask("GET", kMaps + "/a", "", "", partial)).contains("data"));
    }

    void eventsGoAfterAnHour() {
        Server s;
        const std::string event =
            "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"default\","
            "\"name\":\"p\"},\"reason\":\"R\",\"message\":\"m\",\"type\":\"Normal\"}";
        QCOMPARE(s.ask("POST", "/api/v1/namespaces/default/events", event)->status(), 201);
        s.clock.advance(59min);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/default/events/e")->status(), 200);
        s.clock.advance(2min);
        QCOMPARE(s.ask("GET", "/api/v1/namespaces/default/events/e")->status(), 404);
    }
};

QTEST_GUILESS_MAIN(ApiTest)
#include "api_test.moc"

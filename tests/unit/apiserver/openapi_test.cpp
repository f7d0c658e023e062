// SPDX-License-Identifier: Apache-2.0
//
// What the server says of its types in OpenAPI v3, held against its own discovery; kubectl's use of it is in
// kube_kubectl_test (explain, strict validation).
#include <functional>
#include <set>
#include <string>

#include <QtTest/QTest>

#include "tests/unit/apiserver/api_server.h"

using namespace kubefed;
using namespace kubefed::test;
using namespace std::chrono_literals;

class OpenApiTest : public QObject {
    Q_OBJECT

    static void eachReference(const kube::Json& value, const std::function<void(std::string_view)>& found) {
        if (const kube::JsonArray* items = value.if_array())
            for (const kube::Json& item : *items)
                eachReference(item, found);
        const kube::JsonObject* object = value.if_object();
        if (object == nullptr)
            return;
        for (const auto& [key, member] : *object)
            if (key == "$ref" && member.is_string())
                found(kube::view(member.get_string()));
            else
                eachReference(member, found);
    }
    // By the path of a group version ("apis/apps/v1"), as the index has it.
    static std::string urlOf(Server& s, const std::string& groupVersion) {
        return text(s.ask("GET", "/openapi/v3"), {"paths", groupVersion, "serverRelativeURL"});
    }

private Q_SLOTS:
    void everyServedTypeIsDescribed() {
        Server s;
        s.clock.advance(10ms);
        const kube::JsonObject index = body(s.ask("GET", "/openapi/v3"));
        const kube::JsonObject* paths = kube::objectAt(index, {"paths"});
        QVERIFY(paths != nullptr);
        std::set<std::string> groupVersions{"api/v1"};
        const kube::JsonObject groups = body(s.ask("GET", "/apis"));
        for (const kube::Json& group : *kube::arrayAt(groups, {"groups"}))
            for (const kube::Json& version : *kube::arrayAt(group.get_object(), {"versions"}))
                groupVersions.insert("apis/" +
                                     std::string(kube::stringAt(version.get_object(), {"groupVersion"})));
        QCOMPARE(paths->size(), groupVersions.size());
        for (const std::string& groupVersion : groupVersions) {
            const Answer answer = s.ask("GET", urlOf(s, groupVersion));
            QCOMPARE(answer->status(), 200);
            const kube::JsonObject document = body(answer);
            QCOMPARE(text(answer, {"openapi"}), std::string("3.0.0"));
            int references = 0;
            eachReference(kube::Json(document), [&](std::string_view reference) {
                constexpr std::string_view kSchemas = "#/components/schemas/";
                ++references;
                QVERIFY(reference.starts_with(kSchemas));
                QVERIFY2(
                    kube::objectAt(document, {"components", "schemas", reference.substr(kSchemas.size())}),
                    std::string(reference).c_str());
            });
            QVERIFY2(references > 0, groupVersion.c_str());
            const kube::JsonObject resources = body(s.ask("GET", "/" + groupVersion));
            for (const kube::Json& entry : *kube::arrayAt(resources, {"resources"})) {
                const kube::JsonObject& resource = entry.get_object();
                std::string path(kube::stringAt(resource, {"name"}));
                const bool isItem = path.find('/') != std::string::npos;
                if (isItem)
                    path.insert(path.find('/'), "/{name}");
                const kube::Json* namespaced = resource.if_contains("namespaced");
                path = "/" + groupVersion +
                       (namespaced != nullptr && namespaced->as_bool() ? "/namespaces/{namespace}/" : "/") +
                       path;
                const kube::JsonObject* operations = kube::objectAt(document, {"paths", path});
                QVERIFY2(operations != nullptr, path.c_str());
                for (const auto& [method, operation] : *operations)
                    QVERIFY2(
                        kube::stringAt(operation.get_object(), {"x-kubernetes-group-version-kind", "kind"}) ==
                            kube::stringAt(resource, {"kind"}),
                        path.c_str());
            }
        }
        QCOMPARE(s.ask("GET", "/openapi/v3/apis/apps/v7")->status(), 404);
    }

    void customTypesAreDescribedAndTheirHashFollowsThem() {
        Server s;
        s.clock.advance(10ms);
        const auto crd = [](const char* type) {
            const kube::JsonObject schema{
                {"type", "object"},
                {"properties", kube::JsonObject{{"size", kube::JsonObject{{"type", type}}}}}};
            const kube::JsonObject version{{"name", "v1"},
                                           {"served", true},
                                           {"storage", true},
                                           {"schema", kube::JsonObject{{"openAPIV3Schema", schema}}}};
            return kube::printJson(kube::JsonObject{
                {"apiVersion", "apiextensions.k8s.io/v1"},
                {"kind", "CustomResourceDefinition"},
                {"metadata", kube::JsonObject{{"name", "widgets.example.com"}}},
                {"spec",
                 kube::JsonObject{{"group", "example.com"},
                                  {"names", kube::JsonObject{{"plural", "widgets"}, {"kind", "Widget"}}},
                                  {"scope", "Namespaced"},
                                  {"versions", kube::JsonArray{kube::Json(version)}}}}});
        };
        const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        QVERIFY(urlOf(s, "apis/example.com/v1").empty());
        QCOMPARE(s.ask("POST", crds, crd("integer"))->status(), 201);
        s.clock.advance(1s);
        const std::string first = urlOf(s, "apis/example.com/v1");
        QCOMPARE(text(s.ask("GET", first),
                      {"components", "schemas", "com.example.v1.Widget", "properties", "size", "type"}),
                 std::string("integer"));
        QCOMPARE(urlOf(s, "apis/example.com/v1"), first);
        QCOMPARE(s.ask("PATCH", crds + "/widgets.example.com?fieldManager=a&force=true", crd("string"),
                       "application/apply-patch+yaml")
                     ->status(),
                 200);
        s.clock.advance(1s);
        const std::string second = urlOf(s, "apis/example.com/v1");
        QVERIFY(second != first);
        QCOMPARE(text(s.ask("GET", second),
                      {"components", "schemas", "com.example.v1.Widget", "properties", "size", "type"}),
                 std::string("string"));
        QCOMPARE(s.ask("DELETE", crds + "/widgets.example.com")->status(), 200);
        s.clock.advance(1s);
        QVERIFY(urlOf(s, "apis/example.com/v1").empty());
    }

    // kubectl asks for it before it creates a List, and takes nothing in it for "the server checks".
    void version2SaysNothing() {
        Server s;
        s.clock.advance(10ms);
        const kube::JsonObject document = body(s.ask("GET", "/openapi/v2"));
        QCOMPARE(std::string(kube::stringAt(document, {"swagger"})), std::string("2.0"));
        QVERIFY(kube::objectAt(document, {"paths"})->empty());
        QVERIFY(!document.contains("definitions"));
        const Answer binary =
            s.ask("GET", "/openapi/v2", {}, {},
                  {{"accept", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}});
        QCOMPARE(binary->body(), std::string("\n\x03"
                                             "2.0"));
    }
};

QTEST_GUILESS_MAIN(OpenApiTest)
#include "openapi_test.moc"

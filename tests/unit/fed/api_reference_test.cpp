// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fed/api_reference.h"

#include <fstream>
#include <iterator>
#include <string>

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

class ApiReferenceTest : public QObject {
    Q_OBJECT

    static Result<std::string> pageOf(const std::string& schema) {
        const std::string crd =
            "spec: {group: g, scope: Cluster, names: {kind: K, plural: ks, shortNames: [k], categories: "
            "[c]}, "
            "versions: [{name: v1, additionalPrinterColumns: [], schema: {openAPIV3Schema: {properties: "
            "{spec: " +
            schema + "}}}}]}";
        const CrdDocument document{"ks.g", crd};
        return apiReference({&document, 1});
    }

private Q_SLOTS:
    void thePageIsWhatTheCrdsSay() {
        const Result<std::string> page = apiReference(crdDocuments());
        QVERIFY2(page.has_value(), page ? "" : page.error().message.c_str());
        const std::string path = qgetenv("KUBEFED_SOURCE_DIR").toStdString() + "/docs/reference/api.md";
        if (qEnvironmentVariableIsSet("KUBEFED_UPDATE_REFERENCE")) {
            std::ofstream(path) << *page;
            return;
        }
        std::ifstream file(path);
        const std::string is{std::istreambuf_iterator<char>(file), {}};
        QVERIFY2(is == *page,
                 "docs/reference/api.md is not what kubefed/fed/crds says; write it anew with "
                 "KUBEFED_UPDATE_REFERENCE=1 ctest -R fed_api_reference_test in the build folder");
    }

    void aFieldIsToldWhole() {
        const Result<std::string> page = pageOf(
            "{type: object, required: [a], description: S, properties: {a: {type: integer, format: "
            "int32, minimum: 1, maximum: 9, default: 3, description: 'one|two'}, l: {type: array, "
            "maxItems: 4, description: L, items: {type: object, description: I, properties: {k: {type: "
            "string, enum: [P, Q], description: K}}}}, m: {type: object, description: M, "
            "additionalProperties: {type: string, description: V}}}}");
        QVERIFY2(page.has_value(), page ? "" : page.error().message.c_str());
        for (const char* row :
             {"| `spec` | object |  | S |\n",
              "| `spec.a` | integer (int32) | required; default `3`; 1 to 9 | one\\|two |\n",
              "| `spec.l` | list of object | at most 4 items | L |\n",
              "| `spec.l[].k` | string | `P`, `Q` | K |\n", "| `spec.m` | map of string |  | M |\n"})
            QVERIFY2(page->find(row) != std::string::npos, page->c_str());
    }

    void whatItCannotTellIsAnError() {
        const Result<std::string> page =
            pageOf("{type: object, properties: {a: {type: string, x-kubernetes-validations: []}}}");
        QVERIFY(!page);
        QCOMPARE(page.error().message,
                 std::string("ks.g: spec.a: the reference cannot tell \"x-kubernetes-validations\""));
    }
};

QTEST_GUILESS_MAIN(ApiReferenceTest)
#include "api_reference_test.moc"

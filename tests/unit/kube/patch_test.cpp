// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/patch.h"

#include <string>

#include <QtTest/QTest>

#include "tests/unit/kube/patch_cases.h"

using namespace kubefed;
using namespace kubefed::kube;

class PatchTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void jsonPatchTable() {
        for (const auto& c : kJsonPatchCases) {
            const auto result = applyJsonPatch(*parseJson(c.document), *parseJson(c.patch));
            const std::string what = std::string(c.document) + " + " + c.patch;
            QVERIFY2(result.has_value() == (*c.result != '\0'), what.c_str());
            if (result)
                QCOMPARE(printCanonical(*result), printCanonical(*parseJson(c.result)));
        }
    }

    void failedTestsAndMissingPathsArePreconditions() {
        const auto document = *parseJson("{\"a\":1}");
        const auto code = [&](const char* patch) {
            return applyJsonPatch(document, *parseJson(patch)).error().code;
        };
        QVERIFY(code("[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]") == Code::FailedPrecondition);
        QVERIFY(code("[{\"op\":\"remove\",\"path\":\"/x\"}]") == Code::FailedPrecondition);
        QVERIFY(code("[{\"op\":\"remove\",\"path\":\"x\"}]") == Code::InvalidArgument);
        QVERIFY(code("{}") == Code::InvalidArgument);
    }

    void aSmallPatchDoesNoUnboundedWork() {
        const auto document = *parseJson("{\"m\":{\"a\":1},\"x\":{}}");
        std::string doubling = "[", moves = "[", many = "[";
        for (int i = 0; i < 35; ++i)
            doubling += std::string(i == 0 ? "" : ",") + "{\"op\":\"copy\",\"from\":\"/m\",\"path\":\"/m/c" +
                        std::to_string(i) + "\"}";
        QVERIFY(!applyJsonPatch(document, *parseJson(doubling + "]")));
        // Each round puts what there is one level deeper, with short paths only.
        for (int i = 0; i < 3000; ++i)
            moves += std::string(i == 0 ? "" : ",") +
                     R"({"op":"add","path":"/n","value":{}},{"op":"move","from":"/m","path":"/n/d"},)"
                     R"({"op":"move","from":"/n","path":"/m"})";
        QVERIFY(!applyJsonPatch(document, *parseJson(moves + "]")));
        for (int i = 0; i < 10'001; ++i)
            many += std::string(i == 0 ? "" : ",") + R"({"op":"test","path":"/m/a","value":1})";
        const auto refused = applyJsonPatch(document, *parseJson(many + "]"));
        QVERIFY(!refused && refused.error().status);
        QCOMPARE(refused.error().status->httpCode, 413);
    }

    void aMoveTakesItsValueAlong() {
        const auto moved = applyJsonPatch(*parseJson(R"({"a":{"b":[1,2]}})"),
                                          *parseJson(R"([{"op":"move","from":"/a/b","path":"/c"},)"
                                                     R"({"op":"move","from":"/c/0","path":"/a/d"}])"));
        QCOMPARE(printCanonical(*moved), std::string(R"({"a":{"d":1},"c":[2]})"));
    }

    void mergePatchTable() {
        for (const auto& c : kMergePatchCases)
            QCOMPARE(printCanonical(applyMergePatch(*parseJson(c.document), *parseJson(c.patch))),
                     printCanonical(*parseJson(c.result)));
    }

    void madeMergePatchesTurnOneIntoTheOther() {
        for (const auto& c : kMakeMergeCases) {
            const auto from = *parseJson(c.from);
            const auto to = *parseJson(c.to);
            const auto patch = makeMergePatch(from.as_object(), to.as_object());
            QCOMPARE(printCanonical(patch), printCanonical(*parseJson(c.patch)));
            QVERIFY(equal(applyMergePatch(from, patch), to));
        }
    }
};

QTEST_GUILESS_MAIN(PatchTest)
#include "patch_test.moc"

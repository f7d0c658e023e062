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

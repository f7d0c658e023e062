// SPDX-License-Identifier: Apache-2.0
//
// What the recorded traces (trace_test) do not reach: custom resources, the limit of updaters, resets.
#include <QtTest/QTest>

#include "kubefed/kube/managed_fields.h"
#include "tests/unit/kube/schema_cases.h"

using namespace kubefed;
using namespace kubefed::kube;

class ApplyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_schema = *Schema::fromCrd(parseJson(kWidgetSchema)->as_object()); }

    void customListsMergeByKeyAndFreeFormOnesDoNot() {
        const auto first = apply(
            nullptr, "{\"parts\":[{\"name\":\"a\",\"kind\":\"x\"}],\"free\":{\"l\":[1,2],\"m\":{\"p\":1}}}",
            "one");
        QVERIFY(first.has_value());
        const auto second =
            apply(&first->object, "{\"parts\":[{\"name\":\"b\",\"kind\":\"x\"}],\"free\":{\"m\":{\"q\":2}}}",
                  "two");
        QVERIFY(second.has_value());
        QCOMPARE(
            specOf(second->object),
            std::string(
                "{\"free\":{\"l\":[1,2],\"m\":{\"p\":1,\"q\":2}},\"parts\":[{\"kind\":\"x\",\"name\":\"a\"},"
                "{\"kind\":\"x\",\"name\":\"b\"}]}"));
        const auto conflict = apply(&second->object, "{\"free\":{\"l\":[1]}}", "three");
        QVERIFY(!conflict);
        QCOMPARE(conflict.error().message,
                 std::string("Apply failed with 1 conflict: conflict with \"one\": .spec.free.l"));
        const auto forced = apply(&second->object, "{\"free\":{\"l\":[1]}}", "three", true);
        QVERIFY(forced.has_value());
        const auto gone = apply(&forced->object, "{}", "one");
        QVERIFY(gone.has_value());
        QCOMPARE(specOf(gone->object),
                 std::string(
                     "{\"free\":{\"l\":[1],\"m\":{\"q\":2}},\"parts\":[{\"kind\":\"x\",\"name\":\"b\"}]}"));
    }

    void applyingTheSameChangesNothing() {
        const char* spec =
            "{\"size\":1,\"tags\":[\"a\"],\"limits\":{\"x\":1},\"atomic\":{\"k\":\"v\"},\"empty\":{}}";
        const auto first = apply(nullptr, spec, "one");
        const auto second = apply(&first->object, spec, "one", false, "2027-01-01T00:00:00Z");
        QVERIFY(second.has_value());
        QVERIFY(!second->changed);
        QVERIFY(equal(second->object, first->object));
        QVERIFY(apply(&first->object, "{\"size\":2}", "one")->changed);
    }

    void objectsWithoutOwnersBelongToBeforeFirstApply() {
        const JsonObject live =
            parseJson(
                "{\"apiVersion\":\"x/v1\",\"kind\":\"W\",\"metadata\":{\"name\":\"w\",\"uid\":\"u\"},"
                "\"spec\":{\"size\":1}}")
                ->as_object();
        QCOMPARE(
            apply(&live, "{\"size\":2}", "one").error().message,
            std::string(
                "Apply failed with 1 conflict: conflict with \"before-first-apply\" using x/v1: .spec.size"));
        QVERIFY(apply(&live, "{\"size\":1}", "one").has_value());
        JsonObject next = live;
        next["spec"].as_object()["size"] = 3;
        updateManagedFields(&live, next, m_schema->root(), context("edit"));
        QVERIFY(find(next, {"metadata", "managedFields"}) == nullptr);
    }

    void oldUpdatersAreThrownTogether() {
        JsonObject live = parseJson(
                              "{\"apiVersion\":\"x/"
                              "v1\",\"kind\":\"W\",\"metadata\":{\"name\":\"w\"},\"spec\":{\"limits\":{}}}")
                              ->as_object();
        updateManagedFields(nullptr, live, m_schema->root(), context("m00"));
        for (int i = 1; i <= 14; ++i) {
            JsonObject next = live;
            const auto key = std::to_string(i);
            ensureObject(next, {"spec", "limits"})[key] = i;
            auto who = context(i < 10 ? "m0" + key : "m" + key);
            who.now = "2026-01-01T00:00:" + std::string(i < 10 ? "0" : "") + key + "Z";
            updateManagedFields(&live, next, m_schema->root(), who);
            live = std::move(next);
        }
        const auto entries = *readManagedFields(live);
        QCOMPARE(entries.size(), std::size_t(10));
        QCOMPARE(entries[0].manager, std::string("ancient-changes"));
        FieldSet all;
        for (const auto& entry : entries)
            all.insert(entry.fields);
        for (int i = 1; i <= 14; ++i)
            QVERIFY(all.has({"f:spec", "f:limits", "f:" + std::to_string(i)}));
    }

    void anEmptyListOfManagedFieldsResetsThem() {
        const auto live = apply(nullptr, "{\"size\":1}", "one")->object;
        JsonObject next = live;
        next["metadata"].as_object()["managedFields"] = JsonArray{JsonObject{}};
        updateManagedFields(&live, next, m_schema->root(), context("edit"));
        QVERIFY(find(next, {"metadata", "managedFields"}) == nullptr);
    }

private:
    static WriteContext context(std::string manager) {
        return {.manager = std::move(manager),
                .subresource = {},
                .apiVersion = "x/v1",
                .now = "2026-01-01T00:00:00Z",
                .ignored = nullptr};
    }

    Result<ApplyOutcome> apply(const JsonObject* live, const char* spec, const char* manager,
                               bool force = false, const char* now = "2026-01-01T00:00:00Z") const {
        JsonObject applied =
            parseJson("{\"apiVersion\":\"x/v1\",\"kind\":\"W\",\"metadata\":{\"name\":\"w\"}}")->as_object();
        applied["spec"] = *parseJson(spec);
        auto who = context(manager);
        who.now = now;
        return serverSideApply(live, applied, m_schema->root(), who, force, nullptr);
    }

    static std::string specOf(const JsonObject& object) { return printCanonical(*find(object, {"spec"})); }

    std::shared_ptr<const Schema> m_schema;
};

QTEST_GUILESS_MAIN(ApplyTest)
#include "apply_test.moc"

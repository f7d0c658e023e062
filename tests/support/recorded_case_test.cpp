// SPDX-License-Identifier: Apache-2.0
//
// The recorded cases can be read, and normalising here agrees with the recorder: an answer that it
// normalised stays as it is.
#include "tests/support/recorded_case.h"

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::test;

class RecordedCaseTest : public QObject {
    Q_OBJECT

    static std::filesystem::path source(const char* path) {
        return std::filesystem::path(qEnvironmentVariable("KUBEFED_SOURCE_DIR", ".").toStdString()) / path;
    }
    static std::string join(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines)
            text += line + "\n";
        return text;
    }
    ServedResources m_served;

private Q_SLOTS:
    void initTestCase() {
        auto served = readServedResources(source("kubefed/apiserver/schema"));
        QVERIFY2(served, served ? "" : served.error().text().c_str());
        m_served = std::move(*served);
        QVERIFY(m_served.at("v1").contains("pods/binding"));
        QVERIFY(!m_served.contains("autoscaling/v1"));
    }

    void everyCaseIsNormalisedAsTheRecorderDid() {
        const auto files = RecordedCase::find(source("tests/data/kube"));
        QVERIFY(files.size() > 400);
        for (const auto& file : files) {
            const auto read = RecordedCase::load(file);
            QVERIFY2(read, read ? "" : read.error().text().c_str());
            Replay replay("${NS}", m_served);
            for (const auto* steps : {&read->setup, &read->during}) {
                for (const RecordedRequest& step : *steps)
                    (void)replay.prepare(step);
            }
            (void)replay.prepare(read->request);
            const RecordedResponse& recorded = read->response;
            std::string body = recorded.text;
            if (recorded.body)
                body = kube::printJson(*recorded.body);
            if (recorded.stream) {
                for (const kube::Json& event : *recorded.stream)
                    body += kube::printJson(event) + "\n";
            }
            const auto found =
                replay.differences(recorded, recorded.code, recorded.contentType, recorded.warnings, body);
            QVERIFY2(found.empty(), (file.string() + ":\n" + join(found)).c_str());
        }
    }

    void placeholdersAreFilledInAndFoundAgain() {
        Replay replay("case-7", m_served);
        replay.remember(
            R"({"metadata":{"uid":"01234567-89ab-cdef-0123-456789abcdef","resourceVersion":"42"}})");
        replay.remember(R"({"metadata":{"resourceVersion":"43","continue":"abc"},"items":[]})");
        const RecordedRequest sent =
            replay.prepare({.method = "GET",
                            .path = "/api/v1/namespaces/${NS}/pods?continue=${continue:1}&x=${rv:9}",
                            .body = R"({"uid":"${uid:0}","rv":"${rv:0}","at":"2024-01-01T00:00:00Z"})"});
        QCOMPARE(sent.path, std::string("/api/v1/namespaces/case-7/pods?continue=abc&x=${rv:9}"));
        QCOMPARE(*sent.body, std::string(R"({"uid":"01234567-89ab-cdef-0123-456789abcdef","rv":"42",)"
                                         R"("at":"2024-01-01T00:00:00Z"})"));

        const auto answer = kube::parseJson(R"({
            "metadata": {"generateName": "a-", "name": "a-x7f", "namespace": "case-7",
                         "uid": "01234567-89ab-cdef-0123-456789abcdef", "resourceVersion": "42",
                         "creationTimestamp": "2030-05-05T10:00:00Z"},
            "other": {"uid": "aaaaaaaa-89ab-cdef-0123-456789abcdef", "resourceVersion": "43"},
            "spec": {"clusterIP": "10.0.3.4", "ports": [{"nodePort": 31234}],
                     "given": "2024-01-01T00:00:00Z", "renewTime": "2030-01-01T00:00:00.123456Z"},
            "message": "case-7: uid 01234567-89ab-cdef-0123-456789abcdef, current: 77"})");
        const auto expected = kube::parseJson(R"({
            "metadata": {"generateName": "a-", "name": "a-<random>", "namespace": "${NS}",
                         "uid": "${uid:0}", "resourceVersion": "${rv:0}", "creationTimestamp": "<time>"},
            "other": {"uid": "<uid>", "resourceVersion": "<resourceVersion>"},
            "spec": {"clusterIP": "<clusterIP>", "ports": [{"nodePort": "<nodePort>"}],
                     "given": "2024-01-01T00:00:00Z", "renewTime": "<microTime>"},
            "message": "${NS}: uid ${uid:0}, current: <resourceVersion>"})");
        std::vector<std::string> found;
        compareJson("", *expected, replay.normalise(*answer), found);
        QVERIFY2(found.empty(), join(found).c_str());
    }

    void tablesAndManagersLoseWhatDependsOnTheClock() {
        const Replay replay("case-7", m_served);
        const auto table = kube::parseJson(R"({"kind": "Table", "metadata": {"resourceVersion": "9"},
            "columnDefinitions": [{"name": "Age", "description": "prose"}],
            "rows": [{"cells": ["a", 3, "2d5h", "10.0.0.9", "80:31234/TCP,53:30000/UDP"]}]})");
        const auto expected = kube::parseJson(R"({"kind": "Table",
            "metadata": {"resourceVersion": "<resourceVersion>"}, "columnDefinitions": [{"name": "Age"}],
            "rows": [{"cells": ["a", 3, "<age>", "<clusterIP>", "80:<nodePort>/TCP,53:<nodePort>/UDP"]}]})");
        std::vector<std::string> found;
        compareJson("", *expected, replay.normalise(*table), found);
        QVERIFY2(found.empty(), join(found).c_str());

        const auto managers = kube::parseJson(
            R"({"managedFields": [{"operation": "Update", "manager": "a"}, {"operation": "Apply", "manager": "b"}]})");
        const kube::Json sorted = replay.normalise(*managers);
        QCOMPARE(kube::stringAt(sorted.at("managedFields").at(0).as_object(), {"manager"}),
                 std::string_view("b"));
    }

    void differencesAreNamedByTheirPlace() {
        std::vector<std::string> found;
        compareJson("/body", *kube::parseJson(R"({"a": {"b/c": 1}, "l": [1, 2], "gone": true})"),
                    *kube::parseJson(R"({"a": {"b/c": 2}, "l": [1], "new": null})"), found);
        QCOMPARE(found,
                 (std::vector<std::string>{
                     "/body/a/b~1c: expected 1, got 2", "/body/l/1: expected 2, got nothing",
                     "/body/gone: expected true, got nothing", "/body/new: expected nothing, got null"}));
    }

    void clockBookmarksAreDropped() {
        const Replay replay("case-7", m_served);
        const auto events = replay.normaliseStream(
            "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"}}}\n"
            "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\",\"annotations\":"
            "{\"k8s.io/initial-events-end\":\"true\"}}}}\n");
        QVERIFY(events);
        QCOMPARE(events->size(), 1U);
    }
};

QTEST_GUILESS_MAIN(RecordedCaseTest)
#include "recorded_case_test.moc"

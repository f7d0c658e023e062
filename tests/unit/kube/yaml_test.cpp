// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/yaml.h"

#include <string>

#include <QtTest/QTest>

#include "tests/unit/kube/yaml_cases.h"

using namespace kubefed;
using namespace kubefed::kube;

class YamlTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readingTable() {
        for (const auto& c : kYamlCases) {
            const auto documents = parseYaml(c.yaml);
            QVERIFY2(documents.has_value() == (*c.json != '\0'), c.yaml);
            if (!documents)
                continue;
            JsonArray array;
            for (const auto& document : *documents)
                array.push_back(document);
            QVERIFY2(printJson(Json(array)) == c.json, printJson(Json(array)).c_str());
        }
    }

    void printingTable() {
        for (const auto& c : kPrintCases) {
            const auto value = *parseJson(c.json);
            QVERIFY2(printYaml(value) == c.yaml, printYaml(value).c_str());
            const auto again = parseYaml(c.yaml);
            QVERIFY2(again.has_value() && again->size() == 1, c.yaml);
            QVERIFY2(equal((*again)[0], value), c.yaml);
        }
    }

    void awkwardTextsReadBackEqual() {
        const std::string alphabet = " \n\t:#-'\"a0,[{}]&*!|>%@`~?\\";
        std::string text;
        unsigned state = 1;
        for (int round = 0; round < 20000; ++round) {
            text.clear();
            for (unsigned left = round % 7 + 1U; left > 0; --left) {
                state = state * 1664525U + 1013904223U;
                text += alphabet[(state >> 16U) % alphabet.size()];
            }
            JsonObject object;
            object["k"] = text;
            object[text] = JsonArray{json::string(text)};
            const auto yaml = printYaml(object);
            const auto again = parseYaml(yaml);
            QVERIFY2(again.has_value(), yaml.c_str());
            QVERIFY2(equal(again->at(0), object), yaml.c_str());
        }
    }

    void longTextsFoldAndReadBackEqual() {
        std::string words;
        for (int i = 0; i < 60; ++i)
            words += "word" + std::to_string(i) + (i % 7 == 0 ? ": " : i % 11 == 0 ? "  " : " ");
        for (const std::string& text : {words + "x", "a" + words + "\ty", words + "true"}) {
            JsonObject object;
            object["annotations"].emplace_object()["k"] = text;
            QVERIFY(equal(parseYaml(printYaml(object))->at(0), object));
        }
    }

    void errorsNameTheirPlace() {
        const auto error = parseYaml("a: 1\nb:\n  c: 2\n  c: 3\n").error();
        QVERIFY(error.code == Code::InvalidArgument);
        QCOMPARE(error.message,
                 std::string("invalid YAML at line 4, column 3: key \"c\" already set in map"));
        QVERIFY(parseYaml("a: [1\nb").error().message.starts_with("invalid YAML at line "));
    }

    void billionLaughsAreRefused() {
        std::string yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
        for (int i = 1; i < 12; ++i) {
            const auto p = std::to_string(i - 1);
            yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + p;
            for (int j = 0; j < 9; ++j)
                yaml += ",*a" + p;
            yaml += "]\n";
        }
        const auto result = parseYaml(yaml);
        QVERIFY(!result);
        QVERIFY(result.error().message.find("excessive aliasing") != std::string::npos);
        QVERIFY(!parseYaml(std::string(2000, '[')));
    }
};

QTEST_GUILESS_MAIN(YamlTest)
#include "yaml_test.moc"

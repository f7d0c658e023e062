// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <QtTest/QTest>

#include "kubefed/util/file.h"
#include "tests/unit/apiserver/kinds_replay.h"

using namespace kubefed;
using namespace kubefed::tests;

namespace {

std::filesystem::path dataFolder() {
    return std::filesystem::path(std::getenv("KUBEFED_SOURCE_DIR")) / "tests/data/kube";
}

kube::JsonObject load(const std::filesystem::path& path) {
    std::string text = *readFile(path);
    const std::string hole = "${NS}";
    for (std::size_t at = text.find(hole); at != std::string::npos; at = text.find(hole, at))
        text.replace(at, hole.size(), "case-ns");
    return kube::parseJson(text)->get_object();
}

}  // namespace

class KindsRecordedTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void writesAreDefaultedAndJudgedAsByKubernetes_data() {
        QTest::addColumn<QString>("file");
        for (const char* folder : {"create", "validate", "update", "patch", "subresource"})
            if (std::filesystem::exists(dataFolder() / folder))
                for (const auto& entry : std::filesystem::directory_iterator(dataFolder() / folder))
                    if (entry.path().extension() == ".json")
                        QTest::newRow((std::string(folder) + "/" + entry.path().stem().string()).c_str())
                            << QString::fromStdString(entry.path().string());
    }

    void writesAreDefaultedAndJudgedAsByKubernetes() {
        QFETCH(const QString, file);
        KindsReplay server;
        std::string skipped;
        const std::vector<std::string> problems = server.replay(load(file.toStdString()), skipped);
        if (!skipped.empty())
            QSKIP(skipped.c_str());
        std::string all;
        for (const std::string& problem : problems)
            all += problem + "\n";
        QVERIFY2(problems.empty(), all.c_str());
    }

    void tablesShowWhatKubectlGetShows_data() {
        QTest::addColumn<QString>("file");
        for (const auto& entry : std::filesystem::directory_iterator(dataFolder() / "table"))
            QTest::newRow(entry.path().stem().string().c_str())
                << QString::fromStdString(entry.path().string());
    }

    void tablesShowWhatKubectlGetShows() {
        QFETCH(const QString, file);
        const kube::JsonObject recorded = load(file.toStdString());
        const kube::JsonArray* rows = kube::arrayAt(recorded, {"response", "body", "rows"});
        const kube::JsonArray* columns = kube::arrayAt(recorded, {"response", "body", "columnDefinitions"});
        std::string name, subresource;
        KindsReplay server;
        const apiserver::ResourceSpec* spec =
            server.find(kube::stringAt(recorded, {"request", "path"}), &name, &subresource);
        if (rows == nullptr || columns == nullptr || rows->empty() || spec == nullptr ||
            kube::arrayAt(recorded, {"setup"}) == nullptr)
            QSKIP("not a table of a built-in kind");
        if (const kube::JsonArray* setup = kube::arrayAt(recorded, {"setup"}))
            for (const kube::Json& request : *setup)
                if (const Outcome outcome = server.send(request.get_object());
                    outcome.code == 0 || outcome.code >= 300)
                    QSKIP("its setup needs the whole server");
        const kube::JsonObject table = server.table(*spec);
        std::vector<std::string> problems;
        const kube::JsonArray& ours = table.at("columns").get_array();
        QCOMPARE(ours.size(), columns->size());
        for (std::size_t i = 0; i < ours.size(); ++i)
            for (const char* key : {"name", "type", "format", "priority"})
                compareRecorded((*columns)[i].at(key), ours[i].at(key), std::string("column.") + key,
                                problems);
        for (const kube::Json& row : *rows) {
            const kube::JsonArray& cells = row.at("cells").get_array();
            bool found = false;
            for (const kube::Json& own : table.at("rows").get_array()) {
                std::vector<std::string> differences;
                for (std::size_t i = 0; i < cells.size(); ++i) {
                    // Creation and event times belong to the server's clock.
                    if (cells[i].is_string() && cells[i].get_string().starts_with("<"))
                        continue;
                    compareRecorded(cells[i], own.get_array()[i], ours[i].at("name").get_string().c_str(),
                                    differences);
                }
                found = found || differences.empty();
            }
            if (!found)
                problems.push_back("no row like " + kube::printJson(cells) + " in " +
                                   kube::printJson(table.at("rows")));
        }
        std::string all;
        for (const std::string& problem : problems)
            all += problem + "\n";
        QVERIFY2(problems.empty(), all.c_str());
    }
};

QTEST_GUILESS_MAIN(KindsRecordedTest)
#include "kinds_recorded_test.moc"

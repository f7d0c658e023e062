// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/commands.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "tests/unit/cli/cli_world.h"

using namespace kubefed;
using namespace kubefed::cli;

class CommandsTest : public QObject {
    Q_OBJECT

    // The exit code of what was answered at once; -1: there is a verb to run.
    static int answered(CliWorld& world, const std::vector<std::string>& arguments) {
        const Parsed parsed = parseCommandLine(arguments, world.env);
        const int* code = std::get_if<int>(&parsed);
        return code == nullptr ? -1 : *code;
    }

private Q_SLOTS:
    void helpIsOfTheVerbThatWasNamed() {
        CliWorld all;
        QCOMPARE(answered(all, {"--help"}), 0);
        QVERIFY(all.out.str().find("Usage: kubefed [OPTIONS] SUBCOMMAND") != std::string::npos);
        QVERIFY(all.out.str().find("--version") != std::string::npos);
        CliWorld one;
        QCOMPARE(answered(one, {"join", "--help"}), 0);
        QVERIFY2(one.out.str().find("Usage: kubefed join [OPTIONS] name") != std::string::npos,
                 one.out.str().c_str());
        CliWorld nested;
        QCOMPARE(answered(nested, {"policy", "install", "--help"}), 0);
        QVERIFY2(nested.out.str().find("Usage: kubefed policy install") != std::string::npos,
                 nested.out.str().c_str());
    }

    void whatIsNotUnderstoodNamesTheHelpOfItsVerb_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("message");
        QTest::addColumn<QString>("remedy");
        QTest::newRow("nothing") << QStringList{} << "A subcommand is required" << "kubefed --help";
        QTest::newRow("join") << QStringList{"join"} << "name is required" << "kubefed join --help";
        QTest::newRow("policy install")
            << QStringList{"policy", "install"} << "is required" << "kubefed policy install --help";
        QTest::newRow("early") << QStringList{"--context", "prod", "get"}
                               << "options stand after the verb, \"--context\" stands before"
                               << "--help";
    }
    void whatIsNotUnderstoodNamesTheHelpOfItsVerb() {
        QFETCH(const QStringList, words);
        QFETCH(const QString, message);
        QFETCH(const QString, remedy);
        std::vector<std::string> arguments;
        for (const QString& word : words)
            arguments.push_back(word.toStdString());
        CliWorld world;
        QCOMPARE(answered(world, arguments), 2);
        const QString said = QString::fromStdString(world.err.str());
        QVERIFY2(said.contains("error KF1008: ") && said.contains(message), qPrintable(said));
        QVERIFY2(said.contains("remedy:   kubefed") && said.contains(remedy + "\n"), qPrintable(said));
        QVERIFY(said.contains("nothing was changed"));
    }

    void aSandboxThatDoesNotRunIsSaid() {
        CliWorld world;
        world.env.dataHome = world.folder.path().toStdString();
        Parsed parsed = parseCommandLine({"sandbox", "status"}, world.env);
        auto* verb = std::get_if<std::unique_ptr<Verb>>(&parsed);
        QVERIFY(verb != nullptr);
        std::optional<int> code;
        (*verb)->start([&](int ended) { code = ended; });
        world.clock.advance(std::chrono::seconds{1});
        QCOMPARE(code.value_or(-1), 1);
        for (const char* words :
             {"error KF1502: the sandbox does not run", "kubefed sandbox up", "nothing was changed"})
            QVERIFY2(world.err.str().find(words) != std::string::npos, world.err.str().c_str());
    }

    void aSandboxThatDoesNotStartLeavesNothing_data() {
        QTest::addColumn<bool>("ends");
        QTest::addColumn<QString>("message");
        QTest::addColumn<QString>("evidence");
        QTest::newRow("it ends") << true << "kubefed-sandbox ended while it started" << "no port is free";
        QTest::newRow("it hangs") << false << "the sandbox was not ready within 5.0 s"
                                  << "nothing was logged";
    }
    void aSandboxThatDoesNotStartLeavesNothing() {
        QFETCH(const bool, ends);
        QFETCH(const QString, message);
        QFETCH(const QString, evidence);
        CliWorld world;
        const std::filesystem::path root = world.folder.path().toStdString();
        world.env.dataHome = root / "data";
        world.env.programs = root / "bin";
        std::filesystem::create_directories(root / "bin");
        std::ofstream(root / "bin" / "kubefed-sandbox") << "program";
        const std::filesystem::path folder = root / "data" / "kubefed-sandbox";
        world.processes.started = [&](const std::vector<std::string>&) {
            if (ends)
                std::ofstream(folder / "kubefed-sandbox.log") << "error: no port is free\n";
            world.processes.running = !ends;
        };
        Parsed parsed = parseCommandLine({"sandbox", "up", "--timeout", "5s"}, world.env);
        auto* verb = std::get_if<std::unique_ptr<Verb>>(&parsed);
        QVERIFY(verb != nullptr);
        std::optional<int> code;
        (*verb)->start([&](int ended) { code = ended; });
        for (int i = 0; !code && i < 100; ++i)
            world.clock.advance(std::chrono::milliseconds{100});
        QCOMPARE(code.value_or(-1), 1);
        const QString said = QString::fromStdString(world.err.str());
        QVERIFY2(said.contains("error KF1501: " + message), qPrintable(said));
        QVERIFY2(
            said.contains(evidence) && said.contains(ends ? "mend what its log says" : "try fewer clusters"),
            qPrintable(said));
        QVERIFY(!std::filesystem::exists(folder));
    }

    void theVersionIsThatOfTheProgramAlone() {
        CliWorld world;
        const Parsed parsed = parseCommandLine({"--version"}, world.env);
        QVERIFY(std::holds_alternative<std::unique_ptr<Verb>>(parsed));
    }
};

QTEST_GUILESS_MAIN(CommandsTest)
#include "commands_test.moc"

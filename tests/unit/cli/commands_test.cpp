// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/commands.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QRegularExpression>
#include <QtTest/QTest>

#include "tests/unit/cli/join_fixture.h"

using namespace kubefed;
using namespace kubefed::cli;

class CommandsTest : public QObject, protected JoinFixture {
    Q_OBJECT

    // The exit code of what was answered at once; -1: there is a verb to run.
    static int answered(CliWorld& world, const std::vector<std::string>& arguments) {
        const Parsed parsed = parseCommandLine(arguments, world.env);
        const int* code = std::get_if<int>(&parsed);
        return code == nullptr ? -1 : *code;
    }

    // A sandbox's program beside ours, and the data folder that it would get.
    static std::filesystem::path makeSandboxProgram(CliWorld& world) {
        const std::filesystem::path root = world.folder.path().toStdString();
        world.env.dataHome = root / "data";
        world.env.programs = root / "bin";
        std::filesystem::create_directories(root / "bin");
        std::ofstream(root / "bin" / "kubefed-sandbox") << "program";
        return root / "data" / "kubefed-sandbox";
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
        QTest::newRow("both") << QStringList{"join", "tokyo", "--error-unchanged", "--dry-run"} << "excludes"
                              << "kubefed join --help";
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
        QVERIFY2(said.contains("  evidence: given: kubefed" + (words.isEmpty() ? "" : " " + words.join(' ')) +
                               "\n"),
                 qPrintable(said));
    }

    void whoMayFindNothingToDoTakesErrorUnchanged_data() {
        QTest::addColumn<QString>("verb");
        for (const char* verb : {"apply", "join", "up", "down", "sandbox down", "policy install",
                                 "policy enable", "policy disable"})
            QTest::newRow(verb) << verb;
    }
    void whoMayFindNothingToDoTakesErrorUnchanged() {
        QFETCH(const QString, verb);
        CliWorld world;
        std::vector<std::string> words;
        for (const QString& word : verb.split(' '))
            words.push_back(word.toStdString());
        words.emplace_back("--help");
        QCOMPARE(answered(world, words), 0);
        const QString help = QString::fromStdString(world.out.str()).simplified();
        const QRegularExpression flag(
            "--error-unchanged (Excludes: --dry-run )?Exit code 3 where there was nothing to change");
        QVERIFY2(help.contains(flag), qPrintable(help));
    }

    void aSandboxThatIsNotThereIsUnchanged() {
        CliWorld world;
        const std::filesystem::path folder = makeSandboxProgram(world);
        const auto down = [&](std::vector<std::string> words) {
            words.insert(words.begin(),
                         {"sandbox", "down", "--kubeconfig", world.folder.filePath("none").toStdString()});
            Parsed parsed = parseCommandLine(words, world.env);
            std::optional<int> code;
            std::get<std::unique_ptr<Verb>>(parsed)->start([&](int ended) { code = ended; });
            world.clock.advance(std::chrono::seconds{1});
            return code.value_or(-1);
        };
        QCOMPARE(down({}), 0);
        QCOMPARE(down({"--error-unchanged"}), 3);
        std::filesystem::create_directories(folder);  // what one that was killed has left
        QCOMPARE(down({"--error-unchanged"}), 0);
        QVERIFY(!std::filesystem::exists(folder));
        QCOMPARE(QString::fromStdString(world.err.str()).count("the sandbox was not up\n"), 3);
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

    void aSandboxIsStartedAsItIsAsked_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("arguments");
        QTest::newRow("as it is") << QStringList{}
                                  << "--clusters tokyo:jp,osaka:jp,oregon:us --nodes 2 --pod-delay 200";
        QTest::newRow("more") << QStringList{"--clusters", "paris:eu", "--nodes", "5", "--pod-delay", "1500"}
                              << "--clusters paris:eu --nodes 5 --pod-delay 1500";
        QTest::newRow("no node") << QStringList{"--nodes", "0"} << "";
        QTest::newRow("a negative delay") << QStringList{"--pod-delay", "-1"} << "";
    }
    void aSandboxIsStartedAsItIsAsked() {
        QFETCH(const QStringList, words);
        QFETCH(const QString, arguments);
        CliWorld world;
        const std::filesystem::path folder = makeSandboxProgram(world);
        QString started;
        world.processes.started = [&](const std::vector<std::string>& given) {
            for (const std::string& argument : given)
                started += (started.isEmpty() ? "" : " ") + QString::fromStdString(argument);
            world.processes.running = false;
        };
        std::vector<std::string> line{"sandbox", "up"};
        for (const QString& word : words)
            line.push_back(word.toStdString());
        Parsed parsed = parseCommandLine(line, world.env);
        if (arguments.isEmpty()) {
            QCOMPARE(std::get<int>(parsed), 2);
            QVERIFY2(
                world.err.str().find("error KF1008: " + words.front().toStdString()) != std::string::npos,
                world.err.str().c_str());
            return;
        }
        auto* verb = std::get_if<std::unique_ptr<Verb>>(&parsed);
        QVERIFY(verb != nullptr);
        (*verb)->start([](int) {});
        world.clock.advance(std::chrono::seconds{1});
        QCOMPARE(started, "--data " + QString::fromStdString(folder.string()) + " " + arguments);
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
        const std::filesystem::path folder = makeSandboxProgram(world);
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

    void aSandboxThatCannotBeStartedSaysWhatToDo_data() {
        QTest::addColumn<QString>("clusters");
        QTest::addColumn<bool>("runs");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("a name") << "Tokyo!" << false << 2
                                << QStringList{"error KF1008: \"Tokyo!\" cannot be the name of a cluster",
                                               "evidence: names are", "remedy:   kubefed sandbox up"};
        QTest::newRow("too many") << "101" << false << 2
                                  << QStringList{"error KF1008: a sandbox has from 1 to 100 clusters",
                                                 "evidence: --clusters 101 asks for 101",
                                                 "remedy:   kubefed sandbox up --clusters 3"};
        QTest::newRow("it runs") << "3" << true << 1
                                 << QStringList{"error KF1501: the sandbox runs already",
                                                "evidence: process 4711 has the folder",
                                                "kubefed sandbox down ends it"};
    }
    void aSandboxThatCannotBeStartedSaysWhatToDo() {
        QFETCH(const QString, clusters);
        QFETCH(const bool, runs);
        QFETCH(const int, exitCode);
        QFETCH(QStringList, words);
        CliWorld world;
        const std::filesystem::path folder = makeSandboxProgram(world);
        if (runs) {
            std::filesystem::create_directories(folder);
            std::ofstream(folder / "kubefed-sandbox.pid") << "4711\n";
            world.processes.running = true;
        }
        Parsed parsed = parseCommandLine({"sandbox", "up", "--clusters", clusters.toStdString(),
                                          "--kubeconfig", world.folder.filePath("none").toStdString()},
                                         world.env);
        std::optional<int> code;
        std::get<std::unique_ptr<Verb>>(parsed)->start([&](int ended) { code = ended; });
        world.clock.advance(std::chrono::seconds{1});
        QCOMPARE(code.value_or(-1), exitCode);
        QVERIFY(world.processes.calls.empty());
        words << "nothing was changed";
        for (const QString& each : words)
            QVERIFY2(world.err.str().find(each.toStdString()) != std::string::npos, world.err.str().c_str());
    }

    void wordsOfJoinReachItsOptions_data() {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QString>("said");
        QTest::addColumn<QString>("secret");
        const QString all = QStringLiteral("config");
        QTest::newRow("--kubeconfig") << QStringList{"--kubeconfig", all} << 0 << "tokyo joined in "
                                      << "tokyo-credentials";
        QTest::newRow("--kubeconfig, of which there is none")
            << QStringList{"--kubeconfig", "absent"} << 1 << "error KF1006:" << "";
        QTest::newRow("--secret-name")
            << QStringList{"--kubeconfig", all, "--secret-name", "mine"} << 0 << "tokyo joined in " << "mine";
        // The variable names a context that there is not.
        QTest::newRow("--host-cluster-context")
            << QStringList{"--kubeconfig", all, "--host-cluster-context", "prod"} << 0 << "tokyo joined in "
            << "tokyo-credentials";
        QTest::newRow("--context") << QStringList{"--kubeconfig", all, "--context", "prod"} << 0
                                   << "tokyo joined in " << "tokyo-credentials";
        QTest::newRow("--host-cluster-context, of which there is none")
            << QStringList{"--kubeconfig", all, "--host-cluster-context", "nowhere"} << 2
            << "there is no context \"nowhere\"" << "";
    }
    void wordsOfJoinReachItsOptions() {
        QFETCH(const QStringList, words);
        QFETCH(const int, exitCode);
        QFETCH(const QString, said);
        QFETCH(const QString, secret);
        makeWorld();
        becomesReady();
        std::vector<std::string> arguments{"join", "tokyo"};
        for (qsizetype i = 0; i < words.size(); ++i) {
            const bool isFile = i > 0 && words[i - 1] == "--kubeconfig";
            arguments.push_back((isFile ? w->folder.filePath(words[i]) : words[i]).toStdString());
            if (words[i].contains("context"))
                w->env.contextVariable = "elsewhere";
        }
        Parsed parsed = parseCommandLine(arguments, w->env);
        auto* verb = std::get_if<std::unique_ptr<Verb>>(&parsed);
        QVERIFY2(verb != nullptr, w->text().c_str());
        run(std::move(*verb));
        QVERIFY2(w->text().find(said.toStdString()) != std::string::npos, w->text().c_str());
        QCOMPARE(w->exitCode.value_or(-1), exitCode);
        const std::string secrets = "/api/v1/namespaces/kubefed-system/secrets/";
        if (secret.isEmpty()) {
            QVERIFY(w->federation.log.empty());
            return;
        }
        QVERIFY(w->federation.objects.contains(secrets + secret.toStdString()));
        const kube::Object member = memberCluster();
        QCOMPARE(std::string(kube::stringAt(member.document(), {"spec", "credentials", "secretRef", "name"})),
                 secret.toStdString());
    }
    void eachRequestIsShownIfAskedFor() {
        makeWorld();
        becomesReady();
        const std::string config = w->folder.filePath("config").toStdString();
        for (const bool isVerbose : {false, true}) {
            std::vector<std::string> arguments{"join", "tokyo", "--kubeconfig", config};
            if (isVerbose)
                arguments.emplace_back("-v");
            Parsed parsed = parseCommandLine(arguments, w->env);
            w->federation.log.clear();
            w->member.log.clear();
            w->err.str({});
            w->exitCode.reset();
            run(std::move(std::get<std::unique_ptr<Verb>>(parsed)));
            QCOMPARE(w->exitCode.value_or(-1), 0);
            for (const auto& [context, side] : {std::pair("prod", &w->federation), {"tokyo", &w->member}}) {
                QVERIFY(!side->log.empty());
                for (const std::string& request : side->log)
                    QCOMPARE(
                        w->text().find("   " + (context + (": " + request)) + " → ") != std::string::npos,
                        isVerbose);
            }
            QVERIFY2(w->text().find("t0ken") == std::string::npos, w->text().c_str());
        }
    }

    void theVersionIsThatOfTheProgramAlone() {
        CliWorld world;
        const Parsed parsed = parseCommandLine({"--version"}, world.env);
        QVERIFY(std::holds_alternative<std::unique_ptr<Verb>>(parsed));
    }
};

QTEST_GUILESS_MAIN(CommandsTest)
#include "commands_test.moc"
